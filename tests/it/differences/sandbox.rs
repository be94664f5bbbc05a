//! The differences about what the program may do, which Ncat leaves alone.

use super::Table;

pub(super) const SANDBOX: Table = &[
    ("says nothing about who can run a command", &["exec::that_anybody_can_run_a_command_is_told_in_a_line"]),
    (
        "has no --user",
        &[
            "user::a_client_is_somebody_else_once_it_is_connected",
            "user::a_command_is_run_as_that_user",
            "user::a_key_that_only_root_can_read_is_read_before",
            "user::a_listener_at_a_port_of_roots_serves_as_somebody_else",
            "user::only_root_can_become_somebody",
            "user::the_mock_servers_own_mailbox_is_handed_over",
            "user::who_is_nobody_is_2_before_anything_is_opened",
        ],
    ),
    (
        "has no sandbox",
        &[
            "sandbox::a_client_is_in_it_when_its_connection_stands_before_it_hears_anything",
            "sandbox::a_command_is_not_in_it",
            "sandbox::a_dialogue_says_a_file_that_another_has_replaced",
            "sandbox::a_link_out_of_the_folder_of_transcripts_is_not_followed",
            "sandbox::a_listener_is_in_it_as_soon_as_it_listens_and_goes_on_serving",
            "sandbox::no_sandbox_leaves_all_rights",
            "sandbox::what_a_mode_still_needs_is_told",
            "sandbox::what_only_looks_whether_somebody_listens_needs_none",
        ],
    ),
];
