//! Text from a pipe goes to a mail server with bare LF: suggests `-C`, once.

use super::Filter;
use crate::{proto::evidence::Evidence, report::Report};
use std::rc::Rc;

/// Enough to look at; what has shown no mail server by then is bulk data, in bytes.
const ENOUGH: usize = 64 * 1024;

/// Changes nothing; looks at the first lines.
#[derive(Debug)]
pub struct BareLf {
    report: Report,
    evidence: Rc<Evidence>,
    last: u8,
    found: bool,
    seen: usize,
    done: bool,
}

impl BareLf {
    /// Speaks up once the evidence is that of mail: a port, a greeting, an EHLO.
    #[must_use]
    pub fn new(report: Report, evidence: Rc<Evidence>) -> Self {
        Self { report, evidence, last: 0, found: false, seen: 0, done: false }
    }
}

impl Filter for BareLf {
    fn apply(&mut self, bytes: &mut Vec<u8>, _spare: &mut Vec<u8>) {
        self.found |= is_bare(self.last, bytes);
        self.last = bytes.last().copied().unwrap_or(self.last);
        self.seen += bytes.len();
        // What is not text is nobody's mistake.
        self.done = self.seen > ENOUGH || bytes.contains(&0);
        if self.found && !self.done && self.evidence.is_mail() {
            self.report.note("the lines that are sent end with LF alone, where mail servers want CRLF; try -C");
            self.done = true;
        }
    }

    fn is_done(&self) -> bool {
        self.done
    }
}

fn is_bare(before: u8, bytes: &[u8]) -> bool {
    std::iter::once(&before).chain(bytes).zip(bytes).any(|(before, byte)| *byte == b'\n' && *before != b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_lf_is_found_across_pieces() {
        assert!(is_bare(0, b"\n") && is_bare(0, b"a\nb") && is_bare(b'\n', b"\n"));
        assert!(!is_bare(b'\r', b"\n") && !is_bare(0, b"a\r\nb\r\n") && !is_bare(0, b"a"));
    }
}
