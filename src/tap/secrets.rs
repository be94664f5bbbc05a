//! What of a client's lines is secret, without I/O: passwords, and what answers a challenge.
//!
//! A newcomer's trap: clients do not always wait for replies. What comes behind an AUTH may be the answer to a
//! challenge that has not been heard yet, or the next command. When unsure, it is a secret.

mod commands;
#[cfg(test)]
mod tests;

use commands::{Meaning, after, closes_element, is_base64, literal, meaning, opens_element, word};

/// Follows one connection. See the module's description.
#[derive(Debug)]
pub(super) struct Secrets {
    /// Replies that are still to come; the first is the greeting.
    owed: u64,
    exchange: Option<Exchange>,
    /// There has been an exchange whose command had no tag: `+` and 334 are challenges from then on.
    untagged: bool,
    /// The client's next line is an answer.
    challenged: bool,
    /// A command with a secret goes on behind a literal.
    goes_on: bool,
    /// So many bytes of that literal are still to come, which may be several lines.
    literal: u64,
    /// The text of an element of XMPP goes on in the next line.
    in_element: bool,
    /// The last line was a header field that may go on.
    folds: bool,
    message: Message,
    socks: Socks,
}

/// A SASL exchange (RFC 4422), in which the client says nothing but Base64.
#[derive(Debug)]
struct Exchange {
    /// What the reply that ends it begins with, in IMAP.
    tag: Option<Vec<u8>>,
    /// Elsewhere: so many replies to what was said before come first.
    before: u64,
}

/// Text in which passwords are not looked for.
#[derive(Debug, PartialEq, Eq)]
enum Message {
    None,
    /// DATA was said; if the reply is to go on, it begins.
    Asked,
    /// It ends with a lone dot.
    ToDot,
    /// So many bytes, once the server says `+`.
    Literal(u64),
    /// So many bytes.
    Bytes(u64),
}

/// How far SOCKS5 has come (RFC 1928, RFC 1929), whose messages are no lines.
#[derive(Debug, PartialEq, Eq)]
enum Socks {
    /// Nothing has been said yet.
    Unknown,
    /// The client has offered to say a password.
    Offered,
    /// The client says its name and password next.
    Password,
    No,
}

/// The version with which a SOCKS5 client begins, and the method of names and passwords.
const SOCKS5: u8 = 5;
const BY_PASSWORD: u8 = 2;

/// What a client says instead of an answer, to end the exchange (RFC 4954, 4).
const GIVES_UP: &[u8] = b"*";

impl Secrets {
    /// Nothing has been said yet.
    pub(super) fn new() -> Self {
        Self {
            owed: 1,
            exchange: None,
            untagged: false,
            challenged: false,
            goes_on: false,
            literal: 0,
            in_element: false,
            folds: false,
            message: Message::None,
            socks: Socks::Unknown,
        }
    }

    /// Where the secret begins in what the client's line is so far, without its end; `None` if there is none.
    pub(super) fn secret_from(&self, line: &[u8]) -> Option<usize> {
        let all = Some(0);
        match self.socks {
            Socks::Offered | Socks::Password => return all,
            Socks::Unknown => {
                if let Some(from) = password_offered(line) {
                    return Some(from);
                }
            }
            Socks::No => {}
        }
        if matches!(self.message, Message::ToDot | Message::Bytes(_)) {
            return None;
        }
        let answers = self.challenged && line != GIVES_UP;
        if answers
            || self.goes_on
            || self.in_element
            || self.folds_in(line)
            || self.exchange.is_some() && is_base64(line)
        {
            return all;
        }
        match meaning(line) {
            Meaning::Plain => None,
            Meaning::Secret(from) | Meaning::Field(from) | Meaning::Sasl(from, _) => Some(from),
        }
    }

    /// So many bytes that the client says next are a message.
    pub(super) fn message_bytes(&self) -> u64 {
        if let Message::Bytes(count) = self.message { count } else { 0 }
    }

