//! All that is said on stderr: one line each, remote text escaped.
//!
//! A newcomer's trap: stdout belongs to the peer's bytes; nothing of ours ever goes there, but for the records of
//! `-z --mx`, where there is no peer.

mod outlet;

pub(crate) use outlet::say;

use crate::error::Error;
use std::{
    fmt,
    sync::atomic::{AtomicBool, Ordering},
};

/// Whether the terminal's last line is one that is drawn over by the next.
static DRAWN: AtomicBool = AtomicBool::new(false);

/// Goes to the line's beginning and clears it (ECMA-48, EL).
const CLEAR: &str = "\r\x1b[K";

/// How much is said, and under which name. Small and `Copy`: hand it to whoever has something to say.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    name: &'static str,
    level: u8,
    quiet: bool,
}

impl Report {
    /// `level` is the number of `-v`; `quiet` leaves only errors.
    #[must_use]
    pub fn new(name: &'static str, level: u8, quiet: bool) -> Self {
        Self { name, level, quiet }
    }

    /// A failure; never hidden.
    pub fn error(self, error: &Error) {
        self.line(format_args!("{error}"));
    }

    /// A warning or a suggestion; hidden by `--quiet`.
    pub fn note(self, text: impl fmt::Display) {
        if !self.quiet {
            self.line(format_args!("{text}"));
        }
    }

    /// What somebody has just asked for; not hidden.
    pub fn answer(self, text: impl fmt::Display) {
        self.line(format_args!("{text}"));
    }

    /// What happens, for `-v` (level 1), `-vv` (2: half-closes and timers) and `-vvv` (3: layers).
    pub fn detail(self, level: u8, text: impl fmt::Display) {
        if self.shows(level) {
            self.line(format_args!("{text}"));
        }
    }

    /// Whether details of this level are shown; for those that cost something to find out.
    #[must_use]
    pub fn shows(self, level: u8) -> bool {
        self.level >= level
    }

    /// Whether nothing but errors is wanted.
    #[must_use]
    pub fn is_quiet(self) -> bool {
        self.quiet
    }

    /// A line at a terminal that the next one takes the place of.
    pub fn draw(self, text: impl fmt::Display) {
        DRAWN.store(true, Ordering::Relaxed);
        let _ = say(&format!("{CLEAR}{}: {text}", self.name));
    }

    /// Takes the line that was drawn away.
    pub fn undraw(self) {
        let _ = say(undrawn());
    }

    /// A line for other programs to wait for, without our name before it.
    pub fn announce(self, text: &str) {
        let _ = say(&format!("{}{text}\n", undrawn()));
    }

    /// The program comes to its end: tells what has found no room on stderr meanwhile, if there is some now.
    pub fn finish() {
        outlet::finish();
    }

    fn line(self, text: fmt::Arguments<'_>) {
        // One write a line, so that lines of several processes do not mix; a stderr that
        // cannot be written to is nothing we could tell anyone about.
        let line = format!("{}{}: {text}\n", undrawn(), self.name);
        #[cfg(test)]
        if crate::simulation::hears(&line) {
            return;
        }
        outlet::name(self.name);
        let _ = say(&line);
    }
}

/// What takes away the line that was drawn, if one was.
fn undrawn() -> &'static str {
    if DRAWN.swap(false, Ordering::Relaxed) { CLEAR } else { "" }
}

/// Remote bytes made safe to show on a terminal in one line: what is not printable becomes
/// `\r`, `\n`, `\t` or `\xNN`; text past 200 bytes is cut, with `…`.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    const SHOWN: usize = 200;
    let (shown, cut) = bytes.split_at_checked(SHOWN).unwrap_or((bytes, &[]));
    let mut text = escape_all(shown);
    if !cut.is_empty() {
        text.push('…');
    }
    text
}

/// The same without a limit, for what has one.
#[must_use]
pub fn escape_all(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\r' | '\n' | '\t' => text.extend(c.escape_default()),
                c if steers(c) => text.extend(c.escape_unicode()),
                c => text.push(c),
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

/// Control characters, and those that turn the direction of text or hide in it.
pub(crate) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// Control characters, and those that turn the rest of a line round or begin a new one (U+2028 to U+202E, isolates).
/// What else [`steers`] has is part of words, in Persian say, or of pictures: a text as such keeps it.
pub(crate) fn turns(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_text_cannot_steer_a_terminal() {
        assert_eq!(escape(b"220 mail\r\n"), "220 mail\\r\\n");
        assert_eq!(escape(b"\x1b]0;x\x07"), "\\u{1b}]0;x\\u{7}");
        assert_eq!(escape("grün \u{202e}".as_bytes()), "grün \\u{202e}");
        assert_eq!(escape("a\u{61c}b\u{e0041}".as_bytes()), "a\\u{61c}b\\u{e0041}", "Arabic letter mark, tags");
        assert_eq!(escape(b"\xff"), "\\xff");
    }

    #[test]
    fn what_turns_text_is_told_from_what_joins_letters() {
        for c in ['\x1b', '\u{9b}', '\u{2028}', '\u{202e}', '\u{2066}', '\u{2069}'] {
            assert!(turns(c) && steers(c), "{c:?}");
        }
        for c in ['\u{200c}', '\u{200d}', '\u{e0067}'] {
            assert!(!turns(c) && steers(c), "{c:?}");
        }
    }

    #[test]
    fn long_remote_text_is_cut() {
        let shown = escape(&[b'a'; 300]);
        assert_eq!(shown.chars().count(), 201);
        assert!(shown.ends_with('…'));
    }
}
