//! Where Ncat 7.93, as Debian has it, is known to do something else.
//!
//! A test named here must fail against another netcat, and one that is not must pass. A `*` stands
//! for `tcp` and for `tls`.

mod activation;
mod at_terminal;
mod dtls;
mod mail;
mod mistakes;
mod mock;
mod neighbours;
mod pace;
mod play;
mod proxies;
mod retry;
mod sandbox;
mod starttls;
mod times;
mod tls;
mod transcripts;
mod transports;

use crate::lang::it;

/// Why this test is expected to fail against another netcat, if it is.
pub(crate) fn reason(test: &str) -> Option<&'static str> {
    TABLES.into_iter().find_map(|table| find(table, test))
}

/// Why this test fails against another netcat at times, if it does.
pub(crate) fn reason_at_times(test: &str) -> Option<&'static str> {
    find(times::AT_TIMES, test)
}

type Table = &'static [(&'static str, &'static [&'static str])];

const TABLES: [Table; 17] = [
    DIFFERENCES,
    activation::ACTIVATION,
    at_terminal::AT_TERMINAL,
    dtls::DTLS,
    mail::MAIL,
    mistakes::MISTAKES,
    mock::MOCK,
    neighbours::NEIGHBOURS,
    pace::PACE,
    play::PLAY,
    proxies::PROXIES,
    retry::RETRY,
    sandbox::SANDBOX,
    starttls::STARTTLS,
    tls::TLS,
    transcripts::TRANSCRIPTS,
    transports::TRANSPORTS,
];

fn find(table: Table, test: &str) -> Option<&'static str> {
    let on_each_wire = test.replace("::tcp::", "::*::").replace("::tls::", "::*::");
    let lists = |names: &[&str]| names.contains(&test) || names.contains(&on_each_wire.as_str());
    table.iter().find(|(_, names)| lists(names)).map(|(reason, _)| *reason)
}

