//! A session in writing, for the tests of conversations. A line of it begins with what it is:
//!
//! | | |
//! |---|---|
//! | `C: ` `B: ` | a line, so many bytes of the client's, whose turn it is |
//! | `M: ` | a message of the client's, up to its lone dot |
//! | `-C: ` `-B: ` `-M: ` | the same, but they are not to be sent |
//! | `S: ` | a line of the server's, which is awaited |
//! | `s: ` | one that is not |
//! | `s+ ` `S+ ` | likewise, but so many bytes `x` instead of a line |
//! | `END` `CUT` | the server says no more, as it may or may not |
//! | `! ` | the reply that was complete with what stands before it: its kind, its line |
//!
//! It is played twice, once byte by byte: every reply has to come with the byte that completes it. And what its
//! first line has shown, before any of it was heard, has to be its kind.

use super::{Conversation, Kind, Next, Reply, Turn};
use crate::{error::Result, proto::testing::split};

/// Plays a session; whose turn it is after it.
#[track_caller]
pub(super) fn play(begin: &dyn Fn() -> Box<dyn Conversation>, session: &str) -> Turn {
    let by_line = play_in(begin().as_mut(), session, usize::MAX);
    assert_eq!(by_line, play_in(begin().as_mut(), session, 1), "{session}");
    by_line
}

/// What is heard in pieces of these sizes, over and over.
pub(super) fn hear(conversation: &mut dyn Conversation, bytes: &[u8], sizes: &[usize]) -> (Vec<Reply>, Result<()>) {
    let mut replies = Vec::new();
    let mut pieces = split(bytes, sizes).into_iter();
    let result = pieces.try_for_each(|piece| conversation.heard(piece, &mut replies));
    (replies, result)
}

#[track_caller]
fn play_in(conversation: &mut dyn Conversation, session: &str, size: usize) -> Turn {
    let mut pending: Vec<Reply> = Vec::new();
    let mut shown: Vec<(String, Option<Kind>)> = Vec::new();
    for step in session.lines().map(str::trim_start).filter(|step| !step.is_empty()) {
        let (what, rest) = step.split_once(' ').unwrap_or((step, ""));
        if what != "!" {
            assert_eq!(pending, [], "before {step:?}");
        }
        match what {
            "C:" | "-C:" => {
                conversation.peek(rest.as_bytes());
                let turn = if what == "C:" { Turn::Line } else { Turn::SkipLine };
                assert_eq!(conversation.turn(), turn, "{step:?}");
                conversation.said(rest.as_bytes());
            }
            "B:" | "-B:" => {
                let count = rest.parse().unwrap();
                let turn = if what == "B:" { Turn::Bytes(count) } else { Turn::SkipBytes(count) };
                assert_eq!(conversation.turn(), turn, "{step:?}");
                // In two parts, for it is the layer's to say how many.
                conversation.said_bytes(count / 2);
                conversation.said_bytes(count - count / 2);
            }
            "M:" | "-M:" => {
                let turn = if what == "M:" { Turn::Message } else { Turn::Skip };
                assert_eq!(conversation.turn(), turn, "{step:?}");
                conversation.said_message();
            }
            "S:" | "s:" | "S+" | "s+" => {
                assert_eq!(conversation.turn() == Turn::Wait, what.starts_with('S'), "{step:?}");
                let bytes = match what {
                    "S+" | "s+" => vec![b'x'; rest.parse().unwrap()],
                    _ => format!("{rest}\r\n").into_bytes(),
                };
                if conversation.next() == Next::Reply {
                    shown.push((rest.to_owned(), conversation.kind(&bytes)));
                }
                for piece in bytes.chunks(size) {
                    assert_eq!(pending, [], "within {step:?}");
                    conversation.heard(piece, &mut pending).unwrap();
                }
            }
            "END" | "CUT" => {
                let may_end = conversation.may_end();
                pending.extend(conversation.ended());
                assert_eq!(may_end, what == "END", "{step:?}");
            }
            "!" => {
                let (kind, line) = rest.split_once(' ').unwrap();
                let reply = pending.remove(0);
                assert_eq!((word(reply.kind), reply.line.as_slice()), (kind, line.as_bytes()), "{step:?}");
                // HTTP's classes are others, and where a literal is quoted the line is not the one that came.
                let tells = conversation.next() != Next::Unknown && !line.starts_with("HTTP");
                if let Some((_, was_shown)) = shown.iter().rfind(|(shown, _)| tells && shown == line) {
                    assert_eq!(*was_shown, Some(reply.kind), "{step:?}");
                }
            }
            _ => panic!("{step:?}"),
        }
    }
    assert_eq!(pending, []);
    conversation.turn()
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Success => "success",
        Kind::Continue => "continue",
        Kind::Transient => "transient",
        Kind::Permanent => "permanent",
    }
}
