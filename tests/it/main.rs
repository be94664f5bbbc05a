//! The black-box suite: the real program on real sockets.
//!
//! Each module is a topic of the manual, written in the small language of [`lang`]. With
//! `RNCAT_UNDER_TEST=/usr/bin/ncat` the same tests judge another netcat; [`differences`] lists
//! what it is known to do differently, and fails when that list is no longer true.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod addresses;
mod broker;
mod chat;
mod commands_ends;
mod conversations;
mod differences;
mod exec;
mod failures;
mod held_up;
mod interop;
mod keep_open;
mod lang;
mod limits;
mod line_ends;
mod mock_smtp;
mod one_way;
mod options;
mod peer_ends;
mod records;
mod stalls;
mod stdin_ends;
mod stdout_ends;
mod streams;
mod timers;
mod tls_agreements;
mod tls_certificates;
mod tls_faults;
mod typed_lines;
mod volume;
mod words;
