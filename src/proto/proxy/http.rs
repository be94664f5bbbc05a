//! The client of an HTTP proxy: CONNECT (RFC 9110, 9.3.6), with credentials when they are demanded.
//!
//! A newcomer's trap: the body that a 2xx answer announces does not exist; what follows its head is
//! the destination speaking.

use super::{
    Destination, Errand,
    answer::{self, Answer},
    skip::{Skip, Skipped},
};
use crate::{
    error::{Error, Result},
    proto::{Dialogue, Step, auth},
    report::escape,
};
/// So many interim answers (RFC 9110, 15.2) are passed over.
const INTERIM: u8 = 10;

const WRONG: &str = "look at the user and the password given with --proxy-auth or --proxy-auth-file";

/// The dialogue with one HTTP proxy.
#[derive(Debug)]
pub(super) struct Client {
    errand: Errand,
    /// `host:port`, for the request and for `Host`.
    target: String,
    at: At,
    /// Whether the last request had credentials.
    answered: bool,
    /// Requests on this connection.
    requests: u8,
    /// Whether anything of an answer to the last one has come.
    heard: bool,
}

#[derive(Debug)]
enum At {
    Ask,
    /// Waiting for the end of a head, the first `scanned` bytes of which have none.
    Head {
        scanned: usize,
        interim: u8,
    },
    /// In the body of a demand for credentials.
    Body(Skip),
    Over,
}

impl Client {
    pub(super) fn new(errand: Errand) -> Result<Self> {
        if let Some(why) = errand.destination.objection() {
            return Err(errand.cannot("HTTP", why));
        }
        let target = match &errand.destination {
            Destination::Name(name, _) if !name.is_ascii() => {
                let why = "only ASCII can be asked for in HTTP";
                return Err(errand.cannot("HTTP", why).hint("write the name in its xn-- form"));
            }
            Destination::Name(name, port) => format!("{name}:{port}"),
            Destination::Address(address) => address.to_string(),
        };
        Ok(Self { errand, target, at: At::Ask, answered: false, requests: 0, heard: false })
    }

    fn request(&mut self) -> Result<Vec<u8>> {
        let target = &self.target;
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
        let credentials = self.errand.memory.borrow_mut().authorize("CONNECT", target)?;
        self.answered = credentials.is_some();
        // Joined at once: what grows leaves copies of the credentials behind.
        Ok(match credentials {
            Some(value) => [head.as_bytes(), b"Proxy-Authorization: ", &value, b"\r\n\r\n"].concat(),
            None => [head.as_bytes(), b"\r\n"].concat(),
        })
    }

    /// What an answer means for us; `None` when more is to be read.
    fn judge(&mut self, answer: Answer, interim: u8) -> Result<Option<Step>> {
        match answer.status {
            // 101 is no interim answer: nobody asked for another protocol.
            100 | 102..=199 if interim < INTERIM => self.at = At::Head { scanned: 0, interim: interim + 1 },
            100 | 102..=199 => return Err(self.fails("it never comes to a final answer")),
            200..=299 => {
                self.errand.memory.borrow_mut().granted();
                self.at = At::Over;
                return Ok(Some(Step::Done));
            }
            407 => return self.demanded(answer),
            // Tinyproxy's way to say that they are wrong.
            401 if self.answered => {
                let error = self.fails(format!("it answered 401{}", answer.reason));
                return Err(error.hint(WRONG));
            }
            status => return Err(self.fails(format!("it answered {status}{}", answer.reason))),
        }
        Ok(None)
    }

    /// The proxy demands credentials.
    fn demanded(&mut self, answer: Answer) -> Result<Option<Step>> {
        let status = format!("it answered 407{}", answer.reason);
        let mut memory = self.errand.memory.borrow_mut();
        if memory.credentials().is_none() {
            return Err(self.fails(status).hint("it wants a user and a password: give them with --proxy-auth-file"));
        }
        let chosen = auth::choose(&answer.challenges).map_err(|offered| match offered.as_str() {
            "" => self.fails(format!("{status}, but does not say how to answer")),
            _ => self.fails(format!("{status}, and knows only what is not spoken here: {offered}")),
        })?;
        memory.learn(chosen, self.answered).map_err(|why| self.fails(format!("{status}; {why}")).hint(WRONG))?;
        drop(memory);
        match answer.body {
            Some(body) => {
                self.at = At::Body(body);
                Ok(None)
            }
            None => Ok(Some(Step::Again)),
        }
    }

    fn fails(&self, why: impl Into<String>) -> Error {
        self.errand.fails("HTTP", why)
    }
}

