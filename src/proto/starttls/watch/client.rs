//! What a line of a client means.
//!
//! A newcomer's trap: before the server has said anything, the same line may belong to any protocol.

use super::{Family, lines::Line};

/// How encryption was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    /// `STARTTLS`: SMTP and LMTP (RFC 3207), NNTP (RFC 4642), ManageSieve (RFC 5804), IRC.
    Starttls,
    /// `STLS`: POP3 (RFC 2595).
    Stls,
    /// `AUTH TLS`: FTP (RFC 4217).
    Auth,
    /// `TAG STARTTLS`: IMAP (RFC 9051).
    Tagged(Vec<u8>),
}

impl How {
    /// Whether it is asked for so in this family.
    pub(super) fn fits(&self, family: Family) -> bool {
        match self {
            Self::Starttls => matches!(family, Family::Coded { .. } | Family::Sieve | Family::Irc),
            Self::Stls => family == Family::Pop3,
            Self::Auth => matches!(family, Family::Coded { .. }),
            Self::Tagged(_) => family == Family::Imap,
        }
    }
}

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    Ask(How),
    /// A message follows, up to a lone dot; if not `sure`, only when the server wants it.
    Message {
        sure: bool,
    },
    /// So many bytes follow that are no lines.
    Bytes(u64),
    /// … within the command: it goes on after them. If it `waits`, only when the server wants them.
    Literal {
        size: u64,
        waits: bool,
    },
    /// What follows may be asked for, line by line, and is no command then: a password.
    Challenge,
    /// It belongs to the command before it, and has no reply of its own.
    More,
    Command,
}

/// What `line` is, in a protocol of this family, if that is known yet.
pub(super) fn meaning(line: &Line, family: Option<Family>) -> Meaning {
    let may_be = |is: fn(Family) -> bool| family.is_none_or(is);
    let coded = may_be(|family| matches!(family, Family::Coded { .. }));
    if let Some(how) = asks(line).filter(|how| family.is_none_or(|family| how.fits(family))) {
        return Meaning::Ask(how);
    }
    if coded && (is_alone(line, "DATA") || is_alone(line, "POST") || line.begins_with("IHAVE")) {
        return Meaning::Message { sure: false };
    }
    if coded && line.begins_with("TAKETHIS") {
        return Meaning::Message { sure: true };
    }
    if coded && line.begins_with("BDAT") {
        let size = line.words().nth(1).and_then(|size| str::from_utf8(size).ok()?.parse().ok());
        return size.map_or(Meaning::Command, Meaning::Bytes);
    }
    if (coded || family == Some(Family::Pop3)) && (line.begins_with("AUTH") || line.begins_with("AUTHINFO")) {
        return Meaning::Challenge;
    }
    match (family, line.literal()) {
        (Some(Family::Imap), Some((size, waits))) => return Meaning::Literal { size, waits },
        // RFC 5804, 4: a client's literals never wait.
        (Some(Family::Sieve), Some((size, _))) | (None, Some((size, false))) => {
            return Meaning::Literal { size, waits: false };
        }
        _ => {}
    }
    let is_string = family == Some(Family::Sieve) && line.text().starts_with(b"\"");
    if is_string || line.text().is_empty() { Meaning::More } else { Meaning::Command }
}

/// Whether the server may ask for lines that are no commands because of this one.
pub(super) fn may_be_asked_for_more(line: &Line) -> bool {
    let is = |word: Option<&[u8]>, names: &[&str]| {
        word.is_some_and(|word| names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes())))
    };
    let mut words = line.words();
    // IMAP has them behind a tag (RFC 9051, 6.2.2 and 6.3.13).
    is(words.next(), &["AUTH", "AUTHINFO", "AUTHENTICATE"]) || is(words.next(), &["AUTHENTICATE", "IDLE"])
}

fn is_alone(line: &Line, word: &str) -> bool {
    line.begins_with(word) && line.words().nth(1).is_none()
}

/// Whether a line of the client's may follow that is no command: IMAP (RFC 9051, 6.2.2; RFC 2177).
pub(super) fn is_open(line: &Line) -> bool {
    let is = |name: &str| line.words().nth(1).is_some_and(|word| word.eq_ignore_ascii_case(name.as_bytes()));
    is("AUTHENTICATE") || is("IDLE")
}

/// Whether nothing but a request is in this line, as it should be; a tag is known by its digit.
pub(super) fn is_bare(line: &Line) -> bool {
    match asks(line) {
        Some(How::Starttls | How::Stls) => line.words().nth(1).is_none(),
        Some(How::Auth) => line.words().nth(2).is_none(),
        Some(How::Tagged(tag)) => line.words().nth(2).is_none() && tag.iter().any(u8::is_ascii_digit),
        None => false,
    }
}

/// How this line asks for encryption, if it does.
pub(super) fn asks(line: &Line) -> Option<How> {
    let is = |word: &[u8], name: &str| word.eq_ignore_ascii_case(name.as_bytes());
    let mut words = line.words();
    match (words.next()?, words.next()) {
        // No parameter belongs behind them; what a lenient server makes of one, its reply tells.
        (word, _) if is(word, "STARTTLS") => Some(How::Starttls),
        (word, _) if is(word, "STLS") => Some(How::Stls),
        (word, Some(mechanism)) if is(word, "AUTH") => {
            ["TLS", "SSL", "TLS-C", "TLS-P"].iter().any(|name| is(mechanism, name)).then_some(How::Auth)
        }
        (tag, Some(word)) if is(word, "STARTTLS") && tag != b"*" && tag != b"+" && !is(tag, "HELP") => {
            Some(How::Tagged(tag.to_vec()))
        }
        _ => None,
    }
}
