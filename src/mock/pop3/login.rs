//! How a client becomes a reader: by name and password, by APOP, by AUTH; perhaps over TLS, which it asks for.
//!
//! A newcomer's trap: all are let in, but nobody who says it wrongly.

use super::{Pop3, Reply, State, mailbox::Mailbox, messages};
use crate::{
    error::{Error, why},
    mock::sasl::{Exchange, MECHANISMS, Outcome, is_md5},
    report::escape,
};

impl Pop3 {
    /// RFC 2595, 4.
    pub(super) fn stls(&mut self, alone: bool) -> Result<String, String> {
        if self.client.tls {
            return Err("the connection is encrypted already".to_owned());
        }
        if !self.offers_tls() {
            return Err("there is no TLS here".to_owned());
        }
        // What is behind it in clear must not be taken for what is said over TLS (CVE-2011-0411).
        if !alone {
            return Err("STLS is the last that is said in clear: wait for its answer".to_owned());
        }
        (self.encrypts, self.client.tls, self.state) = (true, true, State::Stranger(None));
        Ok("begin TLS".to_owned())
    }

    pub(super) fn user(&mut self, rest: Option<&[u8]>) -> Result<String, String> {
        let name = rest.unwrap_or_default().trim_ascii();
        if name.is_empty() {
            return Err("USER takes a name; any will do".to_owned());
        }
        self.state = State::Stranger(Some(escape(name)));
        Ok("say PASS next; any password is right".to_owned())
    }

    pub(super) fn pass(&mut self, rest: Option<&[u8]>) -> Result<String, String> {
        let State::Stranger(user @ Some(_)) = &mut self.state else { return Err("say USER first".to_owned()) };
        if rest.is_none() {
            return Err("PASS takes a password; any will do".to_owned());
        }
        let name = user.take().unwrap_or_default();
        self.log_in(&name)
    }

    pub(super) fn apop(&mut self, words: &[&[u8]]) -> Result<String, String> {
        match *words {
            [name, digest] if is_md5(digest) => self.log_in(&escape(name)),
            _ => {
                Err("APOP takes a name, and the MD5 of the greeting's <...> and the password, in hexadecimal"
                    .to_owned())
            }
        }
    }

    /// RFC 5034; without a word it lists what there is, as others do.
    pub(super) fn auth(&mut self, words: &[&[u8]]) -> Reply {
        self.state = State::Stranger(None);
        let (mechanism, initial) = match *words {
            [] => return Reply::Yes(format!("mechanisms follow\r\n{}\r\n.", MECHANISMS.join("\r\n"))),
            [mechanism] => (mechanism, None),
            [mechanism, initial] => (mechanism, Some(initial)),
            _ => return Reply::No("AUTH takes a mechanism, and a first answer in base64 if you like".to_owned()),
        };
        match (Exchange::begin(mechanism, Some(&self.stamp)), initial) {
            (None, _) => Reply::No(format!("unknown mechanism; there are {}", MECHANISMS.join(", "))),
            (Some(exchange), None) => self.goes_on(Outcome::Asks(exchange)),
            (Some(exchange), Some(initial)) => self.goes_on(exchange.initial(initial)),
        }
    }

    pub(super) fn goes_on(&mut self, outcome: Outcome) -> Reply {
        match outcome {
            Outcome::Asks(exchange) => {
                let challenge = exchange.challenge();
                self.state = State::Asked(exchange);
                Reply::Asks(challenge)
            }
            Outcome::Is(name) => self.log_in(&name).into(),
            Outcome::GivenUp => Reply::No("given up, as you wished".to_owned()),
            Outcome::Malformed(why) => Reply::No(why.to_owned()),
        }
    }

    pub(super) fn log_in(&mut self, name: &str) -> Result<String, String> {
        let (shared, client) = (&self.shared, &self.client.name);
        let mailbox = Mailbox::open(&shared.maildir).map_err(|error| {
            shared.report.error(&Error::usage("read the Maildir", why(&error)).of(client));
            format!("[SYS/TEMP] the Maildir cannot be read: {}", why(&error))
        })?;
        let count = messages(mailbox.count());
        shared.report.detail(1, format_args!("{client}: logged in as {name}; {count}."));
        self.state = State::Reader(mailbox);
        Ok(format!("logged in; {count}"))
    }
}