impl Dialogue for Client {
    fn advance(&mut self, arrived: &mut Vec<u8>) -> Result<Step> {
        self.heard |= !arrived.is_empty();
        loop {
            match &mut self.at {
                At::Over => return Ok(Step::Done),
                At::Ask => {
                    let request = self.request()?;
                    self.at = At::Head { scanned: 0, interim: 0 };
                    self.requests = self.requests.saturating_add(1);
                    self.heard = false;
                    return Ok(Step::Send(request));
                }
                At::Body(body) => match body.advance(arrived) {
                    Skipped::All => self.at = At::Ask,
                    Skipped::Part => return Ok(Step::Wait),
                    Skipped::Hopeless => return Ok(Step::Again),
                },
                At::Head { scanned, interim } => {
                    let interim = *interim;
                    if !answer::may_come(arrived) {
                        let why = format!("its answer is not HTTP: {}", escape(arrived.get(..20).unwrap_or(arrived)));
                        return Err(self.fails(why).hint("is it another kind of proxy? see --proxy-type"));
                    }
                    let Some(length) = answer::length(arrived, scanned) else {
                        return match arrived.len() < answer::HEAD {
                            true => Ok(Step::Wait),
                            false => Err(self.fails("the head of its answer does not end")),
                        };
                    };
                    let head: Vec<u8> = arrived.drain(..length).collect();
                    let answer =
                        answer::read(&head).map_err(|why| self.fails(format!("its answer makes no sense: {why}")))?;
                    if let Some(step) = self.judge(answer, interim)? {
                        return Ok(step);
                    }
                }
            }
        }
    }

