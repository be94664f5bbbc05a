//! The differences about transcripts, which are all one.

use super::Table;

pub(super) const TRANSCRIPTS: Table = &[(
    "has no --transcript",
    &[
        "transcripts::*::a_client_is_c_and_its_server_s",
        "transcripts::*::a_commands_words_are_recorded",
        "transcripts::*::a_listener_is_s_and_its_client_c",
        "transcripts::*::the_first_lines_tell_who_is_connected_to_whom",
        "transcripts_files::a_dash_is_stderr",
        "transcripts_files::a_file_that_cannot_be_made_is_2_at_once",
        "transcripts_files::a_file_with_secrets_is_its_owners",
        "transcripts_files::a_full_disk_is_told_once_and_the_session_goes_on",
        "transcripts_files::a_line_without_an_end_is_written_when_a_signal_ends_the_session",
        "transcripts::a_password_typed_in_two_pieces_is_masked",
        "transcripts::a_proxys_client_is_recorded_without_its_credentials",
        "transcripts::a_socks_clients_password_is_masked",
        "transcripts_files::append_output_adds_to_it",
        "transcripts::bytes_that_are_no_text_are_written_in_hexadecimal",
        "transcripts::each_datagram_is_its_own",
        "transcripts::in_a_room_each_hears_the_others",
        "transcripts_files::o_and_a_transcript_go_together",
        "transcripts_files::on_stderr_it_is_told_which_client_speaks",
        "transcripts::passwords_of_pop3_and_imap_are_masked",
        "transcripts::prompts_and_other_ends_of_lines_are_written_out",
        "transcripts::the_exchange_of_smtps_auth_is_masked",
        "transcripts::timestamps_stand_before_each_line",
        "transcripts_files::two_records_in_one_file_are_2",
        "transcripts::who_connected_is_told_of_a_listener",
        "transcripts_files::with_k_a_full_disk_is_told_once_too",
        "transcripts_files::with_k_each_client_has_a_file_of_its_own",
        "transcripts_files::with_z_there_is_no_transcript",
    ],
)];
