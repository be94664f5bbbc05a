//! What is asked of stdin and stdout.
//!
//! A newcomer's trap: what they are, a terminal or a pipe, is not known here. "Auto" is decided by who opens them.

use std::time::Duration;

/// How stdin and stdout are used.
#[derive(Debug, Clone)]
pub struct Console {
    /// `--send-only`, `--recv-only`.
    pub direction: Direction,
    /// `-C`, `--no-crlf`.
    pub line_ends: LineEnds,
    /// `-d`: the time between lines sent.
    pub delay: Option<Duration>,
    /// False with `--no-shutdown`: stdin's end does not half-close.
    pub shutdown: bool,
    /// `-q`: how long to stay after stdin's end.
    pub quit: Quit,
    /// `--color`: where replies are coloured.
    pub color: Color,
    /// `--raw`: control characters are not escaped at a terminal.
    pub raw: bool,
    /// `-k` in connect mode: the peer's end is no reason to leave while stdin lasts.
    pub outlast_peer: bool,
}

/// How long to stay after stdin's end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Quit {
    /// As long as the peer does; over datagrams, until nothing more has come for a while.
    #[default]
    WithPeer,
    /// So long.
    After(Duration),
    /// For ever.
    Never,
}

impl Quit {
    /// The time, if there is one.
    #[must_use]
    pub fn after(self) -> Option<Duration> {
        match self {
            Self::After(time) => Some(time),
            Self::WithPeer | Self::Never => None,
        }
    }
}

/// Which ways bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Both.
    Both,
    /// What the peer sends is discarded.
    SendOnly,
    /// stdin is never read.
    RecvOnly,
}

/// What happens to the LF that is typed or piped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnds {
    /// At a terminal, CRLF once there is evidence of a protocol that wants it; else as they are.
    Auto,
    /// `-C`: CRLF.
    Crlf,
    /// `--no-crlf`: as they are.
    AsTyped,
}

/// Where replies are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// At a terminal that shows colours, unless NO_COLOR forbids it.
    Auto,
    /// On any stdout.
    Always,
    /// Nowhere.
    Never,
}
