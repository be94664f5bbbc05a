//! A running program: what is typed at it, what it shows and says, how it leaves.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::judge::deadline;
use super::scratch::Scratch;
use super::seen::{Output, Seen, Watch, fail};
use super::stdio::{Pty, Reader, Typist};

/// One run of the program under test. It is killed when this is dropped.
pub(crate) struct Session {
    child: Child,
    watch: Arc<Watch>,
    typist: Typist,
    reader: Reader,
    pty: Option<Pty>,
    scratch: Scratch,
    shown: usize,
    addresses: Vec<SocketAddr>,
}

impl Session {
    pub(super) fn new(
        child: Child,
        watch: Arc<Watch>,
        (typist, reader, pty): (Typist, Reader, Option<Pty>),
        scratch: Scratch,
    ) -> Self {
        let pid = Pid::from_child(&child);
        let watcher = Arc::clone(&watch);
        std::thread::spawn(move || {
            // NOWAIT leaves the status to be fetched, so that the pid stays ours until then.
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            watcher.note(|seen| seen.exited = true);
        });
        let addresses = Vec::new();
        let mut session = Self { child, watch, typist, reader, pty, scratch, shown: 0, addresses };
        if matches!(session.reader, Reader::Eager(_)) {
            session.reads_stdout();
        }
        session
    }

    /// Waits until it listens, and finds out where.
    #[track_caller]
    pub(super) fn listening_on(mut self, port: u16) -> Self {
        let told = self.watch.until("a listening socket", |seen| {
            if seen.exited && seen.stderr.ended {
                return Some(None);
            }
            let lines = lines(&seen.stderr);
            lines.iter().any(|line| line == "NCAT TEST: LISTEN").then_some(())?;
            let told: Vec<_> = lines.iter().filter_map(|line| listening_address(line)).collect();
            match (port, told.is_empty()) {
                (0, true) => None,
                (0, false) => Some(Some(told)),
                (chosen, _) => Some(Some(vec![SocketAddr::from(([127, 0, 0, 1], chosen))])),
            }
        });
        let Some(told) = told else { fail("it left instead of listening") };
        self.addresses = told;
        self
    }

    /// Where it listens; the first of several addresses.
    pub(crate) fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// Every address it listens on.
    pub(crate) fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The directory of its files.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    /// The terminal, by the very description that the program has.
    pub(crate) fn terminal(&self) -> &OwnedFd {
        &self.pty.as_ref().unwrap().theirs
    }

    /// Gives it something on stdin.
    #[track_caller]
    pub(crate) fn types(&self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let patience = deadline().saturating_duration_since(std::time::Instant::now());
        let taken = self.typist.write(text, patience);
        if taken < text.len() {
            fail(&format!("stdin took {taken} of {} bytes", text.len()));
        }
    }

    /// Gives it all that stdin takes until it takes nothing more; tells how much that was.
    pub(crate) fn types_until_blocked(&self, text: &[u8]) -> usize {
        self.typist.write(text, super::ms(500))
    }

    /// Ends stdin; at a terminal, with Ctrl-D.
    pub(crate) fn ends_stdin(&mut self) {
        self.typist.end();
    }

    /// Types in the background, and ends stdin afterwards: more than the pipe holds.
    pub(crate) fn types_all(&mut self, bytes: Vec<u8>) {
        let mut typist = std::mem::replace(&mut self.typist, Typist::Nobody);
        let patience = deadline().saturating_duration_since(std::time::Instant::now());
        std::thread::spawn(move || {
            typist.write(&bytes, patience);
            typist.end();
        });
    }

    /// Begins to read a stdout that nobody has read.
    pub(crate) fn reads_stdout(&mut self) {
        match std::mem::replace(&mut self.reader, Reader::Nobody) {
            Reader::Eager(stream) => self.watch.collect(stream, |seen| &mut seen.stdout),
            Reader::Waiting(pipe) => self.watch.collect(pipe, |seen| &mut seen.stdout),
            Reader::Nobody => {}
        }
    }

    /// Takes the reader of an unread stdout away.
    pub(crate) fn drops_stdout(&mut self) {
        self.reader = Reader::Nobody;
    }

