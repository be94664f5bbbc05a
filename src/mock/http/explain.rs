//! What is wrong with a request, in plain words, and what would be right.
//!
//! A newcomer's trap: whoever reads this has typed the request. A number and a phrase would do for a program, but
//! he has to find out which line it was and what belongs there.

use super::answer::Refusal;
use crate::{
    error::why,
    proto::http::{
        answers::Status,
        body::BadFraming,
        chunked::BadChunk,
        first_line::{RequestLine, Version, is_token},
        head::{BadHead, FIELDS, HEAD, Head, LINE},
    },
    report::escape,
};
use std::{io, time::Duration};

const EXAMPLE: &str = "\
A request is a line like the first of these, then fields, then an empty line:

GET / HTTP/1.1
Host: localhost

";
const BODY: &str = "\
What comes behind a request is the next one, unless a field Content-Length tells how long a body is.
";
const FIELD: &str = "\
A field is a line with a name, a colon and a value, as in
Host: localhost
";
const LENGTH: &str = "\
A body needs one Content-Length, with its length in bytes, or Transfer-Encoding: chunked, but not both:

POST / HTTP/1.1
Host: localhost
Content-Length: 5

hello
";
const CHUNKS: &str = "\
A chunk is its size in hexadecimal, CR LF, so many bytes, CR LF. The last one has the size 0, and an empty line
follows. LF alone does not end a line here; rncat -C sends CR LF. The body \"hello\":

5
hello
0

";

/// Those that are often typed; any other is taken as it is.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"];

/// Why this is not a head, of which so much has come.
pub(super) fn bad_head(bad: BadHead, raw: &[u8], tls: bool) -> Refusal {
    let mut lines = raw.split_inclusive(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let mut fields = lines.peekable();
    match bad {
        BadHead::LineTooLong => {
            Refusal::new(Status::UriTooLong, format!("the first line is longer than {LINE} bytes"), EXAMPLE)
        }
        BadHead::TooLarge => {
            let why = format!("it has more than {FIELDS} fields, or than {HEAD} bytes before its body");
            Refusal::new(Status::HeadTooLarge, why, EXAMPLE)
        }
        BadHead::Version => {
            let advice = "HTTP/1.1 and HTTP/1.0 are. Some clients can be told so, as in curl --http1.1\n";
            Refusal::new(Status::VersionNotSupported, format!("\"{}\" is not spoken here", shown(first)), advice)
        }
        BadHead::Malformed(why) if fields.peek().is_none() => bad_first_line(first, why, tls),
        BadHead::Malformed(why) => fields.find_map(bad_field).unwrap_or_else(|| self::bad(why, FIELD)),
    }
}

/// What a head that can be read must not be.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check(head: &Head<RequestLine>) -> Result<(), Refusal> {
    let RequestLine { method, target, version } = &head.line;
    if method == "CONNECT" {
        let advice = "rncat -l --proxy-type http is one.\n";
        return Err(Refusal::new(Status::NotImplemented, "CONNECT is for proxies, which this is not", advice));
    }
    if METHODS.iter().any(|known| known.eq_ignore_ascii_case(method) && known != method) {
        let why = format!("there is no method {method}; {} is one", method.to_ascii_uppercase());
        return Err(Refusal::new(Status::NotImplemented, why, EXAMPLE));
    }
    check_target(method, target)?;
    check_host(head)?;
    match head.fields.elements("expect").find(|it| !it.eq_ignore_ascii_case(b"100-continue")) {
        Some(other) if *version == Version::Http11 => {
            let why = format!("\"{}\" cannot be expected", escape(other));
            Err(Refusal::new(Status::ExpectationFailed, why, "100-continue can.\n"))
        }
        _ => Ok(()),
    }
}

/// Why the end of its body cannot be found.
pub(super) fn bad_framing(bad: BadFraming) -> Refusal {
    match bad {
        BadFraming::Unclear(why) => self::bad(why, LENGTH),
        BadFraming::UnknownCoding => {
            let why = "this Transfer-Encoding is not known here; chunked is";
            Refusal::new(Status::NotImplemented, why, LENGTH)
        }
    }
}

/// Why these are no chunks.
pub(super) fn bad_chunk(bad: BadChunk) -> Refusal {
    self::bad(bad.0, CHUNKS)
}

/// More than so many bytes.
pub(super) fn too_long(longest: u64) -> Refusal {
    let advice = format!("{longest} bytes are the most that this server keeps.\n");
    Refusal::new(Status::ContentTooLarge, "the body is too long", advice)
}

/// The client has said that it will send no more. `in_body`: the head was complete.
pub(super) fn cut_short(in_body: bool) -> Refusal {
    match in_body {
        true => bad("the connection ended before the body did", LENGTH),
        false => bad("the connection ended before the empty line that ends the fields", EXAMPLE),
    }
}

