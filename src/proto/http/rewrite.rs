//! Makes the head that is passed on from the head that came (RFC 9110, 7.6).
//!
//! A newcomer's trap: what frames the body is never copied but written anew from how the body
//! was understood, so that the next server cannot understand it otherwise; a Connection that
//! names Content-Length changes nothing about it.

use super::{
    answers::{Answer, Next, Status},
    body::{Delivery, Framing, content_length},
    fields::Fields,
    first_line::{RequestLine, StatusLine, Version},
    head::Head,
    target::Destination,
};

/// Fields that are meant for one connection alone, besides those that Connection names.
const HOP_BY_HOP: [&str; 10] = [
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "proxy-authentication-info",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What all exchanges of a proxy share.
#[derive(Debug)]
pub struct Settings {
    /// See [`pseudonym`].
    pub pseudonym: String,
}

/// A name for this run of the proxy that no other has, for Via: 64 random bits make one.
#[must_use]
pub fn pseudonym(random: [u8; 8]) -> String {
    format!("rncat-{:016x}", u64::from_be_bytes(random))
}

/// The head for the origin, which is asked to close after its response.
///
/// # Errors
/// The answer to a request that must not go on.
pub fn request(
    head: Head<RequestLine>,
    to: &Destination,
    path: &[u8],
    framing: Framing,
    pseudonym: &str,
) -> Result<Vec<u8>, Answer> {
    let Head { line, mut fields } = head;
    if fields.all("host").count() > 1 {
        return Err(Answer::new(Status::BadRequest, "there are two Hosts"));
    }
    if has_passed(&fields, pseudonym) {
        return Err(Answer::new(Status::Forbidden, "the request came through this very proxy before"));
    }
    let forwards = forwards_left(&line, &fields)?;
    drop_hop_by_hop(&mut fields);
    // An HTTP/1.0 client does not wait for an interim response, and may not get one.
    let expects = line.version == Version::Http11;
    let keeps = |name: &str| match name.to_ascii_lowercase().as_str() {
        "host" | "content-length" => false,
        "expect" => expects,
        "max-forwards" => forwards.is_none(),
        _ => true,
    };
    fields.retain(keeps);
    fields.push("Via", via(line.version, pseudonym));
    if let Some(forwards) = forwards {
        fields.push("Max-Forwards", forwards.to_string());
    }
    fields.combine();
    push_framing(&mut fields, framing, None);
    fields.push("Connection", Next::Close.option());

    let mut out = [line.method.as_bytes(), b" ", path, b" HTTP/1.1\r\nHost: "].concat();
    out.extend_from_slice(to.host_field().as_bytes());
    out.extend_from_slice(b"\r\n");
    fields.write(&mut out);
    out.extend_from_slice(b"\r\n");
    Ok(out)
}

/// The head for the client; `next` says what becomes of its connection, nothing with an interim
/// response. `head` is one whose framing has been found.
#[must_use]
pub fn response(
    head: Head<StatusLine>,
    framing: Framing,
    delivery: Delivery,
    next: Option<Next>,
    pseudonym: &str,
) -> Vec<u8> {
    // The length that HEAD and 304 tell of is not that of their body.
    let told = if matches!(head.line.status, 100..=199 | 204) || head.fields.has("transfer-encoding") {
        None
    } else {
        content_length(&head).unwrap_or_default()
    };
    let Head { line, mut fields } = head;
    drop_hop_by_hop(&mut fields);
    fields.retain(|name| !name.eq_ignore_ascii_case("content-length"));
    fields.push("Via", via(line.version, pseudonym));
    let framing = if delivery == Delivery::Unwrapped { Framing::UntilClose } else { framing };
    push_framing(&mut fields, framing, told);
    if let Some(next) = next {
        fields.push("Connection", next.option());
    }

    let mut out = format!("HTTP/1.1 {} ", line.status).into_bytes();
    out.extend_from_slice(&line.reason);
    out.extend_from_slice(b"\r\n");
    fields.write(&mut out);
    out.extend_from_slice(b"\r\n");
    out
}

fn via(received: Version, pseudonym: &str) -> String {
    match received {
        Version::Http10 => format!("1.0 {pseudonym}"),
        Version::Http11 => format!("1.1 {pseudonym}"),
    }
}

fn has_passed(fields: &Fields, pseudonym: &str) -> bool {
    let by = |element: &[u8]| {
        element.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).nth(1) == Some(pseudonym.as_bytes())
    };
    fields.elements("via").any(by)
}

/// How often TRACE and OPTIONS may still be passed on; for whom it is all the same, nothing.
fn forwards_left(line: &RequestLine, fields: &Fields) -> Result<Option<u64>, Answer> {
    if !matches!(line.method.as_str(), "TRACE" | "OPTIONS") {
        return Ok(None);
    }
    let mut values = fields.all("max-forwards");
    let Some(value) = values.next() else { return Ok(None) };
    let is_number = values.next().is_none() && value.iter().all(u8::is_ascii_digit);
    let left = str::from_utf8(value).ok().filter(|_| is_number).and_then(|digits| digits.parse::<u64>().ok());
    match (left, line.method.as_str()) {
        (Some(left @ 1..), _) => Ok(Some(left - 1)),
        (Some(0), "OPTIONS") => Err(Answer::new(Status::Ok, "this is the proxy that Max-Forwards leads to")),
        (Some(0), _) => Err(Answer::new(Status::NotImplemented, "this proxy does not send back what it gets")),
        (None, _) => Err(Answer::new(Status::BadRequest, "Max-Forwards is not a number")),
    }
}

fn drop_hop_by_hop(fields: &mut Fields) {
    let named: Vec<String> =
        fields.elements("connection").map(|name| String::from_utf8_lossy(name).to_ascii_lowercase()).collect();
    fields.retain(|name| {
        let name = name.to_ascii_lowercase();
        !HOP_BY_HOP.contains(&name.as_str()) && !named.contains(&name)
    });
}

fn push_framing(fields: &mut Fields, framing: Framing, told: Option<u64>) {
    match (framing, told) {
        (Framing::Chunked, _) => fields.push("Transfer-Encoding", "chunked"),
        (Framing::Length(length), _) | (Framing::Empty, Some(length)) => {
            fields.push("Content-Length", length.to_string());
        }
        (Framing::Empty | Framing::UntilClose, _) => {}
    }
}

#[cfg(test)]
mod tests;
