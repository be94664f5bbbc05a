//! What a request wants, found in its head and nowhere else.
//!
//! A newcomer's trap: a refused request has a body all the same, and the next request begins
//! after it. So its framing is found out first.

use super::{
    answers::{Answer, Next, Status},
    body::{Body, Delivery, Framing},
    first_line::{RequestLine, Version},
    head::Head,
    rewrite,
    target::{Destination, Wanted},
};

/// The rest of a refused request's body is read up to this size; beyond it the connection is closed.
const SKIPPED: u64 = 64 * 1024;

/// Decides who may use the proxy.
pub trait Authorize {
    /// Asked once for each request; `uri` is the request's target as it was written.
    ///
    /// # Errors
    /// The values of Proxy-Authenticate, one for each scheme.
    fn check(&mut self, method: &str, uri: &[u8], proxy_authorization: Option<&[u8]>) -> Result<(), Vec<String>>;
}

/// How a request was asked, as far as the response depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asker {
    /// Empty until it is known.
    pub(super) method: String,
    pub(super) version: Version,
    /// The client would have its connection go on.
    is_persistent: bool,
    /// The client may keep its body back until it is asked for it.
    expects: bool,
}

/// What a request wants, and what it is to be sent.
#[derive(Debug)]
pub(super) enum Ahead {
    Tunnel,
    /// The head for the origin.
    Forward(Vec<u8>),
}

/// The answer to a request, and its body if that has an end that can be found.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Answer, pub(super) Option<Body>);

impl Default for Asker {
    fn default() -> Self {
        Self { method: String::new(), version: Version::Http11, is_persistent: false, expects: false }
    }
}

impl Asker {
    pub(super) fn new(head: &Head<RequestLine>) -> Self {
        let says_close = |name: &str| head.fields.lists(name, "close");
        let version = head.line.version;
        Self {
            method: head.line.method.clone(),
            version,
            // Not with HTTP/1.0, whatever it asks for (RFC 9112, 9.3).
            is_persistent: version == Version::Http11 && !says_close("connection") && !says_close("proxy-connection"),
            expects: head.fields.has("expect"),
        }
    }

    /// What becomes of the connection when the request is whole.
    pub(super) fn next(&self) -> Next {
        if self.is_persistent { Next::KeepOpen } else { Next::Close }
    }

    /// What becomes of the connection when the request is refused and `body` is still to come.
    pub(super) fn next_after(&self, body: &Body) -> Next {
        let will_come = body.is_over() || (body.is_short(SKIPPED) && !self.expects);
        if will_come { self.next() } else { Next::Close }
    }
}

/// Looks whether a request may go on, and makes of its head the one for the origin.
pub(super) fn understand(
    head: Head<RequestLine>,
    gate: &mut dyn Authorize,
    pseudonym: &str,
) -> Result<(Destination, Ahead, Body), Refused> {
    let RequestLine { method, target, .. } = &head.line;
    let framing = Framing::of_request(&head).map_err(|bad| Refused(bad.into(), None))?;
    let body = Body::new(framing, Delivery::AsIs);
    if method == "CONNECT" && !body.is_over() {
        return Err(Refused(Answer::new(Status::BadRequest, "CONNECT has no body"), None));
    }
    let refused = |answer| Refused(answer, Some(body.clone()));
    let wanted = Wanted::parse(method, target).map_err(refused)?;
    let credentials = credentials(&head).map_err(refused)?;
    gate.check(method, target, credentials).map_err(Answer::unauthorized).map_err(refused)?;
    match wanted {
        Wanted::Tunnel(to) => Ok((to, Ahead::Tunnel, body)),
        Wanted::Forward(to, path) => {
            let head = rewrite::request(head, &to, &path, framing, pseudonym).map_err(refused)?;
            Ok((to, Ahead::Forward(head), body))
        }
    }
}

fn credentials(head: &Head<RequestLine>) -> Result<Option<&[u8]>, Answer> {
    let mut all = head.fields.all("proxy-authorization");
    match (all.next(), all.next()) {
        (first, None) => Ok(first),
        (_, Some(_)) => Err(Answer::new(Status::BadRequest, "there are two Proxy-Authorizations")),
    }
}
