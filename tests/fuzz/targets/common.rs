//! What several targets need: an input as choices and pieces, and the owner of a connection for a dialogue.
//!
//! A newcomer's trap: choices are read relative to `0`, so that a corpus can be written by hand.

use rncat::{
    error::Exit,
    filter::Filter,
    proto::{Dialogue, Step},
};
use std::path::{Path, PathBuf};

/// The first byte of an input chooses among so many, the second how the rest is cut.
pub(crate) fn choices(data: &[u8], among: usize) -> Option<(usize, u8, &[u8])> {
    let (&[which, cut], rest) = data.split_first_chunk()?;
    Some((usize::from(which.wrapping_sub(b'0')) % among, cut.wrapping_sub(b'0'), rest))
}

/// `bytes` in pieces: none cut for 0, single bytes for 1, otherwise pieces whose lengths vary.
pub(crate) fn pieces(bytes: &[u8], cut: u8) -> Vec<&[u8]> {
    let mut state = u32::from(cut);
    let (mut rest, mut pieces) = (bytes, Vec::new());
    while !rest.is_empty() {
        let length = match cut {
            0 => rest.len(),
            1 => 1,
            _ => {
                state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                1 + (state >> 16) as usize % usize::from(cut)
            }
        };
        let (piece, later) = rest.split_at(length.min(rest.len()));
        pieces.push(piece);
        rest = later;
    }
    pieces
}

/// What came of a dialogue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Played {
    /// The lengths of what was sent: what is said may be random, how much of it not.
    pub(crate) sent: Vec<usize>,
    /// The last step, or the exit status; what is quoted in a message is as much as had come.
    pub(crate) end: Result<Step, Exit>,
    /// What was left over, and not offered.
    pub(crate) rest: Vec<u8>,
}

/// Plays what the other side says, in these pieces, and then its end.
///
/// A dialogue that waits has to keep what it holds below `most` bytes, and to send little for each piece.
pub(crate) fn play(dialogue: &mut dyn Dialogue, bytes: &[u8], cut: u8, most: usize) -> Played {
    let (mut sent, mut arrived) = (Vec::new(), Vec::new());
    let mut offered = pieces(bytes, cut).into_iter();
    let end = loop {
        match dialogue.advance(&mut arrived) {
            Ok(Step::Send(message)) => {
                assert!(message.len() <= 64 * 1024, "a message of {} bytes", message.len());
                sent.push(message.len());
                assert!(sent.len() <= 64 + bytes.len(), "sends without end");
            }
            Ok(Step::Wait) => {
                assert!(arrived.len() <= most, "{} bytes pile up", arrived.len());
                match offered.next() {
                    Some(piece) => arrived.extend_from_slice(piece),
                    None => {
                        let end = dialogue.ended();
                        break if end.is_ok() { end } else { Ok(Step::Wait) };
                    }
                }
            }
            other => break other,
        }
    };
    if let Err(error) = &end {
        one_line(&error.to_string());
    }
    arrived.extend(offered.flatten());
    let end = end.map_err(|error| error.exit());
    let rest = if end.is_ok() { arrived } else { Vec::new() };
    Played { sent, end, rest }
}

/// What is told to a user: not long, and nothing in it that steers a terminal.
pub(crate) fn one_line(text: &str) {
    assert!(text.len() <= 16 * 1024, "{} bytes", text.len());
    harmless(text);
}

/// Nothing in it steers a terminal, turns its text or hides in it (Unicode's Cc, Bidi_Control, zero width).
pub(crate) fn harmless(text: &str) {
    let turns =
        |c: char| matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let bad = text.chars().find(|c| c.is_control() || turns(*c));
    assert_eq!(bad, None, "{text:?}");
}

/// What a filter makes of this, in these pieces.
pub(crate) fn filtered(filter: &mut dyn Filter, bytes: &[u8], cut: u8) -> Vec<u8> {
    let (mut out, mut spare) = (Vec::new(), Vec::new());
    for piece in pieces(bytes, cut) {
        let mut piece = piece.to_vec();
        filter.apply(&mut piece, &mut spare);
        out.append(&mut piece);
    }
    let mut end = Vec::new();
    filter.end(&mut end);
    out.append(&mut end);
    out
}

/// A file with this in it, for what can be read from files alone; it is the same one for each input of a thread.
pub(crate) fn file(bytes: &[u8]) -> TempFile {
    let thread = format!("{:?}", std::thread::current().id());
    let name = format!("rncat-fuzz-{}-{}", std::process::id(), thread.replace(|c: char| !c.is_ascii_digit(), ""));
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, bytes).expect("a temporary file");
    TempFile(path)
}

/// Removed when it is dropped.
#[derive(Debug)]
pub(crate) struct TempFile(PathBuf);

impl TempFile {
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
