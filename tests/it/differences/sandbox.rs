//! The differences about what the program may do, which Ncat leaves alone.

use super::Table;

pub(super) const SANDBOX: Table = &[(
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
)];
