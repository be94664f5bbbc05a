//! The differences about proxies; its HTTP proxy server answers one request, in HTTP/1.0, and closes.

use super::Table;

pub(super) const PROXIES: Table = &[
    ("takes a reset for an end in order", &["proxy_http_faults::a_reset_at_the_end_of_a_tunnel_is_no_end_in_order"]),
    // As a client.
    (
        "-w does not bound how long a proxy may take to answer",
        &["hostile_stalls::a_client_gives_up_a_proxy_that_stalls_at_any_byte"],
    ),
    (
        "takes only one --proxy",
        &[
            "proxy_chain::a_chain_is_made_again_for_one_that_demands_and_closes",
            "proxy_chain::a_chain_breaks_where_a_proxy_refuses",
            "proxy_chain::a_chain_may_have_a_kind_for_each",
            "proxy_chain::every_byte_passes_both_ways_at_once",
            "proxy_chain::two_of_a_kind_are_a_chain",
        ],
    ),
    (
        "always connects to a proxy again to log in, and once only",
        &[
            "proxy_auth::a_proxy_that_demands_credentials_gets_them_on_the_same_connection",
            "proxy_auth::a_proxy_that_demands_for_ever_is_1",
            "proxy_auth::a_proxy_that_resets_instead_is_connected_to_again",
            "proxy_auth::digest_is_preferred_and_right",
            "proxy_auth::the_environment_may_have_the_credentials",
            "proxy_auth::wrong_credentials_are_1",
        ],
    ),
    (
        "tells of a proxy's refusal only its number",
        &[
            "proxy_auth::a_demand_without_credentials_to_give_is_1",
            "proxy_client::a_refusal_is_1_and_tells_why",
            "proxy_tools::tinyproxy_leads_on",
        ],
    ),
    (
        "does not name the proxy that makes no sense",
        &[
            "proxy_hostile::a_socks4_answer_that_makes_no_sense_is_1",
            "proxy_hostile::a_socks5_answer_that_makes_no_sense_is_1",
            "proxy_hostile::an_http_answer_that_makes_no_sense_is_1",
        ],
    ),
    ("sends a proxy no Host", &["proxy_client::the_request_names_the_host"]),
    ("-w is not for what a proxy does not answer", &["proxy_client::w_covers_the_connection_and_the_dialogue"]),
    (
        "half-closes at once, through a proxy too",
        &["proxy_client::a_proxy_does_not_hear_of_stdins_end_before_the_answer"],
    ),
    ("what came with a proxy's answer does not reach a command", &["proxy_client::a_command_talks_through_the_proxy"]),
    (
        "a destination that a proxy cannot be asked for is 1, or is asked for all the same",
        &[
            "proxy_client::a_name_that_may_not_be_asked_for_is_2",
            "proxy_client::a_proxy_of_no_kind_is_2",
            "proxy_socks_client::a_login_that_does_not_fit_is_2",
            "proxy_socks_client::a_name_that_does_not_fit_is_2",
            "proxy_socks_client::socks4_knows_no_ipv6",
        ],
    ),
    ("takes the kinds of proxies in lower case only", &["proxy_socks_client::socks4_has_a_user"]),
    // As a server.
    (
        "is an HTTP proxy or none",
        &[
            "hostile_stalls::a_socks_server_serves_clients_that_stall_at_any_byte",
            "proxy_chain::a_command_is_joined_to_the_peer_through_a_proxy",
            "proxy_chain::a_peer_that_cannot_be_reached_is_1",
            "proxy_chain::each_kind_is_spoken_on_both_sides",
            "proxy_chain::the_name_in_the_certificate_is_the_peers",
            "proxy_chain::tls_reaches_through_to_the_peer",
            "proxy_chain::wrong_credentials_are_refused_by_each_kind",
            "proxy_chain::z_through_a_proxy_tells_whether_the_port_is_open",
            "proxy_socks_server::*::socks4_makes_a_tunnel",
            "proxy_socks_server::*::socks5_makes_a_tunnel",
            "proxy_socks_server::a_client_that_says_nothing_stops_nobody",
            "proxy_socks_server::a_name_without_end_is_refused",
            "proxy_socks_server::all_may_be_said_at_once_or_byte_by_byte",
            "proxy_socks_server::an_origin_that_refuses_is_told_of",
            "proxy_socks_server::bulk_passes_both_ways_at_once",
            "proxy_socks_server::either_end_ends_both",
            "proxy_socks_server::ipv6_addresses_are_reached_by_socks5",
            "proxy_socks_server::names_are_looked_up_here",
            "proxy_socks_server::nobody_is_led_back",
            "proxy_socks_server::the_user_has_to_be_known",
            "proxy_socks_server::what_cannot_be_done_is_refused",
            "proxy_socks_server::who_speaks_something_else_is_not_served",
            "proxy_tools::curl_speaks_socks",
            "proxy_tools::ncat_is_led_on",
        ],
    ),
    (
        "its proxy server answers one request for each connection",
        &[
            "proxy_auth::a_server_demands_credentials",
            "proxy_http_bodies::a_request_has_as_many_bytes_as_it_says",
            "proxy_http_bodies::a_response_has_as_many_bytes_as_it_says",
            "proxy_http_bodies::responses_without_a_body_have_none",
            "proxy_http_faults::a_client_that_floods_stops_nobody",
            "proxy_http_faults::an_origin_that_answers_nothing_usable_is_502",
            "proxy_http_faults::an_origin_that_stays_after_its_response_is_left",
            "proxy_http_server::a_path_may_be_missing_and_escapes_stay",
            "proxy_http_server::a_port_may_be_missing",
            "proxy_http_refusals::a_request_that_has_passed_before_is_refused",
            "proxy_http_refusals::an_answer_of_its_own_leaves_the_connection_open",
            "proxy_http_server::any_method_is_passed_on",
            "proxy_http_server::head_has_a_length_and_no_body",
            "proxy_http_server::hosts_are_written_in_many_ways",
            "proxy_http_refusals::max_forwards_ends_here",
            "proxy_http_server::one_connection_asks_two_origins_in_turn",
            "proxy_http_server::pipelined_requests_are_answered_in_order",
            "proxy_http_server::the_host_is_that_of_the_uri",
            "proxy_tools::curl_keeps_its_connection",
            "proxy_tools::curl_logs_in",
        ],
    ),
    (
        "its proxy server knows no chunks, and passes everything on as HTTP/1.0",
        &[
            "proxy_http_bodies::a_body_may_come_byte_by_byte",
            "proxy_http_bodies::chunks_pass_both_ways",
            "proxy_http_faults::a_response_that_is_cut_off_ends_the_connection",
            "proxy_http_server::http_1_0_has_one_request_for_each_connection",
            "proxy_smuggling::a_bad_chunk_ends_the_request",
            "proxy_smuggling::a_response_of_two_lengths_is_the_last",
            "proxy_smuggling::http_1_0_has_no_chunks",
            "proxy_smuggling::what_is_passed_on_is_in_order",
            "proxy_tools::curl_sends_and_gets_chunks",
        ],
    ),
    (
        "its proxy server does not listen to the origin before the request is whole",
        &[
            "proxy_http_bodies::a_body_may_be_held_back_until_it_is_asked_for",
            "proxy_http_bodies::an_answer_may_come_before_the_request_is_whole",
            "proxy_http_bodies::both_bodies_flow_at_once",
        ],
    ),
    (
        "its proxy server tells nobody when its origin has nothing usable to say",
        &[
            "proxy_http_faults::an_origin_that_resets_is_502",
            "proxy_http_faults::an_origin_that_never_comes_to_its_response_stops_nobody",
            "proxy_http_faults::an_origin_with_an_endless_header_is_502",
        ],
    ),
    ("its proxy server takes one side's end for the end of both", &["proxy_http_server::*::connect_makes_a_tunnel"]),
    (
        "its proxy server is not told when a client has gone",
        &[
            "proxy_http_faults::a_client_that_leaves_in_mid_body_is_told_to_the_origin",
            "proxy_http_faults::a_client_that_resets_while_it_waits_frees_the_origin",
            "proxy_http_faults::a_request_that_is_cut_off_is_400",
        ],
    ),
    ("an end before a request is 400", &["proxy_http_faults::an_end_before_a_request_is_no_fault"]),
    (
        "its proxy server heeds neither -i nor -m",
        &["proxy_http_faults::i_ends_an_exchange_that_stalls", "proxy_http_faults::m_limits_the_clients"],
    ),
    (
        "its proxy server does not tell whom it has denied",
        &["proxy_http_faults::those_who_are_not_allowed_are_not_served"],
    ),
    (
        "its proxy server removes but the fields of HTTP/1.0, and combines none",
        &[
            "proxy_http_server::fields_of_one_name_are_combined_in_order",
            "proxy_http_server::hop_by_hop_fields_are_removed",
        ],
    ),
    ("forgets the brackets in Host", &["proxy_http_server::ipv6_addresses_have_brackets"]),
    ("its proxy server connects to itself", &["proxy_http_refusals::a_proxy_on_every_address_is_led_back_by_none"]),
    ("a request line that is too long is 413", &["proxy_http_refusals::what_cannot_be_asked_for_is_refused"]),
    (
        "does not read credentials out of a file",
        &[
            "proxy_secrets::a_file_goes_before_the_environment",
            "proxy_secrets::a_file_says_who_may_use_a_proxy",
            "proxy_secrets::a_file_says_who_we_are",
            "proxy_secrets::a_file_that_all_may_read_is_warned_of",
            "proxy_secrets::a_file_that_says_nothing_of_use_is_2_and_is_not_shown",
            "proxy_secrets::what_a_client_of_socks_has_said_is_in_memory_no_more",
            "proxy_secrets::what_was_said_to_a_proxy_is_in_memory_no_more",
        ],
    ),
    ("offers Digest with MD5 only", &["proxy_auth::a_digest_is_good_once"]),
    (
        "does not look at NCAT_PROXY_AUTH closely",
        &["proxy_auth::credentials_in_the_environment_that_make_no_sense_are_2"],
    ),
    (
        "its proxy server passes on what two readers understand differently",
        &[
            "proxy_smuggling::a_body_of_two_lengths_is_refused",
            "proxy_smuggling::a_first_line_of_two_meanings_is_refused",
            "proxy_smuggling::a_transfer_coding_in_disguise_is_refused",
            "proxy_smuggling::connect_has_no_body",
            "proxy_smuggling::two_hosts_are_refused",
        ],
    ),
];
