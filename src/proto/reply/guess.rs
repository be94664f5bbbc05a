//! `--pace auto`: which protocol it is, told by the port and the greeting.
//!
//! A newcomer's trap: in HTTP the client speaks first, so a port that nothing is known of waits for a
//! greeting only until a request lies ready to be said.

use super::{Conversation, Kind, LINE, Next, PROTOCOLS, Reply, Turn, code::Code, line::Line, lines::Lines};
use crate::{
    error::{Error, Result},
    ports,
    proto::evidence,
};

/// The conversation at this port, if it has one; which one may be open until the greeting.
#[must_use]
pub fn begin(port: Option<u16>) -> Box<dyn Conversation> {
    let service = port.and_then(ports::known).map(|known| known.service);
    match service.and_then(protocol) {
        Some("http") => named("http"),
        // Nobody is greeted there.
        None if matches!(service, Some("echo" | "whois" | "gopher" | "finger" | "ircd")) => named("line"),
        expected => Box::new(Guess { expected, lines: Lines::default(), heard: Vec::new(), found: None }),
    }
}

/// Whether a protocol whose replies can be told from each other lives at this port.
#[must_use]
pub fn is_known(port: u16) -> bool {
    ports::known(port).is_some_and(|known| protocol(known.service).is_some())
}

/// The protocol of a service, by its name in the table of ports.
fn protocol(service: &str) -> Option<&'static str> {
    Some(match service {
        "smtp" | "submission" | "submissions" => "smtp",
        "lmtp" => "lmtp",
        "pop3" | "pop3s" => "pop3",
        "imap" | "imaps" => "imap",
        "ftp" | "ftps" => "ftp",
        "nntp" | "nntps" => "nntp",
        "sieve" => "sieve",
        "http" | "https" | "http-alt" | "ipp" => "http",
        _ => return None,
    })
}

fn named(name: &str) -> Box<dyn Conversation> {
    let protocol = PROTOCOLS.iter().find(|protocol| protocol.name == name);
    protocol.map_or_else(|| Box::new(Line::default()) as Box<dyn Conversation>, |protocol| (protocol.begin)())
}

/// A conversation whose protocol is found out.
struct Guess {
    /// By the port.
    expected: Option<&'static str>,
    lines: Lines,
    /// What has been heard of a greeting, in lines.
    heard: Vec<u8>,
    found: Option<Box<dyn Conversation>>,
}

impl Guess {
    /// What a line of the greeting tells; nothing if more lines follow that may tell more.
    fn told_by(&self, line: &[u8]) -> Option<&'static str> {
        let first = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        match first {
            b"+OK" | b"-ERR" => return Some("pop3"),
            b"*" => return Some("imap"),
            b"OK" | b"NO" | b"BYE" => return Some("sieve"),
            _ if line.starts_with(b"\"") => return Some("sieve"),
            _ if line.starts_with(b"HTTP/1.") => return Some("http"),
            _ => {}
        }
        let Some(code) = Code::parse(line) else { return Some(self.expected.unwrap_or("line")) };
        let text = line.get(4..).unwrap_or_default().trim_ascii().to_ascii_uppercase();
        // The name of the server is told first, and a name proves little (RFC 5321, 4.2).
        let (name, words) = text.split_at_checked(text.iter().position(|byte| *byte == b' ').unwrap_or(0))?;
        let by_code = match code.number {
            120 => Some("ftp"),
            200 | 201 | 400 | 502 => Some("nntp"),
            _ => None,
        };
        let expected = self.expected.filter(|name| matches!(*name, "smtp" | "lmtp" | "ftp" | "nntp"));
        let told = told_in(if name.contains(&b'.') { words } else { &text });
        told.or_else(
            || if code.goes_on { None } else { by_code.or(expected).or_else(|| told_in(name)).or(Some("smtp")) },
        )
    }

    fn is_found(&mut self, mut conversation: Box<dyn Conversation>, replies: &mut Vec<Reply>) -> Result<()> {
        let heard = std::mem::take(&mut self.heard);
        let result = conversation.heard(&heard, replies);
        self.found = Some(conversation);
        result
    }
}

/// What the words of a greeting name, in capitals.
fn told_in(words: &[u8]) -> Option<&'static str> {
    let names = [(&b"LMTP"[..], "lmtp"), (b"SMTP", "smtp"), (b"FTP", "ftp"), (b"NNTP", "nntp")];
    names.into_iter().find(|(name, _)| words.windows(name.len()).any(|word| word == *name)).map(|(_, found)| found)
}

impl Conversation for Guess {
    fn turn(&self) -> Turn {
        self.found.as_ref().map_or(Turn::Wait, |found| found.turn())
    }

    fn greeted(&mut self) {
        let mut conversation = named(self.expected.unwrap_or("line"));
        conversation.greeted();
        self.found = Some(conversation);
    }

    fn peek(&mut self, line: &[u8]) {
        if self.found.is_none() && self.expected.is_none() && self.heard.is_empty() && evidence::is_request(line) {
            self.found = Some(named("http"));
        }
        if let Some(found) = &mut self.found {
            found.peek(line);
        }
    }

    fn said(&mut self, line: &[u8]) {
        if let Some(found) = &mut self.found {
            found.said(line);
        }
    }

    fn said_message(&mut self) {
        if let Some(found) = &mut self.found {
            found.said_message();
        }
    }

    fn said_bytes(&mut self, count: u64) {
        if let Some(found) = &mut self.found {
            found.said_bytes(count);
        }
    }

    fn heard(&mut self, mut bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()> {
        while self.found.is_none() {
            let Some(line) = self.lines.line(&mut bytes)? else { return Ok(()) };
            self.heard.extend_from_slice(&line);
            self.heard.extend_from_slice(b"\r\n");
            if self.heard.len() > LINE {
                let why = format!("it is longer than {} KiB, and tells no protocol", LINE / 1024);
                return Err(Error::network("the greeting", why).hint("name the protocol, as in --pace smtp"));
            }
            match self.told_by(&line) {
                Some("line") => self.is_found(Box::new(Line::greeted_first()), replies)?,
                Some(name) => self.is_found(named(name), replies)?,
                None => {}
            }
        }
        self.found.as_mut().map_or(Ok(()), |found| found.heard(bytes, replies))
    }

    fn next(&self) -> Next {
        self.found.as_ref().map_or(Next::Reply, |found| found.next())
    }

    fn kind(&self, beginning: &[u8]) -> Option<Kind> {
        match &self.found {
            Some(found) => found.kind(beginning),
            // Whichever it will be: their greetings are different, or mean the same.
            None => PROTOCOLS.iter().find_map(|protocol| (protocol.begin)().kind(beginning)),
        }
    }

    fn may_end(&self) -> bool {
        self.found.as_ref().is_some_and(|found| found.may_end())
    }

    fn ended(&mut self) -> Option<Reply> {
        self.found.as_mut()?.ended()
    }

    fn farewell(&self) -> Option<Vec<u8>> {
        self.found.as_ref()?.farewell()
    }
}

#[cfg(test)]
mod tests;
