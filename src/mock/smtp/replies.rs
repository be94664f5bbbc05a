//! What is answered to each command, and what it changes.
//!
//! A newcomer's trap: a command in the wrong order is told from a wrong one, because whoever learns has to know
//! which of the two it was; so the order is looked at first.

use super::{
    Hello, Reply, Smtp, TOO_MANY,
    command::{self, Command},
    letter::{self, Letter},
    parameters, path,
    text::{LARGEST, Text},
    trace,
};
use crate::mock::sasl::{Exchange, Outcome};

impl Smtp {
    pub(super) fn obey(&mut self, command: Command<'_>) -> Reply {
        match command {
            Command::Helo(name) => self.hello(name, false),
            Command::Ehlo(name) => self.hello(name, true),
            Command::Mail(rest) => self.mail(rest).unwrap_or_else(|reply| reply),
            Command::Rcpt(rest) => self.rcpt(rest).unwrap_or_else(|reply| reply),
            Command::Data(argument) => self.data(argument),
            Command::Rset("") => {
                self.letter = None;
                format!("250 2.0.0 Forgotten; {}", self.next()).into()
            }
            Command::Quit("") => {
                self.over = true;
                "221 2.0.0 Bye".into()
            }
            Command::Rset(_) | Command::Quit(_) => "501 5.5.4 Nothing belongs behind this command".into(),
            Command::Noop => "250 2.0.0 Here I am".into(),
            Command::Help => command::HELP.into(),
            Command::Vrfy("") => "501 5.5.4 VRFY has a name: VRFY me@example.org".into(),
            Command::Vrfy(_) => "252 2.5.0 Nothing is known of it; a mail to it will be taken".into(),
            Command::Expn | Command::Foreign => {
                format!("502 5.5.1 A command that is not implemented here; {}", self.next()).into()
            }
            Command::Header => {
                format!("500 5.5.1 That looks like the mail itself, which comes after DATA; {}", self.next()).into()
            }
            Command::Pop3 => {
                format!("500 5.5.1 That is for POP3, and this is SMTP; {}, and HELP helps", self.next()).into()
            }
            Command::Exit => "500 5.5.1 Unknown command; QUIT ends the session".into(),
            _ => format!("500 5.5.1 Unknown command; {}, and HELP helps", self.next()).into(),
        }
    }

