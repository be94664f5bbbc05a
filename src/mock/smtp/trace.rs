//! What a server writes in front of a mail: who handed it in, for whom, when (RFC 5321, 4.4).
//!
//! A newcomer's trap: of the mail itself nothing is changed, not even a header that should not be there; and
//! `Received` is one line, however long, so that what comes behind it is easily found.

use super::Smtp;
use crate::mock::Client;
use std::{
    net::{IpAddr, SocketAddr},
    time::{SystemTime, UNIX_EPOCH},
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
        date(SystemTime::now())
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

/// RFC 5322, 3.3, in UTC.
fn date(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, time) = (seconds / 86400, seconds % 86400);
    let (year, month, day) = civil(days);
    // 1 January 1970 was a Thursday.
    let weekday = name("ThuFriSatSunMonTueWed", days % 7);
    let month = name("JanFebMarAprMayJunJulAugSepOctNovDec", month);
    format!("{weekday}, {day} {month} {year} {:02}:{:02}:{:02} +0000", time / 3600, time / 60 % 60, time % 60)
}

fn name(names: &'static str, number: u64) -> &'static str {
    let at = usize::try_from(3 * number).unwrap_or_default();
    names.get(at..at + 3).unwrap_or_default()
}

/// The year, the month from 0 and the day from 1 of so many days since 1 January 1970.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    // Four hundred years always have as many days.
    let mut year = 1970 + days / 146_097 * 400;
    days %= 146_097;
    let mut length = 365 + u64::from(leap(year));
    while days >= length {
        (days, year) = (days - length, year + 1);
        length = 365 + u64::from(leap(year));
    }
    let mut month = 0;
    for length in [31, 28 + u64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        (days, month) = (days - length, month + 1);
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn dates_are_those_of_mail() {
        for (seconds, text) in [
            (0, "Thu, 1 Jan 1970 00:00:00 +0000"),
            (951_827_696, "Tue, 29 Feb 2000 12:34:56 +0000"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59 +0000"),
            (1_767_225_600, "Thu, 1 Jan 2026 00:00:00 +0000"),
            (4_107_542_400, "Mon, 1 Mar 2100 00:00:00 +0000"),
            (16_725_225_600, "Fri, 1 Jan 2500 00:00:00 +0000"),
        ] {
            assert_eq!(date(UNIX_EPOCH + Duration::from_secs(seconds)), text);
        }
    }

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
