//! What Ncat does not do while nobody listens.

use super::Table;

pub(super) const RETRY: Table = &[(
    "has no --retry",
    &[
        "retry::a_name_that_stays_unknown_is_2_in_the_end",
        "retry::retry_connects_once_somebody_listens",
        "retry::retry_finds_a_unix_socket_that_comes_later",
        "retry::retry_gives_up_when_its_time_is_over",
        "retry::retry_waits_for_a_proxy",
        "retry::w_ends_each_attempt_of_retry",
        "retry::z_with_retry_waits_for_a_port",
    ],
)];