/// Nothing has come for so long.
pub(super) fn too_slow(time: Duration, in_body: bool) -> Refusal {
    let (what, advice) = match in_body {
        true => ("the rest of the body", LENGTH),
        false => ("the rest of the request", EXAMPLE),
    };
    Refusal::new(Status::RequestTimeout, format!("nothing of {what} has come for {} s", time.as_secs_f32()), advice)
}

/// There is no room for it.
pub(super) fn not_kept(error: &io::Error) -> Refusal {
    let why = format!("the request cannot be kept: {}", why(error));
    Refusal::new(Status::InternalServerError, why, "The fault is this server's.\n")
}

fn bad(why: impl Into<std::borrow::Cow<'static, str>>, advice: &'static str) -> Refusal {
    Refusal::new(Status::BadRequest, why, advice)
}

fn bad_first_line(line: &[u8], why: &'static str, tls: bool) -> Refusal {
    let words = line.trim_ascii_end().split(|byte| *byte == b' ').count();
    match line {
        // A record of TLS that carries a handshake (RFC 8446, 5.1).
        [0x16, ..] if !tls => bad(
            "this is TLS, and plain HTTP is spoken here",
            "Say http:// instead of https://, or start rncat with --ssl.\n",
        ),
        [b' ' | b'\t', ..] => bad("the request line begins with a blank", EXAMPLE),
        // Answered at its first byte.
        [first, ..] if !is_token(*first) => bad(why, EXAMPLE),
        [.., b'\n'] if words == 2 => {
            bad(format!("\"{}\" has no version, which is HTTP/1.1 or HTTP/1.0", shown(line)), EXAMPLE)
        }
        // Behind a request it was meant to be its body.
        [.., b'\n'] if words == 1 => {
            Refusal::new(Status::BadRequest, format!("\"{}\": {why}", shown(line)), format!("{BODY}{EXAMPLE}"))
        }
        [.., b'\n'] => bad(format!("\"{}\": {why}", shown(line)), EXAMPLE),
        _ => bad(why, EXAMPLE),
    }
}

/// What is wrong with a line of the fields, if it is that line.
fn bad_field(line: &[u8]) -> Option<Refusal> {
    let line = line.strip_suffix(b"\n")?;
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let name = line.iter().position(|byte| *byte == b':').and_then(|colon| line.get(..colon));
    let why = match (line, name) {
        ([], _) => return None,
        ([b' ' | b'\t', ..], _) => "begins with a blank; fields of several lines are no longer allowed (RFC 9112, 5.2)",
        _ if line.contains(&b'\r') => "has a CR without LF",
        (_, None) => "has no colon",
        (_, Some([])) => "has no name",
        (_, Some([.., b' ' | b'\t'])) => "has a blank before the colon (RFC 9112, 5.1)",
        (_, Some(name)) if !name.iter().all(|byte| is_token(*byte)) => "has a name with characters that no name has",
        _ if line.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t') => "has control characters",
        _ => return None,
    };
    Some(bad(format!("the line \"{}\" {why}", shown(line)), FIELD))
}

/// The forms of a target (RFC 9112, 3.2).
fn check_target(method: &str, target: &[u8]) -> Result<(), Refusal> {
    let scheme = target.windows(3).position(|part| part == b"://").and_then(|end| target.get(..end));
    match target {
        [b'/', ..] => Ok(()),
        b"*" if method == "OPTIONS" => Ok(()),
        b"*" => Err(bad("* is for OPTIONS", EXAMPLE)),
        _ if scheme.is_some_and(|scheme| matches!(scheme.to_ascii_lowercase().as_slice(), b"http" | b"https")) => {
            Ok(())
        }
        _ => Err(bad(format!("the path \"{}\" does not begin with /", escape(target)), EXAMPLE)),
    }
}

/// Host (RFC 9112, 3.2).
fn check_host(head: &Head<RequestLine>) -> Result<(), Refusal> {
    let mut hosts = head.fields.all("host");
    match (hosts.next(), hosts.next()) {
        (None, _) if head.line.version == Version::Http11 => {
            Err(bad("there is no Host, which HTTP/1.1 wants", EXAMPLE))
        }
        (None, _) => Ok(()),
        (Some(_), Some(_)) => Err(bad("there are two Hosts", EXAMPLE)),
        (Some(host), None) if host.iter().all(|byte| is_host(*byte)) => Ok(()),
        (Some(host), None) => Err(bad(format!("\"{}\" is not a host", escape(host)), EXAMPLE)),
    }
}

/// A character of a host and a port (RFC 3986, 3.2).
fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

fn shown(line: &[u8]) -> String {
    escape(line.trim_ascii_end())
}