    /// What is expected next, in words.
    fn next(&self) -> &'static str {
        match (&self.hello, &self.letter) {
            (None, _) => "EHLO client.example.org comes first",
            (_, None) => "MAIL FROM:<me@example.org> is next",
            (_, Some(letter)) if letter.recipients() == 0 => "RCPT TO:<you@example.net> is next",
            _ => "DATA is next, or one more RCPT TO:<you@example.net>",
        }
    }

    fn too_early(&self, what: &str) -> Reply {
        format!("503 5.5.1 {what}; {}", self.next()).into()
    }

    fn hello(&mut self, name: &str, extended: bool) -> Reply {
        if !path::is_host(name) {
            let verb = if extended { "EHLO" } else { "HELO" };
            return format!("501 5.5.4 Behind {verb} belongs what your machine is called: {verb} client.example.org")
                .into();
        }
        // All that came before is forgotten, but who it is (RFC 5321, 4.1.4).
        self.letter = None;
        self.hello = Some(Hello { name: name.to_owned(), extended });
        let host = &self.host;
        if !extended {
            return format!("250 {host} Hello").into();
        }
        let starttls = if self.client.may_encrypt && !self.client.tls { "250-STARTTLS\r\n" } else { "" };
        format!(
            "250-{host} Hello\r\n250-SIZE {LARGEST}\r\n250-8BITMIME\r\n250-PIPELINING\r\n\
             250-ENHANCEDSTATUSCODES\r\n250-SMTPUTF8\r\n250-AUTH PLAIN LOGIN\r\n{starttls}250 HELP"
        )
        .into()
    }

    fn mail(&mut self, rest: Option<&str>) -> Result<Reply, Reply> {
        const FORM: &str = "MAIL FROM:<me@example.org>";
        let Some(hello) = &self.hello else { return Err(self.too_early("Not yet")) };
        if self.letter.is_some() {
            return Err(self.too_early("A mail has begun already, which RSET would end"));
        }
        let rest = rest.ok_or_else(|| format!("501 5.5.2 It is written {FORM}"))?;
        let wrong = |why| Reply::from(format!("501 5.1.7 Not an address: {why}; it is written {FORM}"));
        let (sender, parameters) = path::split(rest).map_err(wrong)?;
        // Nobody is the sender of a mail that tells of a failure.
        if !sender.is_empty() {
            path::check(sender).map_err(wrong)?;
        }
        if !parameters.is_empty() && !hello.extended {
            return Err("555 5.5.4 Parameters are for those who have said EHLO".into());
        }
        let utf8 = parameters::of_mail(parameters)?.utf8;
        is_writable(sender, utf8)?;
        self.letter = Some(Letter::new(sender, utf8, &self.shared.maildir));
        Ok("250 2.1.0 Sender taken".into())
    }

    fn rcpt(&mut self, rest: Option<&str>) -> Result<Reply, Reply> {
        const FORM: &str = "RCPT TO:<you@example.net>";
        let Some(letter) = &mut self.letter else { return Err(self.too_early("Not yet")) };
        let rest = rest.ok_or_else(|| format!("501 5.5.2 It is written {FORM}"))?;
        let wrong = |why| Reply::from(format!("501 5.1.3 Not an address: {why}; it is written {FORM}"));
        let (address, parameters) = path::split(rest).map_err(wrong)?;
        // Every server has one, with or without a domain (RFC 5321, 4.5.1).
        if !address.eq_ignore_ascii_case("postmaster") {
            path::check(address).map_err(wrong)?;
        }
        if !parameters.is_empty() {
            return Err("555 5.5.4 A parameter of RCPT is not known here; none is".into());
        }
        is_writable(address, letter.utf8)?;
        match letter.goes_to(address, &self.shared.maildir) {
            true => Ok("250 2.1.5 Recipient taken".into()),
            false => Err(format!("{TOO_MANY} Too many recipients; {} are possible", letter::RECIPIENTS).into()),
        }
    }

    fn data(&mut self, argument: &str) -> Reply {
        let received = trace::received(self, self.letter.as_ref().is_some_and(|letter| letter.utf8));
        let too_early = self.too_early("Not yet");
        let Some(letter) = self.letter.as_mut().filter(|letter| letter.recipients() > 0) else { return too_early };
        if !argument.is_empty() {
            return "501 5.5.4 Nothing belongs behind DATA; the mail follows once it is answered".into();
        }
        letter.begin(&received, &self.shared.maildir);
        self.text = Some(Text::default());
        "354 Send the mail; a line with only a dot ends it".into()
    }

    pub(super) fn auth(&mut self, text: &str) -> Reply {
        match () {
            () if self.hello.as_ref().is_none_or(|hello| !hello.extended) => "503 5.5.1 EHLO comes before AUTH".into(),
            () if self.user.is_some() => self.too_early("You have done that already"),
            () if self.letter.is_some() => self.too_early("Not in the middle of a mail"),
            () => self.authenticate(text),
        }
    }

    /// What follows `AUTH`: a mechanism, perhaps with a first response (RFC 4954, 4).
    fn authenticate(&mut self, text: &str) -> Reply {
        let (mechanism, first) = text.split_once(' ').unwrap_or((text, ""));
        let Some(exchange) = Exchange::begin(mechanism.as_bytes(), None) else {
            return match mechanism {
                "" => "501 5.5.4 AUTH has a mechanism: AUTH PLAIN or AUTH LOGIN",
                _ => "504 5.5.4 That mechanism is not known here; PLAIN and LOGIN are",
            }
            .into();
        };
        self.goes_on(match first {
            "" => Outcome::Asks(exchange),
            first => exchange.initial(first.as_bytes()),
        })
    }

    pub(super) fn goes_on(&mut self, outcome: Outcome) -> Reply {
        match outcome {
            Outcome::Asks(exchange) => {
                let challenge = exchange.challenge();
                self.exchange = Some(exchange);
                format!("334 {challenge}").into()
            }
            Outcome::Is(name) => {
                self.user = Some(name);
                "235 2.7.0 Any name and password are right here, and yours are, too".into()
            }
            Outcome::GivenUp => "501 5.7.0 Given up, as you say".into(),
            Outcome::Malformed(why) => format!("501 5.5.2 Not let in: {why}").into(),
        }
    }

    /// RFC 3207. What has come behind it in clear might be somebody else's, to be taken for what TLS has carried.
    pub(super) fn starttls(&mut self, argument: &str, more: bool) -> Reply {
        match () {
            () if !argument.is_empty() => return "501 5.5.4 Nothing belongs behind STARTTLS".into(),
            () if self.client.tls => return self.too_early("This is encrypted already"),
            () if !self.client.may_encrypt => return "454 4.7.0 TLS is not to be had here".into(),
            () if self.hello.is_none() => return self.too_early("Not yet"),
            () if more => return "554 5.5.1 Nothing may follow STARTTLS before it is answered; not encrypted".into(),
            () => {}
        }
        // What was said in clear is forgotten (4.2), a mail that has begun, too.
        (self.hello, self.user, self.letter) = (None, None, None);
        (self.client.tls, self.encrypts) = (true, true);
        "220 2.0.0 TLS begins; say EHLO again then".into()
    }
}

/// Whether an address may be said without SMTPUTF8, or that was asked for (RFC 6531, 3.5).
fn is_writable(address: &str, utf8: bool) -> Result<(), Reply> {
    match utf8 || address.is_ascii() {
        true => Ok(()),
        false => Err("553 5.6.7 An address beyond ASCII needs SMTPUTF8: MAIL FROM:<me@example.org> SMTPUTF8".into()),
    }
}
