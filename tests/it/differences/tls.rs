//! The differences about certificates, and about what the two sides of TLS agree on.

use super::Table;

pub(super) const TLS: Table = &[
    (
        "asks clients for no certificate",
        &[
            "tls_clients::a_client_without_a_trusted_certificate_is_refused",
            "tls_clients::a_trust_file_is_needed",
            "tls_clients::one_client_that_is_refused_does_not_end_the_others",
            "tls_clients::v_tells_of_the_clients_certificate",
        ],
    ),
    (
        "says nothing of a certificate without -v, and little with it",
        &[
            "interop::certificates_of_yesterday_work_with_a_warning",
            "tls_certificates::an_unknown_issuer_is_told",
            "tls_certificates::verify_refuses_a_self_signed_certificate",
            "tls_certificates::verify_refuses_an_expired_certificate",
            "tls_certificates::verify_refuses_an_unknown_issuer",
            "tls_stores::a_pipe_is_read_and_remembered",
            "tls_stores::a_place_that_is_of_no_use_is_told_of",
            "tls_stores::places_that_hold_others_are_not_found_fault_with",
        ],
    ),
    (
        "--ssl-trustfile implies --ssl-verify",
        &[
            "interop::openssl_says_that_a_certificate_expired",
            "tls_certificates::a_certificate_for_another_is_told_with_its_name",
            "tls_certificates::a_self_signed_certificate_is_told",
            "tls_certificates::an_expired_certificate_is_told_with_its_date",
            "tls_certificates::v_tells_of_the_certificate",
        ],
    ),
    ("finds no addresses in certificates", &["tls_certificates::an_address_is_found_in_a_certificate"]),
    (
        "a name that does not match is 2, after the handshake",
        &["tls_certificates::verify_refuses_a_certificate_for_another"],
    ),
    (
        "OpenSSL wants a certificate's true hash for its file's name",
        &[
            "tls_certificates::ssl_cert_dir_is_heeded",
            "tls_stores::a_folder_is_read_that_was_hashed_before_a_file_was_added",
            "tls_stores::a_folder_is_read_that_was_not_hashed",
            "tls_stores::of_several_places_one_is_enough",
        ],
    ),
    (
        "OpenSSL reads no further than a broken certificate",
        &["tls_stores::a_file_is_read_on_behind_a_certificate_that_is_broken"],
    ),
    (
        "OpenSSL tries one of those that have the same name",
        &["tls_stores::of_many_of_the_same_name_the_one_with_the_right_key_is_found"],
    ),
    (
        "wants --ssl-key with --ssl-cert",
        &[
            "tls_agreements::a_file_without_a_certificate_is_2",
            "tls_agreements::a_key_may_be_in_the_file_of_its_certificate",
            "tls_agreements::a_missing_certificate_file_is_2",
        ],
    ),
    ("has no ALPN in listen mode", &["tls_agreements::a_listener_chooses_a_protocol"]),
    ("-v says nothing of ALPN", &["tls_agreements::v_tells_the_protocol"]),
    (
        "knows no IANA names of ciphers, and does not tell which there are",
        &["tls_agreements::an_unknown_cipher_lists_what_exists", "tls_agreements::ciphers_have_iana_and_openssl_names"],
    ),
    ("ignores SSLKEYLOGFILE", &["tls_agreements::sslkeylogfile_is_heeded"]),
    (
        "has no post-quantum key exchange, with its OpenSSL 3.0",
        &["tls_agreements::tls_1_3_with_the_post_quantum_hybrid_comes_first"],
    ),
    (
        "stays when the server has refused it for want of a certificate",
        &["tls_agreements::a_client_without_the_certificate_that_is_asked_for_is_1"],
    ),
    (
        "does not recognise plain text, nor TLS",
        &[
            "keep_open::a_handshake_that_fails_ends_a_listener",
            "tls_faults::a_client_that_speaks_plain_text_is_recognised",
            "tls_faults::a_client_that_speaks_tls_is_recognised",
            "tls_faults::a_server_that_expects_tls_is_recognised",
            "tls_faults::a_server_that_speaks_plain_text_is_recognised",
            "words::remote_text_is_escaped",
        ],
    ),
    (
        "has few words for what goes wrong in a handshake",
        &[
            "hostile_handshakes::a_client_gives_up_a_server_that_stalls_anywhere_in_its_handshake",
            "hostile_tls::a_server_with_a_certificate_of_a_megabyte_is_1",
        ],
    ),
    (
        "does not tell what became of a peer that wanted a new handshake",
        &[
            "hostile_handshakes::a_client_that_wants_a_new_handshake_is_refused_it_and_holds_up_nobody",
            "hostile_handshakes::a_server_that_wants_a_new_handshake_is_refused_it_and_what_was_said_is_told",
        ],
    ),
    (
        "bears with a peer that takes new keys without end",
        &["hostile_tls::a_server_that_takes_new_keys_without_end_is_1"],
    ),
    (
        "does not tell a truncated stream from an end",
        &[
            "tls_faults::a_listener_tells_of_a_truncated_stream",
            "tls_faults::a_truncated_stream_is_1_under_verify",
            "tls_faults::a_truncated_stream_is_told_and_0",
        ],
    ),
];
