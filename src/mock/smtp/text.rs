//! The mail that follows DATA, up to its end, without the dots that its lines were stuffed with (RFC 5321, 4.5.2).
//!
//! A newcomer's trap: only CR LF, a dot, CR LF is the end. A server that takes LF for an end of line here lets a
//! client smuggle a second mail past a server that does not (CVE-2023-51764). So a CR or LF that stands alone
//! ends nothing, and the mail that has one is refused.

/// Larger mails are refused, in bytes as they are counted on the wire (RFC 1870, 3).
pub(super) const LARGEST: u64 = 25 << 20;

/// How far it has come.
#[derive(Debug, Default)]
pub(super) struct Text {
    at: At,
    size: u64,
    /// How many lines have ended.
    lines: u64,
    stray: Option<Stray>,
}

/// A CR or LF that stood alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stray {
    /// Which of the two.
    pub(super) name: &'static str,
    /// In which line, the first being 1.
    pub(super) line: u64,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Behind CR LF.
    #[default]
    Start,
    /// Behind a dot that begins a line.
    Dot,
    /// Behind that and a CR.
    DotCr,
    Inside,
    Cr,
}

impl Text {
    /// Takes what belongs to the mail, and hands on what it says, with LF at the ends of lines, unless it
    /// will be refused anyway. How many bytes were taken, and whether they have ended it.
    pub(super) fn take(&mut self, bytes: &[u8], mut keep: impl FnMut(&[u8])) -> (usize, bool) {
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            match (self.at, byte) {
                (At::DotCr, b'\n') => return (bytes.len() - rest.len(), true),
                (At::Start, b'.') => self.at = At::Dot,
                (At::Dot, b'\r') => self.at = At::DotCr,
                (At::Cr, b'\n') => {
                    (self.at, self.lines) = (At::Start, self.lines + 1);
                    self.say(b"\n", 2, &mut keep);
                }
                (_, b'\n') => {
                    self.strays("LF");
                    (self.at, self.lines) = (At::Inside, self.lines + 1);
                    self.size += 1;
                }
                (_, b'\r') => {
                    self.has_cr();
                    self.at = At::Cr;
                }
                (_, _) => {
                    self.has_cr();
                    self.at = At::Inside;
                    let more = rest.iter().take_while(|byte| !matches!(byte, b'\r' | b'\n')).count();
                    let from = bytes.len() - rest.len() - 1;
                    let run = bytes.get(from..=from + more).unwrap_or_default();
                    rest = rest.get(more..).unwrap_or_default();
                    self.say(run, run.len(), &mut keep);
                }
            }
        }
        (bytes.len(), false)
    }

    /// How large it is on the wire, without the dots that were added and without its end.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// The first CR or LF that stood alone.
    pub(super) fn stray(&self) -> Option<Stray> {
        self.stray
    }

    /// Whether nothing speaks against it so far.
    pub(super) fn is_good(&self) -> bool {
        self.stray.is_none() && self.size <= LARGEST
    }

    fn say(&mut self, bytes: &[u8], size: usize, keep: &mut impl FnMut(&[u8])) {
        self.size += size as u64;
        if self.is_good() {
            keep(bytes);
        }
    }

    /// A CR that no LF has followed was one alone.
    fn has_cr(&mut self) {
        if matches!(self.at, At::Cr | At::DotCr) {
            self.strays("CR");
            self.size += 1;
        }
    }

    fn strays(&mut self, name: &'static str) {
        self.stray = self.stray.or(Some(Stray { name, line: self.lines + 1 }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is kept, what is left behind the end if there is one, and a stray CR or LF.
    fn taken(bytes: &[u8], piece: usize) -> (Vec<u8>, Option<usize>, Option<Stray>) {
        let (mut text, mut kept, mut at) = (Text::default(), Vec::new(), 0);
        for bytes in bytes.chunks(piece) {
            let (count, ended) = text.take(bytes, |bytes| kept.extend_from_slice(bytes));
            at += count;
            if ended {
                return (kept, Some(at), text.stray());
            }
            assert_eq!(count, bytes.len());
        }
        (kept, None, text.stray())
    }

    #[test]
    fn dots_are_unstuffed_and_one_alone_ends_it() {
        for (sent, kept) in [
            (&b".\r\n"[..], &b""[..]),
            (b"a\r\n.\r\n", b"a\n"),
            (b"\r\n\r\n.\r\n", b"\n\n"),
            (b"..\r\n...\r\n.a.\r\n..a\r\n.\r\n", b".\n..\na.\n.a\n"),
            (b"a.\r\n.\r\n", b"a.\n"),
            (b"\0\xff\x80\r\n.\r\n", b"\0\xff\x80\n"),
        ] {
            let more = [sent, b"QUIT\r\n"].concat();
            assert_eq!(taken(&more, 99), (kept.to_vec(), Some(sent.len()), None), "{}", sent.escape_ascii());
        }
    }

    #[test]
    fn nothing_else_is_its_end() {
        for dot in
            ["\n.\r\n", "\r\n.\n", "\n.\n", "\r.\r\n", "\r\n.\r", "\r.\r", "\r\n.\r\r\n", "\r\n\0.\r\n", "\r\n.\0\r\n"]
        {
            let sent = format!("a\r\nb{dot}MAIL FROM:<x@y.example>\r\n");
            let (_, end, stray) = taken(sent.as_bytes(), 99);
            assert_eq!(end, None, "{}", dot.escape_debug());
            assert_eq!(stray.is_none(), dot.contains('\0'), "{}", dot.escape_debug());
        }
    }

    #[test]
    fn a_cr_or_lf_alone_is_told_with_its_line() {
        let stray = |sent: &str| taken(sent.as_bytes(), 99).2.map(|stray| (stray.name, stray.line));
        assert_eq!(stray("a\nb\r\n.\r\n"), Some(("LF", 1)));
        assert_eq!(stray("a\r\nb\rc\nd\r\n.\r\n"), Some(("CR", 2)));
        assert_eq!(stray("a\r\n\r\nb\r\r\n.\r\n"), Some(("CR", 3)));
        assert_eq!(stray("a\r\n.\n.\r\n"), Some(("LF", 2)));
    }

    #[test]
    fn what_is_too_large_is_counted_and_no_more_handed_on() {
        let (mut text, mut kept) = (Text::default(), 0);
        let piece = [b'x'; 1 << 20];
        for _ in 0..40 {
            text.take(&piece, |bytes| kept += bytes.len() as u64);
        }
        assert_eq!((text.size(), kept, text.is_good()), (40 << 20, LARGEST, false));
        assert_eq!(text.take(b"\r\n.\r\nQ", |_| panic!()), (5, true));
    }

    proptest! {
        #[test]
        fn any_pieces_give_the_same(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'.'), any::<u8>()], 0..200),
            piece in 1_usize..20,
        ) {
            prop_assert_eq!(taken(&bytes, piece), taken(&bytes, usize::MAX));
        }

        #[test]
        fn what_is_stuffed_comes_out_as_it_was(lines in proptest::collection::vec("[.a\0é]{0,4}", 0..20)) {
            let stuffed = lines.iter().map(|line| match line.starts_with('.') {
                true => format!(".{line}\r\n"),
                false => format!("{line}\r\n"),
            });
            let sent = stuffed.collect::<String>() + ".\r\n";
            let kept: String = lines.iter().map(|line| format!("{line}\n")).collect();
            prop_assert_eq!(taken(sent.as_bytes(), 7), (kept.into_bytes(), Some(sent.len()), None));
        }
    }
}
