//! `--mock`: servers to learn on, which take every mail, deliver none, and say back what they hear.
//!
//! Each is a [`Session`]: the server's side of its protocol without sockets, one file (or folder) each and a
//! row in [`SERVICES`]. [`serving`] makes a stream of it, which [`wiring`] joins to a client. What they have in
//! common is in [`Shared`]: the [Maildir](maildir) and what is [shown](gallery) on stdout.
//!
//! A newcomer's trap: nobody else knows of this folder but the table of wirings and the command line; what a client
//! of rncat knows of the same protocols is in [`crate::proto`], and is another matter.

pub mod date;
pub mod excerpt;
pub mod gallery;
pub mod http;
pub mod lines;
pub mod maildir;
pub mod pop3;
pub mod sasl;
pub mod serving;
pub mod smtp;
pub mod wiring;

use crate::report::Report;
use gallery::Gallery;
use maildir::Maildir;
use std::{cell::RefCell, rc::Rc, time::Duration};

/// More or less so much of an answer is made ready at once, in bytes.
pub const READY: usize = 16 * 1024;

/// Begin requests to a web server: a page can make its browser say them to any other, with commands in them.
const WEB: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE"];

/// All servers that there are.
pub static SERVICES: &[&Service] = &[&smtp::SERVICE, &pop3::SERVICE, &http::SERVICE];

/// A server by name.
pub struct Service {
    /// As in `--mock NAME`.
    pub name: &'static str,
    /// What people call it, in messages.
    pub title: &'static str,
    /// Where it listens unless a port is given.
    pub port: u16,
    /// Whether it offers to encrypt what began in clear.
    pub starttls: bool,
    /// Whether it takes mails, or hands them out.
    pub mails: bool,
    /// Begins with a client.
    pub begin: fn(&Rc<Shared>, Client) -> Box<dyn Session>,
}

/// What a session is told of its client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its address, as it is written.
    pub name: String,
    /// Whether it talks TLS already.
    pub tls: bool,
    /// Whether it could, if it asks.
    pub may_encrypt: bool,
}

/// What all sessions have in common.
pub struct Shared {
    /// The mailbox.
    pub maildir: Maildir,
    /// What is to be shown on stdout.
    pub gallery: RefCell<Gallery>,
    /// stderr.
    pub report: Report,
}

/// The server's side of a session with one client, without I/O on its connection.
///
/// What it answers is added to `out`. It is called again only when that has been taken, but for
/// [`Session::hear`], which may be called while there is [not much of it](READY).
pub trait Session {
    /// The client has connected, and has said nothing.
    fn greet(&mut self, out: &mut Vec<u8>);

    /// The client says this, at least a byte. Takes a line of it, or a piece of a message, and answers; returns how
    /// many bytes it has taken, at least one.
    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize;

    /// Goes on with a long answer until there are [enough](READY) bytes or it is complete.
    fn go_on(&mut self, _out: &mut Vec<u8>) {}

    /// Whether TLS begins when what has been answered is sent; asked after each time it has [heard](Session::hear)
    /// something, and told so once.
    fn encrypts(&mut self) -> bool {
        false
    }

    /// The client has half-closed. The session [is over](Session::is_over) once this is answered.
    fn left(&mut self, out: &mut Vec<u8>);

    /// Nothing has passed for so long. The session is over once this is answered.
    fn silent(&mut self, time: Duration, out: &mut Vec<u8>);

    /// Whether nothing will be said any more besides what is in `out`.
    fn is_over(&self) -> bool;
}
