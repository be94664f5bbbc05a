//! The replies of nine protocols, and of one that is guessed: the same replies however they are cut, bounded lines.
//!
//! In an input, lines that begin with `>` are the client's, all others the server's.

use super::common::{choices, one_line, pieces};
use rncat::proto::reply::{Conversation, LINE, PROTOCOLS, Reply, Turn, follow::Follower, guess};
use std::rc::Rc;

pub(crate) fn run(data: &[u8]) {
    let Some((which, cut, bytes)) = choices(data, PROTOCOLS.len() + 1) else { return };
    let begin = || PROTOCOLS.get(which).map_or_else(|| guess::begin(None), |it| (it.begin)());
    let whole = talk(&mut *begin(), bytes, 0);
    assert_eq!(talk(&mut *begin(), bytes, cut), whole);
    for reply in &whole.0 {
        assert!(reply.line.len() <= LINE && reply.line.len() <= bytes.len());
    }
    follow(Rc::new(Follower::new(begin(), false)), bytes, cut);
}

fn talk(it: &mut dyn Conversation, bytes: &[u8], cut: u8) -> (Vec<Reply>, Option<String>, Turn) {
    let mut replies = Vec::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        match line.strip_prefix(b">") {
            Some(said) => say(it, said),
            None => {
                for piece in pieces(line, cut) {
                    if let Err(error) = it.heard(piece, &mut replies) {
                        one_line(&error.to_string());
                        return (replies, Some(error.to_string()), Turn::Wait);
                    }
                }
            }
        }
    }
    replies.extend(it.ended());
    (replies, None, it.turn())
}

/// Says this, as far as it is the client's turn.
fn say(it: &mut dyn Conversation, said: &[u8]) {
    let line = said.trim_ascii_end();
    it.peek(line);
    match it.turn() {
        Turn::Line | Turn::SkipLine => it.said(line),
        Turn::Message | Turn::Skip if line == b"." => it.said_message(),
        Turn::Bytes(count) | Turn::SkipBytes(count) => it.said_bytes(count.min(said.len() as u64)),
        Turn::Message | Turn::Skip | Turn::Wait => {}
    }
}

/// Who only follows loses no byte of what is heard.
fn follow(follower: Rc<Follower>, bytes: &[u8], cut: u8) {
    let (mut heard, mut again): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if let Some(said) = line.strip_prefix(b">") {
            follower.said(said);
            continue;
        }
        heard.extend_from_slice(line);
        for mut piece in pieces(line, cut) {
            while !piece.is_empty() {
                let (part, _) = follower.heard(&mut piece);
                assert!(!part.is_empty(), "it goes on");
                again.extend_from_slice(part);
            }
        }
    }
    assert_eq!(again, heard);
}