    /// So many of them have been said. Where they end, a line begins.
    pub(super) fn passed(&mut self, count: u64) {
        let left = self.message_bytes().saturating_sub(count);
        self.message = if left == 0 { Message::None } else { Message::Bytes(left) };
    }

    /// The client's line is complete; it is given with its end.
    pub(super) fn client_said(&mut self, said: &[u8]) {
        let line = without_end(said);
        if self.socks == Socks::Unknown {
            self.socks = if password_offered(line).is_some() { Socks::Offered } else { Socks::No };
        }
        if self.message == Message::ToDot {
            if line == b"." {
                self.message = Message::None;
                self.owed += 1;
            }
            return;
        }
        if self.goes_on && self.literal >= said.len() as u64 {
            self.literal -= said.len() as u64;
            self.challenged = false;
            return;
        }
        let in_exchange = is_base64(line) || line == GIVES_UP || line.first() == Some(&b'{');
        let answers = self.challenged || self.goes_on || self.exchange.is_some() && in_exchange;
        let (folds_in, meaning) = (self.folds_in(line), meaning(line));
        self.challenged = false;
        let behind = line.get(usize::try_from(self.literal).unwrap_or(line.len())..).unwrap_or_default();
        let counted = literal(behind).filter(|_| self.goes_on || meaning != Meaning::Plain);
        (self.goes_on, self.literal) = (counted.is_some(), counted.unwrap_or_default());
        self.in_element = if self.in_element { !closes_element(line) } else { opens_element(line) };
        self.folds = folds_in || matches!(meaning, Meaning::Field(_));
        if let Meaning::Sasl(_, tag) = meaning {
            self.untagged |= tag.is_none();
            self.exchange = Some(Exchange { tag: tag.map(<[u8]>::to_vec), before: self.owed });
        }
        if !answers {
            self.message = Message::asked_by(line);
            self.owed += 1;
        }
    }

    /// The server's line is complete; it is given without its end.
    pub(super) fn server_said(&mut self, line: &[u8]) {
        self.look_for_challenge(line);
        if ends_exchange_of_irc(line) {
            self.exchange = None;
        }
        let Some(reply) = Reply::of(line) else { return };
        self.challenged = false;
        if reply.is_error {
            self.literal = 0;
        }
        self.owed = self.owed.saturating_sub(1);
        self.message = match std::mem::replace(&mut self.message, Message::None) {
            Message::Asked if reply.wants_message => Message::ToDot,
            Message::ToDot => Message::None,
            Message::Bytes(_) | Message::Literal(_) if reply.is_error => Message::None,
            other => other,
        };
        let ends = self.exchange.as_mut().is_some_and(|exchange| match &exchange.tag {
            Some(tag) => *tag == reply.first_word,
            None if exchange.before == 0 => true,
            None => {
                exchange.before -= 1;
                false
            }
        });
        if ends {
            self.exchange = None;
        }
    }

    /// The server begins to speak, where the client's line has not come to its end. Whether that is an end all
    /// the same: XMPP and SOCKS have no lines.
    pub(super) fn server_speaks(&mut self, unfinished: &[u8]) -> bool {
        let begins = self.socks == Socks::Unknown && password_offered(unfinished).is_some();
        let ends = begins || self.socks == Socks::Password;
        match self.socks {
            Socks::Unknown if begins => self.socks = Socks::Offered,
            Socks::Unknown | Socks::Password => self.socks = Socks::No,
            Socks::Offered | Socks::No => {}
        }
        let text = unfinished.trim_ascii();
        if self.in_element {
            self.in_element = !(closes_element(text) && text.ends_with(b">"));
            return ends || !self.in_element;
        }
        ends || text.starts_with(b"<") && text.ends_with(b">") && !opens_element(text)
    }

