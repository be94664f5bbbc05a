//! What is fuzzed: one file a target, one row each in [`TARGETS`].
//!
//! A target takes any bytes, makes of them what a peer (or the file of a user) may say, and panics where something
//! holds no more that has to hold always. A newcomer's trap: "nothing panics" finds little; say what has to come out.

mod access;
mod auth;
#[cfg(feature = "dtls")]
mod certificate;
mod chat;
mod common;
mod dialogue;
mod dns;
#[cfg(feature = "dtls")]
mod dtls;
#[cfg(feature = "dtls")]
mod dtls_session;
mod escape;
mod http_proxy;
mod http_reply;
mod line_ends;
#[cfg(feature = "mock")]
mod mock;
mod pem;
mod reply;
mod screen;
mod socks_client;
mod socks_server;
mod starttls;
mod telnet;
mod watch;

/// Something that is fuzzed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    /// As its binary and the folder of its corpus are called.
    pub(crate) name: &'static str,
    /// Does it with one input.
    pub(crate) run: fn(&[u8]),
    /// How much one input costs, roughly: the stable runner does so many times fewer rounds.
    pub(crate) cost: u64,
}

/// All of them.
pub(crate) const TARGETS: &[Target] = &[
    Target { name: "access", run: access::run, cost: 1 },
    Target { name: "auth", run: auth::run, cost: 1 },
    #[cfg(feature = "dtls")]
    Target { name: "certificate", run: certificate::run, cost: 2 },
    Target { name: "chat", run: chat::run, cost: 1 },
    Target { name: "dialogue", run: dialogue::run, cost: 2 },
    Target { name: "dns", run: dns::run, cost: 1 },
    #[cfg(feature = "dtls")]
    Target { name: "dtls", run: dtls::run, cost: 2 },
    #[cfg(feature = "dtls")]
    Target { name: "dtls_session", run: dtls_session::run, cost: 8 },
    Target { name: "escape", run: escape::run, cost: 2 },
    Target { name: "http_proxy", run: http_proxy::run, cost: 1 },
    Target { name: "http_reply", run: http_reply::run, cost: 1 },
    Target { name: "line_ends", run: line_ends::run, cost: 1 },
    #[cfg(feature = "mock")]
    Target { name: "mock_http", run: mock::http, cost: 2 },
    #[cfg(feature = "mock")]
    Target { name: "mock_pop3", run: mock::pop3, cost: 2 },
    #[cfg(feature = "mock")]
    Target { name: "mock_smtp", run: mock::smtp, cost: 2 },
    Target { name: "pem", run: pem::run, cost: 2 },
    Target { name: "reply", run: reply::run, cost: 1 },
    Target { name: "screen", run: screen::run, cost: 1 },
    Target { name: "socks_client", run: socks_client::run, cost: 1 },
    Target { name: "socks_server", run: socks_server::run, cost: 1 },
    Target { name: "starttls", run: starttls::run, cost: 1 },
    Target { name: "telnet", run: telnet::run, cost: 1 },
    Target { name: "watch", run: watch::run, cost: 1 },
];
