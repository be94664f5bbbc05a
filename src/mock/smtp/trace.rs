//! What a server writes in front of a mail: who handed it in, for whom, when (RFC 5321, 4.4).
//!
//! A newcomer's trap: of the mail itself nothing is changed, not even a header that should not be there; and
//! `Received` is one line, however long, so that what comes behind it is easily found.

use super::Smtp;
use crate::mock::{Client, date};
use std::{
    net::{IpAddr, SocketAddr},
    time::SystemTime,
};

/// A line of headers has at most so many characters, if it can be folded (RFC 5322, 2.1.1).
const WIDTH: usize = 78;

/// `Envelope-To`, as it grows: whom RCPT has named. Exim writes this one, with a list; it shows who has got a mail
/// as Bcc, of whom the mail says nothing. It stands beside `Return-Path`, which RFC 5321 has for the sender.
#[derive(Debug, Default)]
pub(super) struct EnvelopeTo {
    column: usize,
}

impl EnvelopeTo {
    /// The text for one recipient more.
    pub(super) fn one_more(&mut self, address: &str) -> String {
        let glue = match self.column {
            0 => "Envelope-To: ",
            column if column + address.len() + 3 > WIDTH => ",\n ",
            _ => ", ",
        };
        self.column = match glue {
            ",\n " => 1,
            glue => self.column + glue.len(),
        };
        self.column += address.len();
        format!("{glue}{address}")
    }
}

/// `Received`, with its line end.
pub(super) fn received(session: &Smtp, utf8: bool) -> String {
    let hello = session.hello.as_ref().map_or("unknown", |hello| &hello.name);
    format!(
        "Received: from {hello}{} by {} (rncat) with {}; {}\n",
        address(&session.client),
        session.host,
        protocol(session, utf8),
        date::mail(SystemTime::now())
    )
}

/// How it was handed in (RFC 3848; RFC 6531, 4.3).
pub(super) fn protocol(session: &Smtp, utf8: bool) -> String {
    let extended = session.hello.as_ref().is_some_and(|hello| hello.extended);
    let sign = |is: bool, sign| if is { sign } else { "" };
    match (extended, utf8) {
        (false, _) => "SMTP".to_owned(),
        (true, utf8) => format!(
            "{}{}{}",
            if utf8 { "UTF8SMTP" } else { "ESMTP" },
            sign(session.client.tls, "S"),
            sign(session.user.is_some(), "A")
        ),
    }
}

/// Where from, if that has an IP address.
fn address(client: &Client) -> String {
    match client.name.parse::<SocketAddr>().map(|address| address.ip().to_canonical()) {
        Ok(IpAddr::V4(ip)) => format!(" ([{ip}])"),
        Ok(IpAddr::V6(ip)) => format!(" ([IPv6:{ip}])"),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_listed_and_long_lists_folded() {
        let mut list = EnvelopeTo::default();
        let text: String = (0..9).map(|number| list.one_more(&format!("somebody{number}@example.org"))).collect();
        assert!(text.starts_with("Envelope-To: somebody0@example.org, somebody1@example.org,\n somebody2@"), "{text}");
        assert!(text.lines().all(|line| line.len() <= WIDTH) && text.lines().count() == 4, "{text}");
        let long = format!("{}@example.org", "l".repeat(200));
        assert_eq!(EnvelopeTo::default().one_more(&long), format!("Envelope-To: {long}"));
    }

    #[test]
    fn only_ip_addresses_are_told() {
        let of = |name: &str| address(&Client { name: name.to_owned(), tls: false, may_encrypt: false });
        assert_eq!(of("127.0.0.1:1234"), " ([127.0.0.1])");
        assert_eq!(of("[::ffff:127.0.0.1]:1234"), " ([127.0.0.1])");
        assert_eq!(of("[::1]:1234"), " ([IPv6:::1])");
        assert_eq!(of("a Unix socket"), "");
    }
}
