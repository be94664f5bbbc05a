//! The differences about the servers to learn on, which are all one.

use super::Table;

pub(super) const MOCK: Table = &[(
    "has no --mock",
    &[
        "mock_both::a_mail_that_smtp_takes_is_read_by_pop3",
        "mock_both::what_comes_meanwhile_is_seen_by_the_next_session",
        "mock_pop3_server::*::a_mailbox_is_read_by_hand",
        "mock_pop3_server::*::the_session_file_is_played",
        "mock_pop3_server::a_client_may_be_hostile",
        "mock_pop3_server::a_large_mail_is_never_in_memory_as_a_whole",
        "mock_pop3_server::a_line_that_ends_with_lf_alone_is_explained",
        "mock_pop3_server::a_thousand_clients_read_ten_thousand_mails_at_once",
        "mock_pop3_server::all_may_be_said_at_once_and_the_half_close_comes_behind",
        "mock_pop3_server::our_own_client_asks_for_encryption",
        "mock_pop3_server::the_session_files_that_log_in_otherwise_are_played",
        "mock_pop3_server::two_sessions_may_delete_the_same",
        "mock_pop3_server::what_is_said_in_clear_behind_stls_is_not_taken_for_encrypted",
        "mock_pop3_server::who_breaks_off_has_deleted_nothing",
        "mock_pop3_server::who_half_closes_without_quit_has_deleted_nothing",
        "mock_pop3_server::who_is_silent_is_left_without_a_word_and_has_deleted_nothing",
        "mock_pop3_server::who_stops_reading_in_mid_mail_is_dropped_and_disturbs_nobody",
        "mock_pop3_server::without_a_folder_there_is_a_mail_to_read",
    ],
)];
