//! Looks at the first line that passes: a greeting, a command, or TLS where none is spoken.

use super::Filter;
use crate::{
    proto::evidence::{Evidence, heard, is_tls},
    report::Report,
};
use std::rc::Rc;

/// Enough of the first line to know it by.
const ENOUGH: usize = 128;

/// Changes nothing; tells the [`Evidence`] what the first line shows.
#[derive(Debug)]
pub struct Watch {
    evidence: Rc<Evidence>,
    /// Who is said to speak TLS, if it is found; nobody is when TLS is expected.
    warns: Option<(Report, Rc<str>)>,
    seen: Vec<u8>,
    done: bool,
}

impl Watch {
    /// `warns` is for what comes in clear: where to say that TLS was found, and of whom.
    #[must_use]
    pub fn new(evidence: Rc<Evidence>, warns: Option<(Report, Rc<str>)>) -> Self {
        Self { evidence, warns, seen: Vec::new(), done: false }
    }
}

impl Filter for Watch {
    fn apply(&mut self, bytes: &mut Vec<u8>, _spare: &mut Vec<u8>) {
        let room = ENOUGH.saturating_sub(self.seen.len());
        self.seen.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if let Some(what) = heard(&self.seen) {
            self.evidence.found(what);
            self.done = true;
        } else if is_tls(&self.seen) {
            if let Some((report, name)) = &self.warns {
                report.note(format_args!("{name} speaks TLS; try again with --ssl"));
            }
            self.done = true;
        }
        self.done |= self.seen.contains(&b'\n') || self.seen.len() >= ENOUGH;
    }

    fn is_done(&self) -> bool {
        self.done
    }
}