    /// The client begins to speak, where the server's line has not come to its end: a prompt.
    pub(super) fn client_speaks(&mut self, unfinished: &[u8]) {
        if self.socks == Socks::Offered {
            self.socks = if unfinished == [SOCKS5, BY_PASSWORD] { Socks::Password } else { Socks::No };
        }
        self.look_for_challenge(unfinished);
        let prompt = unfinished.to_ascii_lowercase();
        self.challenged |= [&b"password"[..], b"passphrase"].iter().any(|word| contains(&prompt, word));
    }

    fn look_for_challenge(&mut self, line: &[u8]) {
        let exchange = self.exchange.is_some();
        match line {
            b"334" | b"383" | [b'3', b'3', b'4', b' ', ..] | [b'3', b'8', b'3', b' ', ..] => {
                self.challenged |= exchange || self.untagged;
            }
            [b'+'] | [b'+', b' ', ..] => match self.message {
                Message::Literal(count) if !exchange => self.message = Message::Bytes(count),
                _ => self.challenged |= exchange || self.untagged,
            },
            // ManageSieve's challenges are strings (RFC 5804, 2.1).
            [b'"' | b'{', ..] => self.challenged |= exchange,
            _ => {}
        }
    }

    fn folds_in(&self, line: &[u8]) -> bool {
        self.folds && matches!(line, [b' ' | b'\t', ..])
    }
}

impl Message {
    /// What follows this command.
    fn asked_by(line: &[u8]) -> Self {
        let says = |words: &[&str]| after(line, words).is_some();
        if says(&["DATA"]) || says(&["POST"]) || says(&["IHAVE"]) {
            return Self::Asked;
        }
        if let Some(from) = after(line, &["BDAT"]) {
            let (start, end) = word(line, from);
            let digits = line.get(start..end).and_then(|digits| std::str::from_utf8(digits).ok());
            return Self::counted(digits.and_then(|digits| digits.parse().ok()), Self::Bytes);
        }
        if says(&["*", "APPEND"]) || says(&["PUTSCRIPT"]) || says(&["CHECKSCRIPT"]) {
            let waits = !line.ends_with(b"+}");
            return Self::counted(literal(line), if waits { Self::Literal } else { Self::Bytes });
        }
        Self::None
    }

    fn counted(count: Option<u64>, what: fn(u64) -> Self) -> Self {
        count.filter(|count| *count > 0).map_or(Self::None, what)
    }
}

/// A server's line that ends a reply.
struct Reply<'a> {
    first_word: &'a [u8],
    is_error: bool,
    /// 354 and its like.
    wants_message: bool,
}

impl<'a> Reply<'a> {
    fn of(line: &'a [u8]) -> Option<Self> {
        let mut words = line.split(|byte| *byte == b' ');
        let (first_word, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_error = match (first_word, second) {
            (b"334" | b"383", _) => return None,
            ([b'2' | b'3', b'0'..=b'9', b'0'..=b'9'], _) | (b"+OK" | b"OK", _) => false,
            ([b'4' | b'5', b'0'..=b'9', b'0'..=b'9'], _) | (b"-ERR" | b"NO" | b"BYE", _) => true,
            (b"*", _) => return None,
            (_, b"OK") => false,
            (_, b"NO" | b"BAD") => true,
            _ => return None,
        };
        let wants_message = matches!(first_word, b"354" | b"340" | b"335");
        Some(Self { first_word, is_error, wants_message })
    }
}

/// Where a client's first message ends, if it offers SOCKS5 with a name and a password (RFC 1928, 3).
fn password_offered(line: &[u8]) -> Option<usize> {
    let [SOCKS5, count, methods @ ..] = line else { return None };
    let methods = methods.get(..usize::from(*count))?;
    methods.contains(&BY_PASSWORD).then_some(2 + methods.len())
}

/// Whether a server of IRC says what became of an exchange: numerics 902 to 907 (IRCv3, sasl).
fn ends_exchange_of_irc(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == b' ');
    let has_prefix = words.next().is_some_and(|word| word.starts_with(b":"));
    has_prefix && matches!(words.next(), Some([b'9', b'0', b'2'..=b'7']))
}

/// A line without its end: LF, or CRLF.
pub(super) fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}
