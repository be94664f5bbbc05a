//! The differences about mistakes: Ncat says less of what to try, or says it in other words.

use super::Table;

pub(super) const MISTAKES: Table = &[(
    "does not say what to try",
    &[
        "mistakes::nobody_listens_there",
        "mistakes::the_certificate_file_is_not_there",
        "mistakes::the_name_does_not_exist",
        "mistakes::the_name_is_looked_up_though_n_forbids_it",
        "mistakes::the_network_has_no_way_to_an_ipv6_address",
        "mistakes::the_port_comes_before_the_host",
        "mistakes::the_port_is_too_large",
        "mistakes::the_protocol_has_no_starttls",
        "mistakes::the_proxy_is_not_running",
        "mistakes::the_server_does_not_speak_tls",
        "mistakes::the_time_is_not_a_time",
        "mistakes::the_unix_socket_is_not_there",
    ],
)];
