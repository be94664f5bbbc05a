//! Filters: what changes bytes one way, on a pump. One file each.
//!
//! A newcomer's trap: a filter sees pieces, not lines. CR and LF may come in two reads, and so
//! may the two halves of a word; what has to be remembered between pieces is the filter's.

pub mod chat;
pub mod colour;
pub mod crlf;
pub mod escape;
pub mod hint;
pub mod spacing;
pub mod utf8;
pub mod watch;

/// Something that bytes pass through on their way from a source to its sinks.
pub trait Filter {
    /// Changes `bytes` in place; `spare` is memory to work in, of no content that matters.
    fn apply(&mut self, bytes: &mut Vec<u8>, spare: &mut Vec<u8>);

    /// The source has ended: puts what is still held behind `bytes`.
    fn end(&mut self, _bytes: &mut Vec<u8>) {}

    /// Whether it has seen what it looked for and will change nothing any more; it is then taken
    /// out, so that bulk data is not copied for its sake.
    fn is_done(&self) -> bool {
        false
    }
}
