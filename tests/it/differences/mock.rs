//! The differences about servers to learn on, which are all one.

use super::Table;

pub(super) const MOCK: Table = &[(
    "has no --mock",
    &[
        "mock_http_server::*::a_request_typed_by_hand_comes_back",
        "mock_http_server::*::ten_requests_at_once_are_answered_in_order",
        "mock_http_server::*::who_sends_all_before_reading_gets_all_back",
        "mock_http_server::*::who_breaks_off_is_forgotten",
        "mock_http_server::head_is_answered_without_a_body",
        "mock_http_server::who_says_close_or_speaks_http_1_0_is_closed",
        "mock_http_server::who_waits_for_100_is_told_to_go_on",
        "mock_http_server::a_request_may_come_byte_by_byte",
        "mock_http_server::lines_that_end_with_lf_alone_are_taken_and_told_of",
        "mock_http_server::what_is_wrong_is_answered_and_the_connection_closed",
        "mock_http_server::garbage_and_endless_lines_cost_little",
        "mock_http_server::who_asks_and_never_reads_costs_little_and_is_dropped",
        "mock_http_server::who_leaves_within_a_request_is_told_what_is_missing",
        "mock_http_server::who_keeps_silent_is_closed_and_told_so_within_a_request",
        "mock_http_server::a_thousand_clients_at_once_are_served_and_cost_little_when_idle",
        "mock_http_server::a_dialogue_is_played_with_it",
    ],
)];
