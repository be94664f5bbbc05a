//! `--mock smtp`: a mail server that takes every mail, delivers none, and says what it thinks (RFC 5321).
//!
//! A newcomer's trap: it is for learning, so each refusal says what is wrong and what comes next; but its codes
//! are those of real servers, because programs are tested with it.

mod command;
mod letter;
mod parameters;
mod path;
mod replies;
#[cfg(test)]
mod tests;
mod text;
mod trace;

use super::{
    Client, Service, Session, Shared,
    gallery::Item,
    lines::{Line, Lines},
    sasl::Exchange,
};
use crate::{
    error::{Error, why},
    report::steers,
};
use command::Command;
use letter::Letter;
use std::{borrow::Cow, rc::Rc, time::Duration};
use text::Text;

/// Its row in the table of servers.
pub static SERVICE: Service = Service {
    name: "smtp",
    title: "SMTP",
    port: 1025,
    starttls: true,
    mails: true,
    begin: |shared, client| Box::new(Smtp::new(Rc::clone(shared), client)),
};

/// So long may a line be, its end not counted: that of a command has 510 bytes (RFC 5321, 4.5.3.1.4), and more with
/// parameters.
const COMMAND: usize = 2046;
/// … of a response to AUTH, or of AUTH itself (RFC 4954, 4.3).
const RESPONSE: usize = 12_286;
/// So many refusals in a row end a session: whoever goes on does not listen.
const REFUSALS: u32 = 20;
/// A TLS record with a handshake begins so (RFC 8446, 5.1), and no command does.
const TLS: u8 = 22;

/// Begins the reply to one recipient too many.
const TOO_MANY: &str = "452 4.5.3";
const BARE: &str = "500 5.5.2 Lines end with CR LF; this one ended with LF alone: try rncat -C, or ncat -C";

/// A session with a client.
struct Smtp {
    shared: Rc<Shared>,
    client: Client,
    /// What this machine is called.
    host: String,
    lines: Lines,
    /// What EHLO or HELO has said.
    hello: Option<Hello>,
    /// Who AUTH says it is; safe to show.
    user: Option<String>,
    /// An authentication is going on.
    exchange: Option<Exchange>,
    /// MAIL has begun one.
    letter: Option<Letter>,
    /// DATA has been said.
    text: Option<Text>,
    refusals: u32,
    encrypts: bool,
    over: bool,
}

struct Hello {
    name: String,
    /// It was EHLO.
    extended: bool,
}

type Reply = Cow<'static, str>;

impl Session for Smtp {
    fn greet(&mut self, out: &mut Vec<u8>) {
        let greeting = format!("220 {} ESMTP rncat --mock: takes every mail and delivers none; try HELP", self.host);
        self.say(&greeting, out);
    }

    fn hear(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        if self.text.is_some() {
            return self.hear_text(bytes, out);
        }
        if !self.lines.has_begun() && bytes.first() == Some(&TLS) {
            self.over = true;
            self.say("554 5.5.1 That was TLS; this server begins in clear, and STARTTLS may follow", out);
            self.shared.report.note(format_args!(
                "{}: begins with TLS, which this server does from the start with --ssl only",
                self.client.name
            ));
            return bytes.len();
        }
        let (taken, line) = self.lines.take(bytes, RESPONSE);
        if let Some(line) = line {
            let reply = self.line(line, bytes.len() > taken);
            self.say(&reply, out);
        }
        taken
    }

    fn encrypts(&mut self) -> bool {
        std::mem::take(&mut self.encrypts)
    }

    fn left(&mut self, out: &mut Vec<u8>) {
        self.over = true;
        if self.text.is_some() {
            self.say("451 4.4.2 The mail has no end, which is a line with only a dot; nothing of it is kept", out);
        } else if self.lines.has_begun() {
            self.say("500 5.5.2 The last line has no end, which is CR LF", out);
        }
    }

    fn silent(&mut self, time: Duration, out: &mut Vec<u8>) {
        self.over = true;
        self.say(&format!("421 4.4.2 Nothing was said for {} seconds; closing", time.as_secs_f32()), out);
    }

    fn is_over(&self) -> bool {
        self.over
    }
}

