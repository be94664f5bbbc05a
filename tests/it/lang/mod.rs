//! The small language the tests are written in: a listener, a client, what is sent, what arrives,
//! how it exits.
//!
//! [`netcat`] starts the program under test and gives a [`Session`]; a [`Peer`] is the other end,
//! played by the test itself on a real socket. What a newcomer would get wrong: nothing here
//! sleeps. Every wait is for an event and has one generous limit; when it passes, the test fails
//! with all that was seen. Only "nothing happens" has to look for a while: see [`A_WHILE`].

mod certificates;
mod datagrams;
mod job;
mod judge;
mod memory;
mod name_server;
mod netcat;
mod outside;
mod peer;
mod peer_listener;
mod scratch;
mod seen;
mod session;
mod stdio;
mod tls;

pub(crate) use certificates::{Identity, authority_pem};
pub(crate) use datagrams::Datagrams;
pub(crate) use judge::{it, skip, under_test};
pub(crate) use name_server::{NameServer, name_server, name_server_at};
pub(crate) use netcat::{Netcat, Target, connect, listen, netcat, program};
pub(crate) use outside::{bound_known_port, descriptors, free_port, full_backlog, ipv6, ready, starts_programs, tool};
pub(crate) use peer::{End, Halted, Message, Peer};
pub(crate) use peer_listener::PeerListener;
pub(crate) use scratch::Scratch;
pub(crate) use session::Session;
pub(crate) use stdio::{Stdin, Stdout};
pub(crate) use tls::{Tls, sha256};

use std::time::Duration;

/// How long a test looks before it believes that nothing happens.
pub(crate) const A_WHILE: Duration = Duration::from_millis(300);

/// Short for a number of milliseconds.
pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What the bytes travel over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Wire {
    /// TCP alone.
    Plain,
    /// TLS over TCP, with a certificate that the client is told to trust.
    Tls,
}

/// Makes one test over TCP and one over TLS of each function named.
macro_rules! over_tcp_and_tls {
    ($($behaviour:ident),* $(,)?) => {
        mod tcp {
            $(#[test]
            fn $behaviour() {
                crate::lang::it(|| super::$behaviour(crate::lang::Wire::Plain));
            })*
        }
        mod tls {
            $(#[test]
            fn $behaviour() {
                crate::lang::it(|| super::$behaviour(crate::lang::Wire::Tls));
            })*
        }
    };
}
pub(crate) use over_tcp_and_tls;

/// Bytes without a pattern, the same in every run: `seed` chooses them.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // xorshift64: enough to make a lost, doubled or swapped block visible.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Compares long byte strings without printing megabytes when they differ.
#[track_caller]
pub(crate) fn same_bytes(seen: &[u8], expected: &[u8]) {
    if seen == expected {
        return;
    }
    let at = seen.iter().zip(expected).take_while(|(a, b)| a == b).count();
    seen::fail(&format!(
        "{} bytes arrived where {} were sent; they differ from byte {at} on",
        seen.len(),
        expected.len()
    ));
}
