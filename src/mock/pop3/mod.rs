//! POP3 (RFC 1939): hands out the mails of the Maildir, whoever asks.
//!
//! With CAPA and pipelining (RFC 2449), STLS (RFC 2595), AUTH (RFC 5034) and APOP. A newcomer's trap: a mail is
//! deleted when the client says QUIT, and not before. A client that leaves in any other way has deleted nothing.

mod login;
pub mod long;
pub mod mailbox;
mod reading;
#[cfg(test)]
mod tests;

use super::{
    Client, READY, Service, Session, Shared, WEB, date,
    lines::{Line, Lines},
    maildir::Maildir,
    sasl::{Exchange, MECHANISMS},
};
use crate::error::{Error, why};
use long::{Listed, Long};
use mailbox::Mailbox;
use std::{
    io,
    rc::Rc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// See the module's description.
pub static SERVICE: Service = Service {
    name: "pop3",
    title: "POP3",
    port: 1110,
    starttls: true,
    mails: true,
    begin: |shared, client| Box::new(Pop3::new(Rc::clone(shared), client)),
};

/// A line may have so many octets, its end not counted. RFC 2449, 4, allows for 255; nobody is hurt by more.
const LONGEST: usize = 2048;

/// The same, where credentials are said (RFC 5034, 4).
const LONGEST_AUTH: usize = 12288;

/// So many errors in a row end a session.
const MOST_ERRORS: u32 = 20;

/// Puts a mail into a mailbox that would be empty for ever, so that there is one to read.
///
/// # Errors
/// When it cannot be written.
pub fn welcome(maildir: &Maildir) -> io::Result<()> {
    let mut mail = maildir.deliver()?;
    let date = date::mail(SystemTime::now());
    let head = "From: rncat <rncat@localhost>\nTo: you <you@localhost>\nSubject: Welcome\n";
    let text = "This is the only mail here. DELE 1 deletes it when you say QUIT, and not before.\n\
                With --mock smtp,pop3 mails can be sent, too; --mock-dir DIR keeps them.\n";
    mail.write(format!("{head}Date: {date}\n\n{text}").as_bytes())?;
    mail.finish().map(|_| ())
}

/// A session.
struct Pop3 {
    shared: Rc<Shared>,
    client: Client,
    /// In no other session: for APOP and CRAM-MD5.
    stamp: String,
    lines: Lines,
    state: State,
    long: Option<Long>,
    encrypts: bool,
    /// Errors in a row.
    errors: u32,
}

/// RFC 1939, 3; there is nothing to wait for in its UPDATE state.
enum State {
    /// AUTHORIZATION, perhaps with a name.
    Stranger(Option<String>),
    /// AUTHORIZATION, amid an exchange.
    Asked(Exchange),
    /// TRANSACTION.
    Reader(Mailbox),
    /// Nothing more is said.
    Over,
}

/// The first line of an answer, without what marks it as good or bad.
enum Reply {
    Yes(String),
    No(String),
    /// RFC 5034: more is asked.
    Asks(String),
}

impl From<Result<String, String>> for Reply {
    fn from(said: Result<String, String>) -> Self {
        said.map_or_else(Self::No, Self::Yes)
    }
}

impl Session for Pop3 {
    fn greet(&mut self, out: &mut Vec<u8>) {
        let text = "rncat's POP3 server to learn on; any name and password will do";
        self.say(Reply::Yes(format!("{text} {}", self.stamp)), out);
    }

    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let longest = if matches!(self.state, State::Reader(_)) { LONGEST } else { LONGEST_AUTH };
        let (taken, line) = self.lines.take(bytes, longest);
        if let Some(line) = line
            && !self.is_over()
        {
            let reply = self.answer(line, taken == bytes.len());
            self.say(reply, out);
        }
        taken
    }

    fn go_on(&mut self, out: &mut Vec<u8>) {
        while out.len() < READY
            && let (State::Reader(mailbox), Some(long)) = (&self.state, &mut self.long)
        {
            match long.go_on(mailbox, out) {
                Ok(true) => {}
                Ok(false) => self.long = None,
                Err(error) => {
                    self.shared.report.error(&Error::network("read a mail", why(&error)).of(&self.client.name));
                    self.long = None;
                    self.state = State::Over;
                }
            }
        }
    }

    fn encrypts(&mut self) -> bool {
        std::mem::take(&mut self.encrypts)
    }

    fn left(&mut self, out: &mut Vec<u8>) {
        if self.lines.has_begun() {
            self.say(Reply::No("the last line has no end; nothing was done".to_owned()), out);
        }
        self.state = State::Over;
    }

    /// RFC 1939, 3: without a word.
    fn silent(&mut self, _: Duration, _: &mut Vec<u8>) {
        self.state = State::Over;
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }
}

impl Pop3 {
    fn new(shared: Rc<Shared>, client: Client) -> Self {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let stamp = format!("<{}.{time}@localhost>", std::process::id());
        let (lines, state) = (Lines::default(), State::Stranger(None));
        Self { shared, client, stamp, lines, state, long: None, encrypts: false, errors: 0 }
    }

