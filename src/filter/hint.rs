//! Text from a pipe goes to a mail server with bare LF: suggests `-C`, once.

use super::Filter;
use crate::report::Report;

/// Changes nothing; looks at the first lines.
#[derive(Debug)]
pub struct BareLf {
    report: Report,
    port: u16,
    last: u8,
    done: bool,
}

impl BareLf {
    /// For text sent to `port`.
    #[must_use]
    pub fn new(report: Report, port: u16) -> Self {
        Self { report, port, last: 0, done: false }
    }
}

impl Filter for BareLf {
    fn apply(&mut self, bytes: &mut Vec<u8>, _spare: &mut Vec<u8>) {
        if self.done {
            return;
        }
        let found = is_bare(self.last, bytes);
        self.last = bytes.last().copied().unwrap_or(self.last);
        // What is not text is nobody's mistake.
        self.done = found || bytes.contains(&0);
        if found && !bytes.contains(&0) {
            self.report.note(format_args!(
                "the lines sent to port {} end with LF alone, where mail servers want CRLF; try -C",
                self.port
            ));
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
