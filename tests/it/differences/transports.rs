//! The differences about datagrams, Unix sockets and the other transports, and about who may come in.

use super::Table;

pub(super) const TRANSPORTS: Table = &[
    // Datagrams.
    (
        "leaves when stdin has ended, without the answer",
        &[
            "udp::a_client_shows_the_answer_and_leaves_after_half_a_second_of_quiet",
            "udp::an_answer_that_comes_in_pieces_is_awaited",
        ],
    ),
    ("takes an empty datagram for its peer's end", &["udp::a_session_is_recorded", "udp::an_empty_datagram_is_no_end"]),
    ("shows 8,192 bytes of a datagram", &["udp::the_largest_datagram_is_received_whole"]),
    (
        "has -k over datagrams for commands only",
        &[
            "udp_listeners::it_listens_on_both_families_with_one_port",
            "udp_listeners::with_k_a_peer_that_is_gone_touches_nobody",
            "udp_listeners::with_k_i_gives_a_silent_peer_up_and_it_may_come_again",
            "udp_listeners::with_k_many_are_heard_and_all_are_answered",
            "udp_listeners::with_k_stdin_waits_for_the_first_peer",
            "udp_listeners::with_k_there_may_be_a_limit",
            "udp_listeners::with_k_what_comes_faster_than_it_is_taken_is_counted",
            "unix_datagrams::with_k_a_datagram_peer_that_is_gone_touches_nobody",
            "unix_datagrams::with_k_a_datagram_peer_whose_queue_is_full_loses_nothing",
        ],
    ),
    ("its commands serve one peer at a time", &["udp_listeners::each_peer_has_a_command_of_its_own_at_once"]),
    (
        "has neither --broker nor --chat over datagrams",
        &[
            "udp_listeners::empty_datagrams_and_large_ones_are_passed_on_by_a_broker",
            "udp_listeners::the_largest_datagram_in_a_chat_touches_nobody",
            "unix_datagrams::boundaries_are_kept_and_empty_datagrams_passed_on",
        ],
    ),
    ("does not tell what was dropped", &["udp_listeners::what_comes_faster_than_it_is_taken_is_counted"]),
    ("hears no answers to a broadcast", &["udp_groups::a_broadcast_address_may_be_sent_to"]),
    (
        "answers from the address that the kernel likes best, and hears at that one only",
        &["udp_groups::a_listener_answers_from_the_address_that_was_asked"],
    ),
    ("joins no multicast group", &["udp_groups::a_multicast_group_is_joined_and_sent_to"]),
    // Unix sockets.
    (
        "leaves its socket's file behind, and is refused by one that was left",
        &[
            "unix_datagrams::a_datagram_listeners_file_is_replaced_when_stale_and_gone_when_it_has_left",
            "unix_sockets::a_stale_file_is_replaced",
            "unix_sockets::the_listeners_file_is_gone_when_a_signal_has_ended_it",
            "unix_sockets::the_listeners_file_is_gone_when_it_has_left",
        ],
    ),
    ("knows no abstract names", &["unix_sockets::an_abstract_name_leaves_no_file"]),
    ("has no TLS over Unix sockets", &["unix_sockets::tls_works_over_a_unix_socket"]),
    ("cannot receive what has no sender", &["unix_datagrams::a_datagram_without_a_sender_is_shown"]),
    ("has no name for a Unix client", &["unix_sockets::v_names_a_client_unnamed_socket"]),
    // Other transports, access, the rest.
    ("says of a kernel without SCTP what errno says", &["sctp::a_kernel_without_it_is_told_and_1"]),
    ("splits --allow at commas, so that octets have no lists", &["access::octets_may_be_ranges_and_lists"]),
    ("knows no comments in files of hosts", &["access::files_have_a_host_a_line_and_comments"]),
    ("wants -4 with -g", &["routes::they_imply_ipv4"]),
    ("goes on without a route that the system refuses", &["routes::a_pointer_points_to_a_hop"]),
    (
        "-z takes one port",
        &[
            "scan::a_list_is_1_if_no_port_is_open",
            "scan::a_list_over_udp_is_1_if_all_refuse",
            "scan::a_range_is_0_if_one_port_is_open",
            "scan::a_range_over_udp_is_0_if_one_port_does_not_refuse",
            "scan::v_tells_of_each_port",
            "scan::w_is_for_each_port",
        ],
    ),
    (
        "-t answers negotiation, past TLS, but keeps it in the output, and doubles nothing",
        &[
            "telnet::*::a_client_refuses",
            "telnet::*::a_listener_refuses",
            "telnet::a_255_is_doubled_both_ways",
            "telnet::a_subnegotiation_is_kept_out",
            "telnet::datagrams_stay_datagrams",
            "telnet::it_is_recorded_as_it_was_on_the_wire",
            "telnet::it_may_be_split_anywhere",
        ],
    ),
];
