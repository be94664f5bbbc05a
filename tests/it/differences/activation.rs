//! What Ncat does not do with sockets that were there before it.

use super::Table;

pub(super) const ACTIVATION: Table = &[(
    "knows neither systemd nor inetd, and listens at a socket of its own",
    &[
        "activation::a_client_of_inetd_hears_what_the_command_or_the_server_says_and_nothing_else",
        "activation::a_client_that_came_before_is_met_with_tls",
        "activation::a_client_that_came_before_may_be_kept_out",
        "activation::a_client_that_systemd_accepted_is_served_and_no_other",
        "activation::a_manager_that_cannot_be_told_is_no_failure",
        "activation::an_address_and_systemds_socket_are_2",
        "activation::commands_are_not_told_of_systemds_sockets",
        "activation::many_come_through_systemds_socket",
        "activation::systemds_listening_socket_is_listened_at",
        "activation::systemds_unix_socket_is_one_without_u",
        "activation::the_service_manager_is_told_when_clients_may_come",
    ],
)];
