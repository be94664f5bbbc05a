//! rncat joins stdin and stdout, a command, or other peers to a peer over TCP, TLS, UDP, DTLS, Unix
//! or vsock sockets, and turns the line ends that a person types into CRLF. This page says how, and
//! which file to change.
//!
//! # The life of a byte
//!
//! ```text
//! stdin  ─▶ pump ─[filters]─▶ outbox ─▶ endpoint( pace( telnet( tap( tls( socket ) ) ) ) )
//! stdout ◀─ outbox ◀─[filters]─ pump ◀─ endpoint( …the same one… )
//! ```
//!
//! One thread waits for events in the [`reactor`]. An event has a token, and the token belongs to
//! one connection from its first packet to its last. The [`engine`] hands it to whoever looks
//! after that connection now:
//!
//! 1. The [entrance](opening::entrance) makes connections: names are [resolved](opening::resolve), or
//!    a domain's [mail exchangers](opening::exchangers) found, and addresses [dialled](opening::dial) in
//!    connect mode; clients are let in at the [gate](opening::gate) in listen mode, if [access
//!    lists](access) admit them.
//! 2. Its [stages](opening::Stage) make a peer of it: [proxies](opening::proxy) are asked to connect
//!    on, one after the other, then a server that begins in clear is [asked to
//!    encrypt](opening::starttls), then comes the [TLS](opening::tls) or [DTLS](opening::dtls)
//!    handshake. Each leaves to the next what it has read too far ahead. What becomes encrypted in
//!    mid-session goes through the same stage, inside [a layer](opening::upgrade).
//! 3. The [wiring] of the mode says who is joined to whom: [stdin and stdout](wiring::console),
//!    [a command](wiring::exec), [a dialogue in a file](wiring::play), a mock server, [every other
//!    peer](wiring::broker), [whomever it asks for](wiring::proxy), or [nobody](wiring::probe).
//! 4. The [relay] moves the bytes, by three rules that hold for every mode:
//!
//!    * What must talk back is a layer inside the endpoint (a [`stream`] around a stream); what
//!      only changes bytes one way is a [`filter`] on a pump.
//!    * Bytes wait in one place, the outbox of the sink they go to. A pump reads only while it has
//!      a sink and every sink it feeds has room. That is all the back-pressure there is, and it
//!      bounds memory for every mode at once. What is said in a room of thousands is gathered
//!      for the length of a round, and waits as one piece for all. A sink that stalls is told of,
//!      so that it can be dropped; on a socket that many UDP peers share, what finds no room is dropped and counted.
//!    * A sink half-closes when the last pump that fed it has come to its source's end and its
//!      outbox is empty. One that was never fed does not, and a wiring may hold a sink open.
//!
//! 5. There is one way to leave: a connection that anything was said on is [closed
//!    lingering](relay::Relay::close), because a reset destroys what is still on its way. (One
//!    client too many is closed at once, and a full disk under stdout ends everything.)
//!
//! How a session ends is not decided where bytes are moved but in one table without I/O,
//! [`wiring::ends`], which the man page publishes; what is then said, and with which exit status,
//! in [`wiring::departure`]. In connect mode the half-close is its decision
//! (it may have to wait until a mail server has been silent); elsewhere it is the third rule's.
//!
//! # Where to change what
//!
//! | to change | look at |
//! |---|---|
//! | an option, its help, what may be combined | [`cli`] (args → config; the man page is made from it) |
//! | what counts as a text protocol | [`ports`], [`proto::evidence`] |
//! | what happens to bytes on their way | [`filter`]: one file each |
//! | what is shown at a terminal: colours, escapes | [`filter::colour`], [`filter::escape`] |
//! | what is recorded | [`tap`]: one file a format |
//! | what waits for replies before it is sent | [`stream::paced`] |
//! | when a reply is complete, and what it means | [`proto::reply`]: one file a protocol, and a row in [`proto::reply::PROTOCOLS`] |
//! | how encryption is asked for | [`proto::starttls`]: one file a protocol, and a row in [`proto::starttls::PROTOCOLS`] |
//! | when a session in clear becomes encrypted | [`proto::starttls::watch`] (what is said), [`opening::upgrade`] (what is done) |
//! | the notation of dialogues | [`dialogue`] |
//! | what carries bytes | [`transport`]: one file each, and a row in [`transport::TRANSPORTS`] |
//! | sockets that were there before us, readiness | [`transport::inherited`], [`ready`] |
//! | how a connection is opened | [`opening`]: a stage is one file |
//! | how a domain's mail server is found | [`proto::dns`] (whom to ask what), [`opening::questions`] (the sockets), [`opening::exchangers`] (who is dialled) |
//! | who may come in | [`access`] |
//! | who we are to a proxy, and where that is read | [`credentials`] |
//! | what a proxy is asked, and asks | [`proto::proxy`]: one file each, and a row in [`proto::proxy::PROXIES`]; [`proto::auth`] |
//! | what a proxy server serves | [`wiring::proxy`]: one file each, and a row in [`wiring::proxy::SERVICES`]; [`proto::http`] |
//! | who talks to whom | [`wiring`]: one file a mode |
//! | the servers to learn on | `mock`: one file (or folder) each, and a row in `mock::SERVICES` |
//! | when a session ends | [`wiring::ends`] |
//! | certificates, ciphers, keys | [`tls`] (settings), [`stream::tls`], [`stream::dtls`] (the layers) |
//! | what a session may still do when it has begun | [`sandbox`]: what a new option needs, in [`sandbox::needs`]; [`user`] |
//! | what time it is | [`clock`]: nobody else asks the system; tests of hours are in `simulation` |
//! | what is said on stderr | [`report`] (how), [`error`] (exit status) |
//!
//! Imports point one way: the engine knows wirings and openings, those know the relay, the relay
//! knows streams, and transports are streams. Filters, taps and protocols know none of them; like
//! all, they may [`report`], and read what was asked for ([`cli::config`], plain data). A dialogue and a mock server
//! know of openings the [`Handle`](opening::upgrade::Handle) alone by which they ask for encryption.
//!
//! # What a newcomer gets wrong
//!
//! Events are edge-triggered: whoever stops before a stream said *blocked* must come back by
//! itself; and where a reply makes writing possible, no event tells of it
//! ([`stream::Stream::is_coupled`]). Descriptors 0, 1 and 2 are shared with other processes and
//! are never made non-blocking ([`transport::descriptor`]). And there is one exception to the
//! single thread: getaddrinfo(3) runs on a helper, so that `-w` bounds it.

pub mod access;
pub mod cli;
pub mod clock;
pub mod credentials;
pub mod dialogue;
pub mod engine;
pub mod error;
pub mod filter;
pub mod fingerprint;
pub mod lua;
#[cfg(feature = "mock")]
pub mod mock;
pub mod opening;
pub mod ports;
mod progress;
pub mod proto;
pub mod reactor;
pub mod ready;
pub mod relay;
pub mod report;
pub mod sandbox;
pub mod signals;
#[cfg(test)]
mod simulation;
pub mod stream;
mod sys;
pub mod tap;
pub mod tls;
pub mod transport;
pub mod user;
pub mod wiring;
