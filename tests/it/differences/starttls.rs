//! The differences about connections that begin in clear.

use super::Table;

pub(super) const STARTTLS: Table = &[(
    "has no --starttls",
    &[
        "starttls::a_certificate_for_another_is_warned_of",
        "starttls::a_command_speaks_when_all_is_encrypted",
        "starttls::a_database_is_asked_and_does_not_answer_but_in_tls",
        "starttls::a_directory_is_asked_in_ber",
        "starttls::a_greeting_may_come_with_the_answer_of_a_proxy",
        "starttls::a_mail_server_is_asked_and_the_session_is_encrypted",
        "starttls::a_probe_tells_whether_it_can_be_encrypted",
        "starttls::a_reply_that_comes_byte_by_byte_is_the_same",
        "starttls::a_stream_of_xmpp_is_for_the_name_that_the_certificate_is_checked_for",
        "starttls::a_unix_socket_may_begin_in_clear",
        "starttls::v_shows_what_is_said_and_heard",
        "starttls::verify_refuses_a_certificate_for_another",
        "starttls::a_transcript_begins_with_the_opening_which_is_no_output",
        "starttls_refused::a_mailbox_that_is_open_already_is_1",
        "starttls_refused::a_refusal_is_quoted_and_1",
        "starttls_refused::a_server_that_answers_with_an_alert_is_recognised",
        "starttls_refused::a_server_that_does_not_offer_it_is_1",
        "starttls_refused::a_server_that_leaves_without_a_greeting_is_1_and_ssl_is_proposed",
        "starttls_refused::a_server_that_waits_for_tls_is_1_and_ssl_is_proposed",
        "starttls_refused::an_endless_reply_is_1",
        "starttls_refused::another_kind_of_server_is_recognised",
        "starttls_refused::bytes_in_clear_behind_the_agreement_are_1",
        "starttls_refused::the_server_that_a_proxy_leads_to_is_named",
        "starttls_refused::what_a_database_says_in_clear_behind_its_greeting_is_1",
    ],
)];