const DIFFERENCES: Table = &[
    (
        "leaves its socket's file behind when a signal ends it",
        &["unix_datagrams::a_clients_file_is_gone_when_a_signal_has_ended_it"],
    ),
    // Options that it does not have.
    (
        "has no --progress",
        &["totals::no_progress_takes_progress_back", "totals::progress_is_a_line_in_a_file_that_says_how_much"],
    ),
    (
        "has no -q",
        &[
            "broker::*::q_sees_everybody_off_after_its_time",
            "stdin_ends::*::a_negative_q_never_leaves",
            "stdin_ends::*::q_leaves_after_its_time",
            "stdin_ends::*::q_leaves_no_sooner_than_the_peer_ends",
            "stdin_ends::*::q_waits_for_nothing_when_it_is_0",
            "udp_listeners::a_listener_is_ended_by_q",
            "udp::a_negative_q_never_leaves",
            "udp::q_sets_the_time_of_quiet",
        ],
    ),
    ("has neither -q nor -N", &["options::habits_from_other_netcats_are_understood"]),
    ("has no -k in connect mode", &["peer_ends::*::k_in_connect_mode_stays_until_stdin_ends"]),
    (
        "has no --quiet",
        &[
            "tls_certificates::quiet_hides_the_warning",
            "words::*::quiet_hides_what_is_no_error",
            "words::quiet_does_not_hide_errors",
        ],
    ),
    (
        "has no --ssl-fingerprint, and prints SHA-1",
        &[
            "tls_certificates::a_fingerprint_may_have_colons",
            "tls_certificates::a_fingerprint_trusts_exactly_one_certificate",
            "tls_certificates::a_listener_without_a_certificate_makes_one_and_prints_its_fingerprint",
            "tls_certificates::a_printed_fingerprint_can_be_trusted",
        ],
    ),
    (
        "its help lists its own options, its version its own name",
        &[
            "options::help_is_on_stdout_and_0",
            "options::the_name_alone_says_how_to_begin",
            "options::the_version_is_on_stdout_and_0",
        ],
    ),
    // Addresses.
    (
        "does not take host and port in one word",
        &["addresses::an_ipv6_address_and_a_port_are_one_word", "addresses::host_and_port_are_one_word"],
    ),
    ("takes no service names", &["addresses::a_port_may_be_a_service_name"]),
    ("tries one address after the other", &["addresses::localhost_is_found_at_once_where_ipv6_drops_packets"]),
    ("ignores -p when it listens", &["addresses::the_port_to_listen_on_may_follow_p"]),
    (
        "does not tell which port the kernel chose, and chooses one for each family",
        &["addresses::a_listener_without_an_address_listens_on_both_families_with_one_port"],
    ),
    ("writes [::]:9000 without brackets", &["addresses::the_option_6_listens_on_ipv6_alone"]),
    ("does not switch keepalive on", &["addresses::keepalive_is_on"]),
    // Line ends.
    (
        "does not notice a protocol that wants CRLF",
        &[
            "line_ends::bare_lf_to_a_mail_port_suggests_c_once",
            "mock_smtp::a_mail_typed_at_a_terminal_arrives_and_quit_leaves",
            "typed_lines::a_greeting_is_evidence",
            "typed_lines::a_known_port_is_evidence",
            "typed_lines::a_typed_line_is_evidence_from_then_on",
            "typed_lines::a_typed_reply_is_evidence_when_playing_the_server",
            "typed_lines::no_crlf_forbids_it",
            "typed_lines::v_says_that_it_came_on",
        ],
    ),
    ("-d does not split lines that were read together", &["timers::a_delay_spaces_lines"]),
    // Ends.
    (
        "half-closes at once, whoever is at the other end",
        &[
            "conversations::a_mail_greeting_makes_one",
            "conversations::a_mail_port_makes_one",
            "conversations::little_over_tls_makes_one",
            "mock_smtp::a_mail_from_a_file_arrives_as_sent",
        ],
    ),
    (
        "half-closes when there was never anything to say",
        &[
            "stdin_ends::*::a_listener_with_a_closed_stdin_never_half_closes",
            "stdin_ends::*::a_listener_with_dev_null_never_half_closes",
        ],
    ),
    (
        "over TLS its half-close is a FIN without close_notify",
        &[
            "conversations::a_server_that_hangs_up_ends_it_earlier",
            "keep_open::tls::with_k_send_only_ends_with_stdin",
            "keep_open::tls::with_k_who_comes_after_stdins_end_gets_neither_data_nor_fin",
            "one_way::tls::send_only_half_closes_and_discards",
            "one_way::tls::send_only_leaves_when_the_kernel_has_delivered_all",
            "peer_ends::tls::a_stdin_that_ended_before_is_not_awaited",
            "peer_ends::tls::stdout_ends_and_sending_goes_on",
            "stdin_ends::tls::a_client_half_closes_and_goes_on_receiving",
            "stdin_ends::tls::a_client_with_dev_null_half_closes",
            "stdin_ends::tls::a_listener_half_closes_and_goes_on_receiving",
            "stdin_ends::tls::an_empty_file_half_closes",
            "stdin_ends::tls::an_empty_pipe_half_closes",
            "stdin_ends::tls::what_was_typed_before_the_connection_is_sent",
            "held_up::tls::lines_that_are_held_for_a_delay_outlive_the_peers_end",
            "tls_faults::close_notify_without_fin_is_an_end",
            "volume::tls::a_blocked_peer_holds_stdin_back",
            "volume::tls::a_client_is_exact_in_both_directions_at_once",
            "volume::tls::a_file_arrives_in_a_file",
        ],
    ),
    (
        "stays in connect mode until stdin ends",
        &[
            "peer_ends::*::a_client_at_a_terminal_leaves_at_once",
            "peer_ends::*::a_stdin_that_gave_some_is_awaited_5_seconds",
            "peer_ends::*::a_stdin_that_never_gave_a_byte_is_awaited_250_ms",
        ],
    ),
    (
        "a listener leaves when its client has half-closed",
        &[
            "commands_sockets::*::sort_answers_when_its_peer_has_half_closed",
            "exec::*::the_peers_end_is_the_commands_end_of_input",
            "lua::*::a_script_reads_and_writes_by_all_its_ways",
            "peer_ends::*::a_listener_ends_stdout_and_goes_on_sending",
        ],
    ),
    (
        "says of a reset what errno says, or nothing",
        &[
            "peer_ends::*::a_reset_after_an_orderly_end_is_0",
            "peer_ends::*::a_reset_is_1",
            "peer_ends::*::a_reset_tells_how_much_was_not_delivered",
        ],
    ),
    (
        "a broken stdout ends it with 2, what stdin has left unsent",
        &[
            "stdout_ends::*::with_k_the_clients_of_a_listener_whose_reader_is_gone_are_served",
            "stdout_ends::*::a_listener_whose_reader_is_gone_is_no_error",
            "stdout_ends::*::a_reader_that_goes_later_is_no_error",
            "stdout_ends::*::without_a_reader_what_stdin_has_is_still_sent",
        ],
    ),
    (
        "takes the socket for a stdout that is closed",
        &[
            "stdout_ends::*::a_closed_stdout_is_as_good_as_dev_null",
            "streams::with_everything_closed_it_still_connects",
        ],
    ),
    ("-i ends a listener with 2", &["timers::*::an_idle_listener_is_1", "udp_listeners::a_listener_is_ended_by_i"]),
    ("-i ends every client when one is busy", &["keep_open::*::with_k_an_idle_client_touches_nobody_else"]),
    (
        "one client that does not read holds all others up",
        &[
            "held_up::*::a_client_that_waits_for_another_is_not_idle",
            "keep_open::a_client_that_does_not_read_holds_only_stdin_up",
        ],
    ),
    (
        "a command that cannot be run is 0",
        &[
            "commands_ends::*::the_client_of_a_command_that_cannot_be_run_gets_an_orderly_end",
            "exec::a_command_that_cannot_be_run_is_2_in_connect_mode",
        ],
    ),
    (
        "does not tell how a command's peer ended, and is 0",
        &[
            "commands_ends::*::a_reset_after_the_command_tells_how_much_was_not_delivered",
            "commands_ends::*::a_reset_is_1_though_the_command_is_silent",
            "commands_ends::*::a_reset_tells_how_much_of_the_command_was_not_delivered",
            "commands_ends::a_truncated_stream_is_1_under_verify_for_a_command_too",
        ],
    ),
    (
        "leaves commands to themselves when it ends",
        &[
            "commands_sockets::*::a_command_that_ignores_sighup_gets_sigterm",
            "commands_sockets::*::at_the_programs_end_commands_get_sighup",
            "commands_sockets::a_command_is_signalled_when_its_peer_has_ended_the_program",
        ],
    ),
    (
        "its commands have descriptors and a signal mask that are not theirs",
        &[
            "commands_sockets::*::only_three_descriptors_reach_a_command",
            "commands_sockets::*::what_no_longer_has_the_connection_does_not_keep_it",
            "commands_sockets::signals_reach_a_command_as_they_do_any_program",
        ],
    ),
    (
        "does not count, and so does not tell that it could not",
        &["commands_sockets::a_command_has_the_socket_itself_and_it_blocks"],
    ),
    (
        "has Lua 5.3, whose output waits, and ends where a script does not compile",
        &[
            "lua::*::a_script_is_heard_before_it_ends_a_line",
            "lua::*::a_script_that_fails_tells_where_and_what_it_wrote_arrives",
            "lua::a_listener_tells_of_each_client_what_is_wrong_with_the_script",
            "lua::writing_to_a_peer_that_has_left_ends_a_script",
        ],
    ),
    ("ignores -i when it runs a command", &["held_up::*::a_command_that_waits_for_its_peer_is_idle"]),
    ("-i does not tell what was not delivered", &["held_up::*::the_client_that_takes_nothing_is_idle"]),
    ("-d delays the first line, too", &["held_up::lines_that_are_held_when_the_peer_resets_are_counted"]),
    ("a full stdout holds stdin up, too", &["held_up::*::a_server_that_waits_for_our_stdout_has_not_said_all"]),
    (
        "a denied client ends a listener without -k",
        &[
            "access::*::who_is_denied_gets_an_end_and_who_is_not_is_served",
            "access::*::who_is_not_allowed_is_denied",
            "keep_open::*::m_0_without_k_takes_nobody",
        ],
    ),
    ("a stdin that cannot be read is 1", &["failures::a_stdin_that_cannot_be_read_is_2"]),
    (
        "does not end a stdout that is stdin's socket, too",
        &["streams::one_socket_serves_as_both_and_hears_of_the_peers_end"],
    ),
    (
        "lets ten clients wait to be accepted, and keeps to the limit of descriptors that it was given",
        &[
            "crowds::a_broker_without_a_descriptor_left_serves_those_it_has",
            "crowds::ten_thousand_clients_of_a_listener_are_heard_once_and_hear_stdin",
            "crowds::three_thousand_clients_of_a_broker_hear_each_other_once",
            "crowds::three_thousand_clients_of_a_listener_are_heard_once_and_hear_stdin",
            "crowds::what_one_of_a_thousand_does_not_take_is_kept_once_for_all",
            "few_descriptors::a_broker_serves_again_when_others_have_left",
            "few_descriptors::a_proxy_server_serves_again_when_others_have_left",
            "few_descriptors::a_server_that_runs_commands_at_pipes_serves_again_when_others_have_left",
            "few_descriptors::a_server_that_runs_commands_serves_again_when_others_have_left",
            "limits::a_thousand_clients_are_heard",
            "limits::who_finds_no_descriptor_left_waits_for_one",
        ],
    ),
    (
        "waits for whoever reads its stderr, and counts no lines",
        &[
            "stderr_ends::a_stderr_that_nobody_reads_stops_no_client",
            "stderr_ends::what_was_not_shown_is_counted_and_told_when_stderr_is_read_again",
        ],
    ),
    ("never ends a TLS connection after a client's command", &["exec::tls::a_client_runs_a_command_for_its_server"]),
    // --broker and --chat.
    (
        "has no --broker over UDP and Unix sockets",
        &[
            "broker_families::clients_of_a_unix_socket_meet",
            "broker_families::clients_over_udp_hear_each_others_datagrams",
            "broker_families::the_hosts_end_is_no_datagram",
            "broker_families::who_is_gone_over_udp_disturbs_nobody",
            "chat::the_largest_datagram_harms_nobody",
        ],
    ),
    ("-i ends no client of a broker alone", &["broker::*::an_idle_client_goes_alone"]),
    (
        "never shows the host what is said",
        &["broker::*::a_terminal_shows_what_is_said", "chat::*::a_terminal_shows_the_conversation"],
    ),
    ("a broker with --recv-only reads stdin", &["broker::*::recv_only_leaves_stdin_alone"]),
    (
        "a broker with --send-only stays when stdin has ended",
        &["broker::*::send_only_hears_nobody_and_leaves_after_stdin"],
    ),
    (
        "has no --stall-timeout",
        &[
            "stalls::*::a_broker_drops_who_takes_nothing",
            "stalls::*::a_listener_drops_who_takes_nothing",
            "stalls::*::several_are_dropped_at_the_same_time",
            "stalls::*::who_has_half_closed_and_takes_nothing_is_dropped",
            "stalls::*::who_takes_enough_is_borne_with",
            "stalls::announcements_do_not_pile_up_for_who_takes_nothing",
            "stalls::who_stops_the_hosts_terminal_stops_nobody_else",
        ],
    ),
    ("--chat does not imply -l", &["chat::it_implies_l_and_k"]),
    ("its announcements leave the port out", &["chat::*::all_hear_of_who_comes_the_newcomer_included"]),
    ("gives a newcomer the number of who has gone", &["chat::*::all_who_stay_hear_of_who_goes"]),
    (
        "marks what it reads, not lines",
        &[
            "chat::*::each_line_tells_who_said_it",
            "chat::announcements_begin_a_line",
            "chat::nobody_speaks_in_the_name_of_another",
        ],
    ),
    ("shows all but ASCII in octal", &["chat::letters_of_all_languages_are_kept"]),
    // Words.
    ("tells no totals when it listens", &["words::with_k_a_client_that_leaves_is_no_news_to_an_open_stdin"]),
    (
        "-vv tells what its libraries do, in their words",
        &["words::every_message_is_one_line_whatever_the_command", "words::vv_tells_of_each_half_close_once"],
    ),
    ("names no address that refused", &["failures::a_failed_connection_names_each_address"]),
    ("does not name a file that cannot be written", &["failures::a_file_that_cannot_be_written_is_2"]),
    ("takes what is no number for a number", &["failures::what_is_no_number_is_2"]),
    ("takes both --send-only and --recv-only", &["failures::only_sending_and_only_receiving_is_2"]),
    (
        "an unknown option is told in two lines, an ambiguous one not at all",
        &["failures::every_message_begins_with_the_name_of_the_program", "options::an_ambiguous_abbreviation_is_2"],
    ),
    ("its warning does not name -m", &["keep_open::m_without_k_is_only_a_warning"]),
];

#[test]
fn every_difference_is_a_test() {
    it(|| {
        let own = std::env::current_exe().unwrap();
        let output = std::process::Command::new(own).args(["--list", "--format", "terse"]).output();
        let list = String::from_utf8(output.unwrap().stdout).unwrap();
        let tests: Vec<_> = list.lines().filter_map(|line| line.strip_suffix(": test")).collect();
        for name in TABLES.into_iter().chain([times::AT_TIMES]).flatten().flat_map(|(_, names)| *names) {
            for wire in ["::tcp::", "::tls::"] {
                assert!(tests.contains(&name.replace("::*::", wire).as_str()), "{name} is no test");
            }
        }
    });
}
