//! LF becomes CRLF: always, or from the moment on that a text protocol shows itself.

use super::Filter;
use crate::proto::evidence::{Evidence, typed};
use std::rc::Rc;

/// As much of a typed line as it takes to recognise a protocol by it.
const LINE: usize = 512;

/// Puts a CR before each LF that has none. CR LF stays as it is, also when it comes in two pieces.
#[derive(Debug)]
pub struct Crlf {
    after_cr: bool,
    when: When,
}

#[derive(Debug)]
enum When {
    Always,
    /// Once the evidence is there; the line being typed may be it.
    Evident {
        evidence: Rc<Evidence>,
        line: Vec<u8>,
    },
}

impl Crlf {
    /// For `-C`.
    #[must_use]
    pub fn always() -> Self {
        Self { after_cr: false, when: When::Always }
    }

    /// For a terminal: from the first line on that is typed after, or is itself, the evidence.
    #[must_use]
    pub fn when_evident(evidence: Rc<Evidence>) -> Self {
        Self { after_cr: false, when: When::Evident { evidence, line: Vec::new() } }
    }
}

impl Filter for Crlf {
    fn apply(&mut self, bytes: &mut Vec<u8>, spare: &mut Vec<u8>) {
        spare.clear();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            if let Some(text) = piece.strip_suffix(b"\n") {
                let has_cr = text.last().map_or(self.after_cr, |last| *last == b'\r');
                spare.extend_from_slice(text);
                if !has_cr && self.when.wants_crlf(text) {
                    spare.push(b'\r');
                }
                spare.push(b'\n');
                self.when.line_ends();
                self.after_cr = false;
            } else {
                spare.extend_from_slice(piece);
                self.when.line_goes_on(piece);
                self.after_cr = piece.last() == Some(&b'\r');
            }
        }
        std::mem::swap(bytes, spare);
    }
}

impl When {
    fn wants_crlf(&mut self, end_of_line: &[u8]) -> bool {
        self.line_goes_on(end_of_line);
        match self {
            Self::Always => true,
            Self::Evident { evidence, line } => {
                if let Some(what) = typed(line, evidence.plays_server()) {
                    evidence.found(what);
                }
                evidence.wants_crlf()
            }
        }
    }

    fn line_goes_on(&mut self, text: &[u8]) {
        if let Self::Evident { line, .. } = self {
            let room = LINE.saturating_sub(line.len());
            line.extend_from_slice(text.get(..room).unwrap_or(text));
        }
    }

    fn line_ends(&mut self) {
        if let Self::Evident { line, .. } = self {
            line.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{proto::evidence::Side, report::Report};
    use proptest::prelude::*;

    fn through(filter: &mut Crlf, pieces: &[&[u8]]) -> Vec<u8> {
        let (mut all, mut spare) = (Vec::new(), Vec::new());
        for piece in pieces {
            let mut bytes = piece.to_vec();
            filter.apply(&mut bytes, &mut spare);
            all.extend_from_slice(&bytes);
        }
        all
    }

    fn evidence(side: Side) -> Rc<Evidence> {
        Rc::new(Evidence::new(side, Report::new("rncat", 0, true)))
    }

    #[test]
    fn lf_becomes_crlf_and_crlf_stays() {
        assert_eq!(through(&mut Crlf::always(), &[b"a\nb\r\nc\rd\n\n"]), b"a\r\nb\r\nc\rd\r\n\r\n");
        assert_eq!(through(&mut Crlf::always(), &[b"a\r", b"\nb\r", b"c", b"\n"]), b"a\r\nb\rc\r\n");
    }

    #[test]
    fn a_typed_ehlo_gets_crlf_and_so_does_all_after_it() {
        let mut filter = Crlf::when_evident(evidence(Side::Client));
        assert_eq!(through(&mut filter, &[b"hello\n", b"eh", b"lo me\n", b"NOOP\n"]), b"hello\nehlo me\r\nNOOP\r\n");
    }

    #[test]
    fn a_shell_gets_plain_lf() {
        let mut filter = Crlf::when_evident(evidence(Side::Client));
        assert_eq!(through(&mut filter, &[b"ls -l\n", b"220 files\n"]), b"ls -l\n220 files\n");
    }

    #[test]
    fn a_reply_is_evidence_when_playing_the_server() {
        let mut filter = Crlf::when_evident(evidence(Side::Server));
        assert_eq!(through(&mut filter, &[b"220 me\n"]), b"220 me\r\n");
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_makes_no_difference(text in "[ab\r\n]{0,60}", cuts in prop::collection::vec(0usize..60, 0..6)) {
            let whole = through(&mut Crlf::always(), &[text.as_bytes()]);
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<_> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
            prop_assert_eq!(&through(&mut Crlf::always(), &pieces), &whole);
            let again = through(&mut Crlf::always(), &[&whole]);
            prop_assert_eq!(again, whole);
        }
    }
}