    fn say(&mut self, reply: Reply, out: &mut Vec<u8>) {
        let line = match reply {
            Reply::Asks(text) => format!("+ {text}\r\n"),
            Reply::Yes(text) => {
                self.errors = 0;
                format!("+OK {text}\r\n")
            }
            Reply::No(text) => {
                self.errors += 1;
                if self.errors < MOST_ERRORS {
                    format!("-ERR {text}\r\n")
                } else {
                    self.state = State::Over;
                    format!("-ERR {text}; too many errors in a row, goodbye\r\n")
                }
            }
        };
        out.extend_from_slice(line.as_bytes());
    }

    /// `alone` tells whether nothing has come behind the line.
    fn answer(&mut self, line: Line, alone: bool) -> Reply {
        let state = match &self.state {
            // Whatever the line is, the exchange ends with it or begins a new step.
            State::Asked(_) => std::mem::replace(&mut self.state, State::Stranger(None)),
            _ => State::Stranger(None),
        };
        match (line, state) {
            (Line::Whole(line) | Line::Bare(line), _) if is_http(&line) => {
                self.state = State::Over;
                Reply::No("this is POP3, and not HTTP; goodbye".to_owned())
            }
            (Line::Bare(_), _) => {
                Reply::No("lines end with CR LF; this one ended with LF alone: try rncat -C".to_owned())
            }
            (Line::Whole(line), State::Asked(exchange)) => self.goes_on(exchange.answer(&line)),
            (Line::Whole(line), _) if line.len() <= LONGEST || is_auth(&line) => self.obey(&line, alone),
            (Line::Whole(_) | Line::TooLong, _) => {
                Reply::No("a line has 255 octets at most (RFC 2449), and this one was far too long".to_owned())
            }
        }
    }

    fn obey(&mut self, line: &[u8], alone: bool) -> Reply {
        let (word, rest) = split(line);
        let words: Vec<_> =
            rest.unwrap_or_default().split(u8::is_ascii_whitespace).filter(|it| !it.is_empty()).collect();
        let word = String::from_utf8_lossy(word).to_ascii_uppercase();
        match (word.as_str(), &mut self.state) {
            ("CAPA", _) => Reply::Yes(self.capabilities()),
            ("QUIT", _) => self.quit().into(),
            ("USER" | "PASS" | "APOP" | "AUTH" | "STLS", State::Reader(_)) => {
                Reply::No(format!("{word} comes before logging in, and you are logged in"))
            }
            ("USER", _) => self.user(rest).into(),
            ("PASS", _) => self.pass(rest).into(),
            ("APOP", _) => self.apop(&words).into(),
            ("AUTH", _) => self.auth(&words),
            ("STLS", _) => self.stls(alone).into(),
            ("STAT", State::Reader(mailbox)) => Reply::Yes(format!("{} {}", mailbox.present(), mailbox.octets())),
            ("LIST", State::Reader(_)) => self.list(Listed::Size, &words).into(),
            ("UIDL", State::Reader(_)) => self.list(Listed::Id, &words).into(),
            ("RETR" | "TOP", State::Reader(_)) => self.fetch(&word, &words).into(),
            ("DELE", State::Reader(mailbox)) => reading::delete(mailbox, &words).into(),
            ("NOOP", State::Reader(_)) => Reply::Yes("nothing done".to_owned()),
            ("RSET", State::Reader(mailbox)) => {
                mailbox.reset();
                Reply::Yes(format!("{}, none of them deleted", messages(mailbox.count())))
            }
            ("STAT" | "LIST" | "UIDL" | "RETR" | "TOP" | "DELE" | "NOOP" | "RSET", _) => {
                Reply::No(format!("log in before {word}: say USER, then PASS"))
            }
            ("", _) => Reply::No("an empty line; CAPA shows what can be said".to_owned()),
            ("EHLO" | "HELO" | "MAIL" | "LHLO", _) => Reply::No(format!("{word} is for SMTP, and this is POP3")),
            _ => Reply::No(
                "unknown command; USER, PASS, STAT, LIST, RETR, DELE, QUIT are known, CAPA shows more".to_owned(),
            ),
        }
    }

    /// RFC 2449, 5; the last line is the dot that ends them.
    fn capabilities(&self) -> String {
        let stls = if self.offers_tls() { "STLS\r\n" } else { "" };
        let (mechanisms, version) = (MECHANISMS.join(" "), env!("CARGO_PKG_VERSION"));
        format!(
            "capabilities follow\r\nTOP\r\nUIDL\r\nUSER\r\nSASL {mechanisms}\r\n{stls}PIPELINING\r\nRESP-CODES\r\n\
             AUTH-RESP-CODE\r\nEXPIRE NEVER\r\nIMPLEMENTATION rncat-{version}\r\n."
        )
    }

    fn offers_tls(&self) -> bool {
        self.client.may_encrypt && !self.client.tls && !matches!(self.state, State::Reader(_))
    }
}

fn messages(count: usize) -> String {
    format!("{count} message{}", if count == 1 { "" } else { "s" })
}

/// The first word, and what comes behind the blank.
fn split(line: &[u8]) -> (&[u8], Option<&[u8]>) {
    let mut parts = line.splitn(2, |byte| *byte == b' ');
    (parts.next().unwrap_or_default(), parts.next())
}

fn is_auth(line: &[u8]) -> bool {
    split(line).0.eq_ignore_ascii_case(b"AUTH")
}

fn is_http(line: &[u8]) -> bool {
    let method = split(line).0;
    WEB.iter().any(|it| method == it.as_bytes()) && line.windows(6).any(|it| it == b" HTTP/")
}
