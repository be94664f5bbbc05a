//! What surrounds a session: its terminal, its jobs, its files.

use super::Table;

pub(super) const NEIGHBOURS: Table = &[
    (
        "makes records as the umask says, and follows links in shared folders",
        &[
            "neighbours::in_a_shared_folder_another_users_file_is_not_recorded_to",
            "neighbours::in_a_shared_folder_no_link_is_recorded_to",
            "neighbours::what_is_recorded_is_for_its_owner_alone",
        ],
    ),
    ("stays at the terminal when the server has ended", &["neighbours::every_end_leaves_the_terminal_as_it_was"]),
    ("has no --transcript", &["neighbours::a_job_that_was_stopped_goes_on_where_it_was"]),
    (
        "ends when SIGUSR1 comes",
        &[
            "totals::a_crowd_is_told_of_in_fifty_lines",
            "totals::a_listener_tells_of_each_client",
            "totals::a_signal_asks_a_client_how_far_it_is_and_ends_nothing",
            "totals::what_has_gone_by_a_command_is_counted_too",
        ],
    ),
];
