//! What the tests of several files need.

use super::{
    answers::Next,
    asking::Authorize,
    exchange::{Connected, Event, Exchange},
    first_line::FirstLine,
    head::{BadHead, Head, HeadReader},
    rewrite::Settings,
    target::Destination,
};
use std::rc::Rc;

/// Everyone may.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Everyone;

impl Authorize for Everyone {
    fn check(&mut self, _: &str, _: &[u8], _: Option<&[u8]>) -> Result<(), Vec<String>> {
        Ok(())
    }
}

pub(super) const PSEUDONYM: &str = "rncat-test";

/// Reads a head that arrives in pieces of these sizes (the last one again and again); what is left.
pub(super) fn read_head<L: FirstLine>(bytes: &[u8], sizes: &[usize]) -> Result<(Option<Head<L>>, Vec<u8>), BadHead> {
    let (mut reader, mut arrived, mut rest) = (HeadReader::default(), Vec::new(), bytes);
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(*sizes.last().unwrap()));
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
        arrived.extend_from_slice(piece);
        rest = later;
        if let Some(head) = reader.read(&mut arrived)? {
            arrived.extend_from_slice(rest);
            return Ok((Some(head), arrived));
        }
        assert!(arrived.len() <= super::head::HEAD);
    }
    Ok((None, arrived))
}

pub(super) fn head_of<L: FirstLine>(text: &str) -> Head<L> {
    read_head(text.as_bytes(), &[text.len()]).unwrap().0.unwrap()
}

/// What became of an exchange.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) to: Option<Destination>,
    pub(super) origin: String,
    pub(super) client: String,
    pub(super) next: Option<Next>,
    /// What the client sent after it.
    pub(super) left: String,
    pub(super) request_is_bad: bool,
    pub(super) response_is_bad: bool,
}

/// One exchange of text, in pieces of so many bytes: first the client's, then the origin's, then their ends.
pub(super) fn exchange(client: &str, origin: &str, size: usize) -> Seen {
    run(client.as_bytes(), origin.as_bytes(), size, &mut Everyone)
}

pub(super) fn run(client: &[u8], origin: &[u8], size: usize, gate: &mut dyn Authorize) -> Seen {
    let mut exchange = Exchange::new(Rc::new(Settings { pseudonym: PSEUDONYM.to_owned() }));
    let (mut seen, mut arrived, mut pieces) = (Seen::default(), Vec::new(), client.chunks(size));
    let mut to_client = Vec::new();
    let mut ended = false;
    let forwards = loop {
        let event = if ended { exchange.client_ended(&arrived) } else { exchange.from_client(&mut arrived, gate) };
        match event {
            Event::Wait if ended => break false,
            Event::Wait => match pieces.next() {
                Some(piece) => arrived.extend_from_slice(piece),
                None => ended = true,
            },
            Event::Answer(answer) => to_client.extend(answer),
            Event::Done(next) => {
                seen.next = Some(next);
                break false;
            }
            Event::Connect(to) => {
                seen.to = Some(to);
                match exchange.connected() {
                    Connected::Tunnel(reply) => {
                        to_client.extend(reply);
                        break false;
                    }
                    Connected::Forward(head) => seen.origin = text(&head),
                }
                break true;
            }
        }
    };
    arrived.extend(pieces.flatten());
    if forwards {
        let mut to_origin = Vec::new();
        let rest = stream(&arrived, size, &mut to_origin, |bytes| exchange.to_origin(bytes).ok());
        seen.request_is_bad = exchange.request_ended().is_err();
        seen.origin.push_str(&text(&to_origin));
        arrived = rest;
        let (mut early, mut pieces) = (Vec::new(), origin.chunks(size));
        while !exchange.has_response()
            && let Some(piece) = pieces.next()
        {
            early.extend_from_slice(piece);
            to_client.extend(exchange.response_head(&mut early));
        }
        early.extend(pieces.flatten());
        stream(&early, size, &mut to_client, |bytes| exchange.from_origin(bytes).ok());
        match exchange.origin_ended() {
            Ok(answer) => to_client.extend(answer),
            Err(_) => seen.response_is_bad = true,
        }
        seen.next = Some(exchange.next());
    }
    seen.client = text(&to_client);
    seen.left = text(&arrived);
    seen
}

/// Passes bytes through in pieces; what is left once nothing is used any more.
fn stream(
    bytes: &[u8],
    size: usize,
    out: &mut Vec<u8>,
    mut pass: impl FnMut(&mut [u8]) -> Option<super::body::Passed>,
) -> Vec<u8> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let mut piece = rest[..size.min(rest.len())].to_vec();
        let Some(passed) = pass(&mut piece) else { break };
        out.extend_from_slice(&piece[..passed.kept]);
        rest = &rest[passed.used..];
        if passed.used == 0 {
            break;
        }
    }
    rest.to_vec()
}

pub(super) fn text(bytes: &[u8]) -> String {
    // One character a byte, so that nothing is lost.
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
