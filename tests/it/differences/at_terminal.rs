//! The differences about what is shown at a terminal.

use super::Table;

pub(super) const AT_TERMINAL: Table = &[
    (
        "shows what comes as it comes, and has neither --color nor --raw",
        &[
            "at_terminal::*::each_kind_of_reply_has_its_colour",
            "at_terminal::a_listener_escapes_what_a_client_says_and_colours_nothing",
            "at_terminal::a_literal_of_imap_is_not_coloured",
            "at_terminal::a_mail_that_is_read_by_pop3_is_not_coloured",
            "at_terminal::a_server_cannot_steer_the_terminal",
            "at_terminal::after_starttls_it_goes_on",
            "at_terminal::always_colours_pipes_too_and_changes_nothing_else",
            "at_terminal::another_time_to_colour_is_2",
            "at_terminal::no_color_a_dumb_terminal_and_never_forbid_colours",
            "at_terminal::of_http_the_status_line_is_coloured",
            "at_terminal::raw_lets_everything_through",
            "at_terminal::what_has_come_is_shown_at_once_and_no_colour_is_left_behind",
            "at_terminal::what_pace_names_needs_no_greeting_and_skips_what_is_refused",
        ],
    ),
    ("has no --starttls", &["at_terminal::what_starttls_names_is_known_from_the_start"]),
    ("has no --transcript", &["at_terminal::a_password_typed_after_auth_login_is_not_in_the_transcript"]),
];
