//! The lines of a file that the peer has to say: what they are, line by line.
//!
//! A newcomer's trap: of a file without line ends, however large, no more is held than a line can have.

use super::{
    inbox::{Inbox, Next},
    template::Speech,
};
use crate::error::{Error, Result};

/// See the module's description.
#[derive(Debug)]
pub(super) struct Listing {
    speech: Speech,
    lines: Inbox,
    wanted: Option<Vec<u8>>,
}

impl Listing {
    /// All that would be said so.
    pub(super) fn new(speech: Speech) -> Self {
        Self { speech, lines: Inbox::default(), wanted: None }
    }

    /// The line that has to come next, without its end; `None` when all have come. `place` is where it is named.
    ///
    /// # Errors
    /// When the file cannot be read any more, or has a longer line than can come.
    pub(super) fn wanted(&mut self, place: &str) -> Result<Option<&[u8]>> {
        while self.wanted.is_none() {
            match self.lines.line() {
                Next::Line(line) => self.wanted = Some(line),
                Next::TooLong => return Err(Error::usage(place, "this file has a longer line than can be compared")),
                Next::NotYet => {
                    let mut more = Vec::new();
                    if !self.speech.next(&mut more, place)? {
                        self.wanted = self.lines.rest();
                        break;
                    }
                    self.lines.push(&more);
                }
            }
        }
        Ok(self.wanted.as_deref())
    }

    /// It has come.
    pub(super) fn has_come(&mut self) {
        self.wanted = None;
    }
}