impl Smtp {
    fn new(shared: Rc<Shared>, client: Client) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self {
            shared,
            client,
            host: Some(host)
                .filter(|host| host.is_ascii() && path::is_host(host))
                .unwrap_or_else(|| "localhost".to_owned()),
            lines: Lines::default(),
            hello: None,
            user: None,
            exchange: None,
            letter: None,
            text: None,
            refusals: 0,
            encrypts: false,
            over: false,
        }
    }

    /// Says a reply, and hangs up on whoever gets nothing but refusals.
    fn say(&mut self, reply: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(reply.as_bytes());
        out.extend_from_slice(b"\r\n");
        match reply.as_bytes().first() {
            // The sender of a long list goes on with those that were taken (RFC 5321, 4.5.3.1.10).
            _ if reply.starts_with(TOO_MANY) => {}
            Some(b'4' | b'5') => self.refusals += 1,
            _ => self.refusals = 0,
        }
        if self.refusals >= REFUSALS && !self.over {
            self.over = true;
            out.extend_from_slice(b"421 4.7.0 Too many errors in a row; closing\r\n");
        }
    }

    /// The reply to a line; `more` has come behind it already.
    fn line(&mut self, line: Line, more: bool) -> Reply {
        if let Line::Whole(line) | Line::Bare(line) = &line
            && let Ok(text) = str::from_utf8(line)
            && command::parse(text) == Command::Web
            && self.exchange.is_none()
        {
            self.over = true;
            return "554 5.5.1 This is a mail server, and that was a request to a web server; closing".into();
        }
        let line = match line {
            Line::Bare(_) => {
                self.exchange = None;
                return BARE.into();
            }
            Line::TooLong => {
                let asked = self.exchange.take().is_some();
                return if asked { "500 5.5.6 The response is too long" } else { "500 5.5.2 Line too long" }.into();
            }
            Line::Whole(line) => line,
        };
        if let Some(exchange) = self.exchange.take() {
            return self.goes_on(exchange.answer(&line));
        }
        let Some(text) = str::from_utf8(&line).ok().filter(|text| !text.contains(steers)) else {
            return "500 5.5.2 A command is a line of text, without control characters".into();
        };
        match command::parse(text) {
            Command::Auth(mechanism) => self.auth(mechanism),
            _ if text.len() > COMMAND => "500 5.5.2 Line too long".into(),
            Command::StartTls(argument) => self.starttls(argument, more),
            command => self.obey(command),
        }
    }

    fn hear_text(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> usize {
        let (Some(text), Some(letter)) = (&mut self.text, &mut self.letter) else { return bytes.len() };
        let maildir = &self.shared.maildir;
        let was_good = text.is_good();
        let (taken, ended) = text.take(bytes, |piece| letter.add(piece, maildir));
        if was_good && !text.is_good() {
            letter.give_up();
        }
        if ended && let (Some(text), Some(letter)) = (self.text.take(), self.letter.take()) {
            let reply = self.keep(&text, letter);
            self.say(&reply, out);
        }
        taken
    }

    /// The reply to a mail that has come to its end.
    fn keep(&self, text: &Text, letter: Letter) -> Reply {
        if let Some(stray) = text.stray() {
            let (line, name) = (stray.line, stray.name);
            return format!("550 5.6.0 Refused: line {line} of the mail has {name} alone, and lines end with CR LF")
                .into();
        }
        if !text.is_good() {
            return parameters::too_large().into();
        }
        let size = text.size();
        let how = trace::protocol(self, letter.utf8);
        let envelope = letter.envelope();
        match letter.keep(&self.shared.maildir) {
            Ok((mail, from)) => {
                let user = self.user.iter().map(|user| format!(" as {user}")).collect::<String>();
                let mut gallery = self.shared.gallery.borrow_mut();
                let number = gallery.number();
                let client = &self.client.name;
                gallery.show(Item {
                    before: format!("=== Mail {number} {envelope}: {size} bytes, by {how} from {client}{user}\n"),
                    after: format!("=== Kept as {}\n\n", mail.path.display()),
                    file: Some(mail.path),
                    from,
                });
                format!("250 2.0.0 Taken, {size} bytes, kept as {}", mail.name).into()
            }
            Err(error) => {
                self.shared.report.error(&Error::usage("keep a mail", why(&error)));
                "452 4.3.1 The mail cannot be kept: there is no room, or no way to write it".into()
            }
        }
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        if self.text.is_some() {
            let who = &self.client.name;
            self.shared.report.note(format_args!("{who}: left in the middle of a mail; nothing of it is kept"));
        }
    }
}