    /// The next thing on stdout is this.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: impl AsRef<[u8]>) {
        let text = text.as_ref();
        let from = self.shown;
        let wanted = format!("\"{}\" on stdout", text.escape_ascii());
        let seen = self.watch.until(&wanted, |seen| {
            let there = &seen.stdout.bytes[from..];
            let enough = there.len() >= text.len() || seen.stdout.ended;
            enough.then(|| there[..there.len().min(text.len())].to_vec())
        });
        if seen != text {
            fail(&format!("{wanted} was expected; \"{}\" came", seen.escape_ascii()));
        }
        self.shown += text.len();
    }

    /// The next so many bytes on stdout.
    #[track_caller]
    pub(crate) fn shows_bytes(&mut self, count: usize) -> Vec<u8> {
        let from = self.shown;
        self.shown += count;
        self.watch.until(&format!("{count} bytes on stdout"), |seen| {
            seen.stdout.bytes.get(from..from + count).map(<[u8]>::to_vec)
        })
    }

    /// The next line on stdout, without its end.
    #[track_caller]
    pub(crate) fn shows_line(&mut self) -> String {
        let from = self.shown;
        let line = self.watch.until("a line on stdout", |seen| {
            let rest = &seen.stdout.bytes[from..];
            let end = rest.iter().position(|&byte| byte == b'\n');
            let line = end.map(|end| rest[..=end].to_vec());
            (line.is_some() || seen.stdout.ended).then_some(line)
        });
        let line = line.unwrap_or_else(|| fail("stdout ended where a line was expected"));
        self.shown += line.len();
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }

    /// The next line on stdout that has this text; those before it are passed over.
    #[track_caller]
    pub(crate) fn shows_line_with(&mut self, text: &str) -> String {
        loop {
            let line = self.shows_line();
            if line.contains(text) {
                return line;
            }
        }
    }

    /// All that is still to come on stdout, to its end.
    #[track_caller]
    pub(crate) fn shows_to_end(&mut self) -> Vec<u8> {
        let from = self.shown;
        let rest =
            self.watch.until("the end of stdout", |seen| seen.stdout.ended.then(|| seen.stdout.bytes[from..].to_vec()));
        self.shown += rest.len();
        rest
    }

    /// Nothing more comes on stdout, which ends.
    #[track_caller]
    pub(crate) fn shows_nothing_more(&mut self) {
        let rest = self.shows_to_end();
        if !rest.is_empty() {
            fail(&format!("nothing was expected; \"{}\" came", rest.escape_ascii()));
        }
    }

    /// A line on stderr that has all these words, whatever comes before and between.
    #[track_caller]
    pub(crate) fn says(&self, words: &[&str]) -> String {
        let line = self.watch.until(&format!("a line with {words:?} on stderr"), |seen| {
            let line = lines(&seen.stderr).into_iter().find(|line| has(line, words));
            (line.is_some() || seen.stderr.ended).then_some(line)
        });
        line.unwrap_or_else(|| fail(&format!("no line with {words:?} on stderr")))
    }

    /// The lines on stderr so far, without the program's name. Complete once it has left.
    pub(crate) fn said(&self) -> Vec<String> {
        let mut said = self.watch.until("", |seen| Some(lines(&seen.stderr)));
        // That line is the language's own: it asked for it.
        said.retain(|line| line != "NCAT TEST: LISTEN");
        said
    }

    /// The whole of stderr so far, as it came.
    pub(crate) fn stderr(&self) -> String {
        let stderr = self.watch.until("", |seen| Some(seen.stderr.bytes.clone()));
        String::from_utf8_lossy(&stderr).into_owned()
    }

    /// How many lines on stderr have these words.
    pub(crate) fn times_said(&self, words: &[&str]) -> usize {
        self.said().iter().filter(|line| has(line, words)).count()
    }

    /// So many lines on stderr have these words, sooner or later.
    #[track_caller]
    pub(crate) fn says_times(&self, words: &[&str], count: usize) {
        self.watch.until(&format!("{count} lines with {words:?} on stderr"), |seen| {
            (lines(&seen.stderr).iter().filter(|line| has(line, words)).count() >= count).then_some(())
        });
    }

    /// Leaves with this status, having said what it had to.
    #[track_caller]
    pub(crate) fn leaves(&mut self, code: i32) {
        let status = self.left();
        if status.code() != Some(code) {
            fail(&format!("exit {code} was expected; it was {status}"));
        }
    }

    /// Leaves by this signal.
    #[track_caller]
    pub(crate) fn dies_of(&mut self, signal: Signal) {
        let status = self.left();
        if status.signal() != Some(signal.as_raw()) {
            fail(&format!("death by {signal:?} was expected; it was {status}"));
        }
    }

    #[track_caller]
    fn left(&mut self) -> ExitStatus {
        self.watch.until("the end of the program", |seen| (seen.exited && seen.stderr.ended).then_some(()));
        self.child.wait().unwrap()
    }

    /// Does not leave for so long.
    #[track_caller]
    pub(crate) fn stays_for(&self, time: Duration) {
        if self.watch.within(time, |seen| seen.exited.then_some(())).is_some() {
            fail("it left");
        }
    }

    /// Shows nothing for so long.
    #[track_caller]
    pub(crate) fn shows_nothing_for(&self, time: Duration) {
        let more = |seen: &Seen| (seen.stdout.bytes.len() > self.shown).then_some(());
        if self.watch.within(time, more).is_some() {
            fail("it showed something");
        }
    }

    /// How often it wakes up, if it does anything, while the test only looks on for a second.
    #[track_caller]
    pub(crate) fn wakes_in_a_second(&self) -> u64 {
        let before = self.times_asleep();
        self.stays_for(super::ms(1000));
        self.times_asleep() - before
    }

    /// How long it computes, in milliseconds, while the test only looks on for a second.
    #[track_caller]
    pub(crate) fn busy_in_a_second(&self) -> u64 {
        let before = self.cpu_time();
        self.stays_for(super::ms(1000));
        self.cpu_time() - before
    }

    /// proc_pid_stat(5): the 14th and the 15th field, of which two stand before the name's end.
    fn cpu_time(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        let ticks: u64 = fields.split_whitespace().skip(11).take(2).map(|it| it.parse::<u64>().unwrap()).sum();
        // USER_HZ is 100 on each machine that rncat is built for.
        ticks * 10
    }

    fn times_asleep(&self) -> u64 {
        self.status("voluntary_ctxt_switches:")
    }

    /// The memory it holds, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// The most memory that it has ever held, in KiB.
    pub(crate) fn peak_kib(&self) -> u64 {
        self.status("VmHWM:")
    }

    /// How many descriptors it has open.
    pub(crate) fn open_descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }

    /// Whether it can gain no privileges, and which kind of system call filter it has: 2 is a list.
    pub(crate) fn restrictions(&self) -> (u64, u64) {
        (self.status("NoNewPrivs:"), self.status("Seccomp:"))
    }

    /// Its users (real, effective, saved, of files), its groups, and those beside.
    pub(crate) fn ids(&self) -> (Vec<u64>, Vec<u64>, Vec<u64>) {
        let numbers = |name| self.status_line(name).split_whitespace().map(|it| it.parse().unwrap()).collect();
        (numbers("Uid:"), numbers("Gid:"), numbers("Groups:"))
    }

    fn status(&self, name: &str) -> u64 {
        self.status_line(name).trim().trim_end_matches(" kB").parse().unwrap()
    }

    fn status_line(&self, name: &str) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        status.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned()
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn is_sent(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(stderr: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&stderr.bytes);
    let whole = text.rsplit_once('\n').map_or("", |(whole, _unfinished)| whole);
    whole.lines().map(without_prefix).map(str::to_owned).collect()
}

/// The two programs differ in the name they put before each line, and in nothing that follows it.
fn without_prefix(line: &str) -> &str {
    line.strip_prefix("rncat: ").or_else(|| line.strip_prefix("Ncat: ")).unwrap_or(line)
}

/// Upper and lower case are the program's own affair: `Connection refused`, `connection refused`.
fn has(line: &str, words: &[&str]) -> bool {
    let line = line.to_lowercase();
    words.iter().all(|word| line.contains(&word.to_lowercase()))
}

fn listening_address(line: &str) -> Option<SocketAddr> {
    let address = line.strip_prefix("Listening on ")?.trim_end_matches('.');
    address.parse().ok()
}
