//! Our HTTP proxy: any client, any origin. `=====` stands between what the one says and the other.
//!
//! Whatever is cut where, the origin gets the same request, and the client the same response.

use super::common::{choices, harmless, pieces};
use rncat::proto::http::{
    answers::Next,
    asking::Authorize,
    body::Passed,
    exchange::{Connected, Event, Exchange},
    rewrite::Settings,
};
use std::rc::Rc;

struct Everyone;

impl Authorize for Everyone {
    fn check(&mut self, _: &str, _: &[u8], _: Option<&[u8]>) -> Result<(), Vec<String>> {
        Ok(())
    }
}

pub(crate) fn run(data: &[u8]) {
    let Some((_, cut, bytes)) = choices(data, 1) else { return };
    let mark = b"=====\n";
    let at = bytes.windows(mark.len()).position(|it| it == mark);
    let (client, origin) = at.map_or((bytes, &b""[..]), |at| (&bytes[..at], &bytes[at + mark.len()..]));
    let whole = exchange(client, origin, 0);
    assert_eq!(exchange(client, origin, cut), whole);
    // Fields are combined and added, seldom many.
    assert!(whole.origin.len() <= 4 * client.len() + 1024 && whole.client.len() <= 4 * origin.len() + 4096);
}

/// What became of it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Seen {
    to: Option<String>,
    origin: Vec<u8>,
    client: Vec<u8>,
    next: Option<Next>,
    request_is_bad: bool,
    response_is_bad: bool,
}

fn exchange(client: &[u8], origin: &[u8], cut: u8) -> Seen {
    let mut it = Exchange::new(Rc::new(Settings { pseudonym: "rncat-test".to_owned() }));
    let (mut seen, mut arrived, mut ended) = (Seen::default(), Vec::new(), false);
    let mut offered = pieces(client, cut).into_iter();
    for steps in 0.. {
        assert!(steps <= 16 + 2 * client.len(), "it goes on for ever");
        match if ended { it.client_ended(&arrived) } else { it.from_client(&mut arrived, &mut Everyone) } {
            Event::Wait if ended => return seen,
            Event::Wait => match offered.next() {
                Some(piece) => arrived.extend_from_slice(piece),
                None => ended = true,
            },
            Event::Answer(answer) => seen.client.extend(answer),
            Event::Done(next) => {
                seen.next = Some(next);
                return seen;
            }
            Event::Connect(to) => {
                harmless(&to.host);
                seen.to = Some(format!("{}:{}", to.host, to.port));
                break;
            }
        }
    }
    match it.connected() {
        Connected::Tunnel(reply) => seen.client.extend_from_slice(reply),
        Connected::Forward(head) => {
            seen.origin = head;
            arrived.extend(offered.flatten());
            stream(&pieces(&arrived, cut), &mut seen.origin, |bytes| it.to_origin(bytes).ok());
            seen.request_is_bad = it.request_ended().is_err();
            let (mut early, mut offered) = (Vec::new(), pieces(origin, cut).into_iter());
            while !it.has_response()
                && let Some(piece) = offered.next()
            {
                early.extend_from_slice(piece);
                seen.client.extend(it.response_head(&mut early));
            }
            early.extend(offered.flatten());
            stream(&pieces(&early, cut), &mut seen.client, |bytes| it.from_origin(bytes).ok());
            match it.origin_ended() {
                Ok(answer) => seen.client.extend(answer),
                Err(_) => seen.response_is_bad = true,
            }
            seen.next = Some(it.next());
        }
    }
    seen
}

/// Puts through what belongs to a body.
fn stream(pieces: &[&[u8]], out: &mut Vec<u8>, mut pass: impl FnMut(&mut [u8]) -> Option<Passed>) {
    let mut waiting = Vec::new();
    for piece in pieces {
        waiting.extend_from_slice(piece);
        let Some(passed) = pass(&mut waiting) else { return };
        assert!(passed.used <= waiting.len() && passed.kept <= passed.used);
        out.extend_from_slice(&waiting[..passed.kept]);
        waiting.drain(..passed.used);
    }
}