    fn ended(&mut self) -> Result<Step> {
        // It has promised another answer on this connection, and thought better of it.
        let broken = matches!(self.at, At::Body(_)) || (self.requests > 1 && !self.heard);
        match broken && self.errand.memory.borrow().credentials().is_some() {
            true => Ok(Step::Again),
            false => Err(self.fails("it closed the connection before its answer was complete")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::errand, *};
    use crate::proto::testing::{Played, play};

    fn ask(errand: Errand, answers: &[&str]) -> Played {
        play(&mut Client::new(errand).unwrap(), answers.iter().map(|it| it.as_bytes()))
    }

    fn asked(credentials: Option<&str>, answers: &[&str]) -> Played {
        ask(errand(&Destination::new("example.org", 25), credentials), answers)
    }

    fn why(credentials: Option<&str>, answers: &[&str]) -> String {
        asked(credentials, answers).end.unwrap_err().to_string()
    }

    const JOE: Option<&str> = Some("joe:secret");
    const BASIC: &str = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 2\r\n\r\nno";
    const OK: &str = "HTTP/1.1 200 OK\r\n\r\n";

    #[test]
    fn the_request_names_the_destination_twice() {
        for (host, target) in [("example.org", "example.org:25"), ("::1", "[::1]:25"), ("1.2.3.4", "1.2.3.4:25")] {
            let played = ask(errand(&Destination::new(host, 25), JOE), &[OK]);
            let request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
            assert_eq!((played.sent, played.end), (vec![request.into_bytes()], Ok(Step::Done)));
        }
    }

    #[test]
    fn early_bytes_are_left() {
        let played = asked(None, &["HTTP/1.0 299 \r\nContent-Length: 500\r\n\r\n220 hi\r\n"]);
        assert_eq!((played.end, &played.rest[..]), (Ok(Step::Done), &b"220 hi\r\n"[..]));
        let played = asked(None, &["HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200\r\n\r\n\r\n\r\n"]);
        assert_eq!((played.end, &played.rest[..]), (Ok(Step::Done), &b"\r\n\r\n"[..]));
    }

    #[test]
    fn a_refusal_is_told_in_the_words_of_the_proxy() {
        let text = why(None, &["HTTP/1.1 403 Not \x1b[31mhere\r\n\r\n"]);
        assert!(text.starts_with("connect to example.org:25 through the HTTP proxy p:1: "), "{text}");
        assert_eq!(
            why(None, &["HTTP/1.1 503 Down today\r\n\r\n"]).split(": ").last(),
            Some("it answered 503 Down today")
        );
        assert_eq!(why(None, &["HTTP/1.1 301\r\n\r\n"]).split(": ").last(), Some("it answered 301"));
        assert!(why(None, &["HTTP/1.1 101 Switch\r\n\r\n"]).contains("it answered 101 Switch"));
    }

    #[test]
    fn what_is_no_answer_is_refused_as_soon_as_it_shows() {
        for (odd, says) in [
            ("SSH-2.0-x\r\n".to_owned(), "not HTTP: SSH-2.0-x\\r\\n; is it another kind"),
            ("\x05\0".to_owned(), "not HTTP"),
            ("HTTP/2 200\r\n".to_owned(), "not HTTP"),
            ("HTTP/1.1 2000 x\r\n\r\n".to_owned(), "makes no sense"),
            ("HTTP/1.1 200 x\r\nnonsense\r\n\r\n".to_owned(), "makes no sense"),
            (format!("HTTP/1.1 200 x\r\n{}\r\n", "A: b\r\n".repeat(101)), "makes no sense: too many headers"),
            (format!("HTTP/1.1 200 {}", "x".repeat(answer::HEAD)), "does not end"),
            (format!("HTTP/1.1 200 {}\r\n\r\n", "x".repeat(answer::HEAD)), "does not end"),
            ("HTTP/1.1 100 x\r\n\r\n".repeat(12), "never comes to a final answer"),
        ] {
            let text = why(None, &[&odd]);
            assert!(text.contains(says), "{text}");
        }
    }

    #[test]
    fn credentials_are_given_when_they_are_demanded() {
        let played = asked(JOE, &[BASIC, OK]);
        assert_eq!(played.end, Ok(Step::Done));
        let second = String::from_utf8(played.sent[1].clone()).unwrap();
        assert!(second.ends_with("\r\nProxy-Authorization: Basic am9lOnNlY3JldA==\r\n\r\n"), "{second}");
        assert!(
            why(None, &[BASIC])
                .ends_with("it answered 407 Who?; it wants a user and a password: give them with --proxy-auth-file")
        );
    }

    #[test]
    fn digest_is_preferred_across_headers_and_lines() {
        let demand = "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Negotiate, Basic realm=x\r\nproxy-authenticate: Digest \
                      realm=\"r\",\r\n nonce=\"n\", qop=\"auth\",\r\n\talgorithm=SHA-256\r\nContent-Length: 0\r\n\r\n";
        let played = asked(JOE, &[demand, OK]);
        let second = String::from_utf8(played.sent[1].clone()).unwrap();
        assert!(
            second.contains("Proxy-Authorization: Digest username=\"joe\"") && second.contains("SHA-256"),
            "{second}"
        );
        assert!(second.contains("uri=\"example.org:25\""));
    }

    #[test]
    fn wrong_credentials_are_not_tried_twice() {
        let text = why(JOE, &[BASIC, BASIC]);
        assert!(text.contains("it answered 407 Who?; it refuses the user or the password; look at "), "{text}");
        let stale =
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Digest realm=r, nonce=n, stale=true\r\nContent-Length: 0\r\n\r\n";
        assert!(why(JOE, &[stale; 9]).contains("over and over"));
        assert!(why(JOE, &[BASIC, "HTTP/1.0 401 No\r\n\r\n"]).contains("it answered 401 No; look at"));
        let odd = "HTTP/1.1 407 x\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
        assert!(why(JOE, &[odd]).contains("not spoken here: NTLM"));
        assert!(why(JOE, &["HTTP/1.1 407 x\r\n\r\n"]).contains("does not say how"));
    }

    #[test]
    fn a_connection_that_cannot_be_used_again_is_made_again() {
        for demand in [
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\nendless",
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.0 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 9999999\r\n\r\n",
            "HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nTransfer-Encoding: chunked\r\n\r\nwhat\r\n",
        ] {
            let errand = errand(&Destination::new("h", 1), JOE);
            assert_eq!(ask(errand.clone(), &[demand]).end, Ok(Step::Again), "{demand}");
            let again = ask(errand.clone(), &[OK]);
            assert!(again.end == Ok(Step::Done) && again.sent[0].ends_with(b" am9lOnNlY3JldA==\r\n\r\n"));
            // What was good once is tried first, and once more.
            assert_eq!(ask(errand.clone(), &[demand]).end, Ok(Step::Again));
            assert!(ask(errand, &[demand]).end.unwrap_err().to_string().contains("refuses"));
        }
    }

    #[test]
    fn a_promise_to_go_on_may_be_broken() {
        let end = |answers: &[&str]| {
            let mut client = Client::new(errand(&Destination::new("h", 1), JOE)).unwrap();
            play(&mut client, answers.iter().map(|it| it.as_bytes()));
            client.ended()
        };
        assert_eq!(end(&[BASIC]), Ok(Step::Again), "before the second answer");
        assert_eq!(end(&[&BASIC[..BASIC.len() - 1]]), Ok(Step::Again), "in the body of the first");
        assert!(end(&[BASIC, "HTTP/1.1 "]).is_err() && end(&[]).is_err() && end(&["HTTP"]).is_err());
    }
}
