//! The differences that show at times only: races that another netcat has with itself.

use super::Table;

/// Races in the other program: neither their loss nor their luck is news.
pub(super) const AT_TIMES: Table = &[
    (
        "-m does not count a command whose client is gone",
        &["commands_ends::a_command_whose_client_is_gone_still_counts_for_m"],
    ),
    (
        "has less patience with handshakes that are slow",
        &["hostile_handshakes::clients_that_stall_at_every_byte_of_their_handshake_hold_up_nobody"],
    ),
    ("-z does not wait for the TLS handshake", &["words::z_with_tls_shakes_hands"]),
    (
        "closes with input unread, and so resets what was on its way, if the input was there by then",
        &[
            "interop::openssl_receives_every_byte",
            "limits::awaiting_what_the_kernel_delivers_is_no_work_however_much_the_peer_says",
            "one_way::*::send_only_in_listen_mode",
            "one_way::*::send_only_loses_nothing_to_a_reset",
        ],
    ),
    (
        "leaves a listener's last bytes unsent, or not, when the client has half-closed",
        &[
            "commands_sockets::much_flows_both_ways_at_once_through_a_socket",
            "commands_sockets::much_flows_both_ways_at_once_through_pipes",
            "exec::*::bulk_goes_through_a_command",
            "volume::*::a_listener_is_exact_in_both_directions_at_once",
        ],
    ),
];
