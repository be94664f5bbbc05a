//! The black-box suite: the real program on real sockets.
//!
//! Each module is a topic of the manual, written in the small language of [`lang`]. With
//! `RNCAT_UNDER_TEST=/usr/bin/ncat` the same tests judge another netcat; [`differences`] lists
//! what it is known to do differently, and fails when that list is no longer true.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod access;
mod addresses;
mod at_terminal;
mod broker;
mod broker_families;
mod chat;
mod commands_ends;
mod commands_sockets;
mod conversations;
mod crowds;
mod differences;
mod dtls;
mod exec;
mod failures;
mod held_up;
mod interop;
mod keep_open;
mod lang;
mod limits;
mod line_ends;
mod lua;

mod mock_both;
mod mock_http_server;
mod mock_pop3_server;
mod mock_smtp;
mod one_way;
mod options;
mod pace;
mod pace_fail;
mod pace_protocols;
mod peer_ends;
mod play;
mod play_both;
mod play_server;
mod play_starttls;
mod proxy_auth;
mod proxy_chain;
mod proxy_client;
mod proxy_hostile;
mod proxy_http_bodies;
mod proxy_http_faults;
mod proxy_http_refusals;
mod proxy_http_server;
mod proxy_smuggling;
mod proxy_socks_client;
mod proxy_socks_server;
mod proxy_tools;
mod records;
mod routes;
mod scan;
mod sctp;
mod stalls;
mod starttls;
mod starttls_faults;
mod starttls_offered;
mod starttls_played;
mod starttls_refused;
mod starttls_typed;
mod stdin_ends;
mod stdout_ends;
mod streams;
mod telnet;
mod timers;
mod tls_agreements;
mod tls_certificates;
mod tls_faults;
mod transcripts;
mod transcripts_files;
mod typed_lines;
mod udp;
mod udp_groups;
mod udp_listeners;
mod unix_datagrams;
mod unix_sockets;
mod volume;
mod vsock;
mod words;
