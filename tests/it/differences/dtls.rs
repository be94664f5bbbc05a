//! DTLS, of which ncat has the client.

use super::Table;

pub(super) const DTLS: Table = &[
    (
        "has no DTLS listener",
        &[
            "dtls::certificates_are_verified_as_for_tls",
            "dtls::datagrams_go_both_ways",
            "dtls::nobody_takes_a_listener_without_proving_his_address",
            "dtls::the_answer_is_shown_after_the_end_of_stdin",
            "dtls::the_end_of_a_peer_is_told",
        ],
    ),
    (
        "its OpenSSL carries ALPN over DTLS, too, and it has no listener that could refuse a key",
        &["dtls::what_dtls_does_not_carry_is_2"],
    ),
    ("waits for ever for a DTLS handshake", &["dtls::a_peer_without_dtls_is_given_up"]),
    (
        "its OpenSSL talks to RSA servers, which rncat does when built for that",
        &["dtls::an_rsa_certificate_is_verified_or_named_as_the_trouble"],
    ),
];
