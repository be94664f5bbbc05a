//! A protocol that nothing is known of but its lines: one is the reply to one.
//!
//! A newcomer's trap: nothing tells here whether a reply is an error, or whether more lines belong
//! to it. What comes later than the first line is heard, but nobody waits for it.

use super::{Conversation, Kind, Next, Reply, Turn, lines::Lines};
use crate::error::Result;

/// See the module's description.
#[derive(Debug, Default)]
pub struct Line {
    lines: Lines,
    waits: bool,
}

impl Line {
    /// Before a greeting of one line.
    pub(super) fn greeted_first() -> Self {
        Self { waits: true, ..Self::default() }
    }
}

impl Conversation for Line {
    fn turn(&self) -> Turn {
        if self.waits { Turn::Wait } else { Turn::Line }
    }

    fn greeted(&mut self) {
        self.waits = false;
    }

    fn said(&mut self, _: &[u8]) {
        self.waits = true;
    }

    fn heard(&mut self, mut bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()> {
        while let Some(line) = self.lines.line(&mut bytes)? {
            self.waits = false;
            replies.push(Reply { kind: Kind::Success, line: line.into_owned(), unless: None });
        }
        Ok(())
    }

    fn next(&self) -> Next {
        Next::Unknown
    }

    fn kind(&self, _: &[u8]) -> Option<Kind> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::reply::{
        LINE,
        testing::{hear, play},
    };
    use proptest::prelude::*;

    #[test]
    fn a_line_for_a_line() {
        let session = "C: PING
            S: PONG
            ! success PONG
            C:
            S: -ERR is a line like any other
            ! success -ERR is a line like any other
            s: unasked
            ! success unasked
            C: PING";
        assert_eq!(play(&|| Box::new(Line::default()), session), Turn::Wait);
    }

    #[test]
    fn a_greeting_may_come_first() {
        let session = "S: hello\n ! success hello\n C: hi";
        assert_eq!(play(&|| Box::new(Line::greeted_first()), session), Turn::Wait);
    }

    #[test]
    fn an_endless_line_is_an_error() {
        let (replies, result) = hear(&mut Line::default(), &vec![0; LINE + 1], &[1000]);
        assert!(replies.is_empty() && result.is_err());
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_it_is_split(bytes in prop::collection::vec(any::<u8>(), 0..50), sizes in prop::collection::vec(1usize..9, 1..5)) {
            prop_assert_eq!(hear(&mut Line::default(), &bytes, &sizes), hear(&mut Line::default(), &bytes, &[99]));
        }
    }
}
