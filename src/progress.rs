//! How far a session is, on one line of stderr: `--progress`, and by itself where bytes go from a pipe or file
//! into another while somebody watches.
//!
//! A newcomer's trap: no byte is counted here. An alarm looks at what the relay has counted anyway, so that the
//! shortcut through the kernel stays in use.

use crate::{relay::Traffic, report::Report, transport::stdio};
use mio::Token;
use rustix::fs::{FileType, SeekFrom, fstat, seek};
use std::{
    fmt,
    io::IsTerminal,
    os::fd::AsFd,
    time::{Duration, Instant},
};

/// How long a session has to last before it is of interest.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often the line at a terminal is drawn anew.
const REDRAWN: Duration = Duration::from_millis(200);

/// How often there is a line in a file.
const LOGGED: Duration = Duration::from_secs(10);

/// See the module's description.
#[derive(Debug)]
pub(crate) struct Progress {
    /// Its alarms come under this.
    pub(crate) token: Token,
    terminal: bool,
    /// What there is to send, in bytes, if stdin is a file.
    size: Option<u64>,
    last: Option<(Instant, u64)>,
    /// Bytes a second, lately.
    rate: Option<f64>,
}

impl Progress {
    /// If it is `wanted`; or if nothing was said of it and it would be of use: somebody sees stderr, and neither
    /// what he types nor what he is shown would be mixed with it.
    pub(crate) fn new(wanted: Option<bool>, report: Report, token: Token) -> Option<Self> {
        let terminal = std::io::stderr().is_terminal();
        let piped = stdio::stdin_kind() != stdio::Kind::Terminal && !stdio::stdout_is_terminal();
        let useful = terminal && piped && !report.is_quiet();
        wanted.unwrap_or(useful).then(|| Self { token, terminal, size: left_in_stdin(), last: None, rate: None })
    }

    /// When to look first.
    pub(crate) fn begins(&self) -> Duration {
        PATIENCE
    }

    /// Shows how much has passed by `now`, if anybody is there, and says when to look again.
    pub(crate) fn show(&mut self, traffic: Option<Traffic>, now: Instant, report: Report) -> Duration {
        match traffic {
            Some(traffic) => {
                self.measure(traffic.sent + traffic.received, now);
                let left = self.size.map(|size| size.saturating_sub(traffic.sent));
                let line = Line { sent: traffic.sent, received: traffic.received, rate: self.rate, left };
                if self.terminal { report.draw(&line) } else { report.answer(&line) }
            }
            None => (self.last, self.rate) = (None, None),
        }
        if self.terminal { REDRAWN } else { LOGGED }
    }

    /// The rate moves slowly, so that it can be read.
    fn measure(&mut self, count: u64, now: Instant) {
        if let Some((then, before)) = self.last
            && now > then
        {
            #[allow(clippy::cast_precision_loss)]
            let rate = count.saturating_sub(before) as f64 / (now - then).as_secs_f64();
            self.rate = Some(self.rate.map_or(rate, |old| old.mul_add(0.8, rate * 0.2)));
        }
        self.last = Some((now, count));
    }
}

/// What is between stdin's place and its end, if it is a file.
fn left_in_stdin() -> Option<u64> {
    let stdin = std::io::stdin();
    let stat = fstat(stdin.as_fd()).ok().filter(|stat| FileType::from_raw_mode(stat.st_mode).is_file())?;
    let place = seek(stdin.as_fd(), SeekFrom::Current(0)).ok()?;
    u64::try_from(stat.st_size).ok()?.checked_sub(place)
}

/// What is shown.
struct Line {
    sent: u64,
    received: u64,
    rate: Option<f64>,
    left: Option<u64>,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[allow(clippy::cast_precision_loss)]
        let [sent, received] = [self.sent, self.received].map(|count| Size(count as f64));
        write!(f, "{sent} sent, {received} received")?;
        let Some(rate) = self.rate else { return Ok(()) };
        write!(f, ", {}/s", Size(rate))?;
        match self.left {
            #[allow(clippy::cast_precision_loss)]
            Some(left @ 1..) if rate >= 1.0 => write!(f, ", {} left", Clock(left as f64 / rate)),
            _ => Ok(()),
        }
    }
}

/// A number of bytes, as people read it.
struct Size(f64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut size = self.0;
        if size < 1024.0 {
            return write!(f, "{size:.0} B");
        }
        for unit in ["KiB", "MiB", "GiB"] {
            size /= 1024.0;
            if size < 1023.95 {
                return write!(f, "{size:.1} {unit}");
            }
        }
        write!(f, "{:.1} TiB", size / 1024.0)
    }
}

/// A time in seconds, as m:ss or h:mm:ss.
struct Clock(f64);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Too long a time becomes the longest there is.
        let time = Duration::try_from_secs_f64(self.0.ceil()).unwrap_or(Duration::MAX).as_secs();
        let (hours, minutes, seconds) = (time / 3600, time / 60 % 60, time % 60);
        match hours {
            0 => write!(f, "{minutes}:{seconds:02}"),
            1..100 => write!(f, "{hours}:{minutes:02}:{seconds:02}"),
            _ => f.write_str("days"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_much_how_fast_and_how_long() {
        let line = |sent, rate, left| Line { sent, received: 12, rate, left }.to_string();
        assert_eq!(line(1000, None, Some(5)), "1000 B sent, 12 B received");
        assert_eq!(line(3 << 20, Some(1024.0), None), "3.0 MiB sent, 12 B received, 1.0 KiB/s");
        assert_eq!(line(1024, Some(10.0), Some(655)), "1.0 KiB sent, 12 B received, 10 B/s, 1:06 left");
        assert_eq!(line(1, Some(1.0), Some(7261)), "1 B sent, 12 B received, 1 B/s, 2:01:01 left");
        assert_eq!(line(1, Some(0.0), Some(9)), "1 B sent, 12 B received, 0 B/s", "nobody knows");
        assert_eq!(line(u64::MAX, Some(1.0), Some(u64::MAX)), "16777216.0 TiB sent, 12 B received, 1 B/s, days left");
    }

    #[test]
    fn the_rate_follows_slowly() {
        let mut progress = Progress { token: Token(1), terminal: true, size: None, last: None, rate: None };
        let now = Instant::now();
        progress.measure(0, now);
        progress.measure(1000, now + Duration::from_secs(1));
        assert_eq!(progress.rate, Some(1000.0));
        progress.measure(1000, now + Duration::from_secs(2));
        assert_eq!(progress.rate, Some(800.0));
    }
}
