//! One run of the program, under strace or not, with time limits on everything.
//!
//! A newcomer's trap: `strace -D` runs the tracer as a grandchild, so that the process here is the program itself; and
//! the trace is complete when stderr has ended, for strace holds it, too.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use super::faults::Fault;
use super::outcome::Outcome;
use super::trace::Trace;
use crate::lang::{Scratch, ready, under_test};

/// Nothing in a scene takes so long.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// What the program reads on stdin.
pub(super) enum Input {
    /// Nothing: `/dev/null`.
    Null,
    /// A pipe, which ends after these bytes.
    Pipe(Vec<u8>),
    /// A pipe that stays open behind them.
    Held(Vec<u8>),
    /// A file.
    File(Vec<u8>),
}

/// See the module's description.
pub(super) struct Run {
    child: Child,
    ended: OwnedFd,
    held: Option<std::io::PipeWriter>,
    stdout: Chunks,
    stderr: Chunks,
    scratch: Scratch,
    traced: Option<bool>,
}

/// What has come from a pipe, read by a thread.
struct Chunks {
    from: Receiver<Vec<u8>>,
    bytes: Vec<u8>,
    ended: bool,
}

impl Run {
    /// Starts it under strace.
    pub(super) fn traced(args: &str, input: Input, follows: bool, fault: Option<&Fault>) -> Self {
        let scratch = Scratch::new();
        let mut command = Command::new("strace");
        command.args(["-D", "-q", "-s", "0", "-o"]).arg(scratch.path("trace")).args(["-e", &Trace::expression()]);
        if follows {
            command.arg("-f");
        }
        if let Some(fault) = fault {
            command.args(["-e", &fault.injection()]);
        }
        command.arg(&under_test().path);
        Self::start(command, args, input, scratch, Some(follows))
    }

    /// Starts it as the other end.
    pub(super) fn plainly(args: &str, input: Input) -> Self {
        Self::start(Command::new(&under_test().path), args, input, Scratch::new(), None)
    }

    fn start(mut command: Command, args: &str, input: Input, scratch: Scratch, traced: Option<bool>) -> Self {
        let mut held = None;
        command.stdin(match input {
            Input::Null => Stdio::null(),
            Input::File(bytes) => Stdio::from(File::open(scratch.file("stdin", bytes)).unwrap()),
            Input::Pipe(bytes) => {
                let (reader, mut writer) = std::io::pipe().unwrap();
                std::thread::spawn(move || writer.write_all(&bytes));
                Stdio::from(reader)
            }
            Input::Held(bytes) => {
                let (reader, mut writer) = std::io::pipe().unwrap();
                writer.write_all(&bytes).unwrap();
                held = Some(writer);
                Stdio::from(reader)
            }
        });
        let (errors, stderr) = std::io::pipe().unwrap();
        command.stderr(stderr);
        let file = args.contains('>').then(|| Stdio::from(File::create(scratch.path("stdout")).unwrap()));
        let words = args.split_whitespace().filter(|word| *word != ">");
        command.args(words.map(|word| match word {
            "FILE" => scratch.path("file").into_os_string(),
            word => word.into(),
        }));
        let stdout = match file {
            Some(file) => {
                command.stdout(file);
                Chunks { from: channel().1, bytes: Vec::new(), ended: true }
            }
            None => {
                let (reader, writer) = std::io::pipe().unwrap();
                command.stdout(writer);
                Chunks::of(reader)
            }
        };
        let child = command.spawn().unwrap();
        drop(command);
        let ended = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
        Self { child, ended, held, stdout, stderr: Chunks::of(errors), scratch, traced }
    }

    /// Where it listens, or that it has left instead.
    pub(super) fn address(&mut self) -> Option<SocketAddr> {
        let until = Instant::now() + LIMIT;
        loop {
            let text = String::from_utf8_lossy(&self.stderr.bytes).into_owned();
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            let told = whole.lines().find_map(|line| line.split_once("Listening on ")?.1.trim().parse().ok());
            if told.is_some() || !self.stderr.more(until) {
                return told;
            }
        }
    }

    /// A client of it, if it listens.
    pub(super) fn client(&mut self) -> Option<TcpStream> {
        let address = self.address()?;
        let stream = TcpStream::connect_timeout(&address, LIMIT).ok()?;
        stream.set_read_timeout(Some(LIMIT / 4)).ok()?;
        Some(stream)
    }

    /// Waits until so much has come on stdout, or its end, or for a while: whether it has.
    pub(super) fn shows(&mut self, length: usize) -> bool {
        let until = Instant::now() + LIMIT / 4;
        while self.stdout.bytes.len() < length && self.stdout.more(until) {}
        self.stdout.bytes.len() >= length
    }

    /// Whether it still runs a moment later.
    pub(super) fn goes_on(&self) -> bool {
        !ready(&self.ended, PollFlags::IN, LIMIT / 20)
    }

    /// How many descriptors and children it has, when as few are left as will be, or as are `allowed`.
    pub(super) fn has_left(&self, allowed: usize) -> usize {
        let (mut before, mut same) = (usize::MAX, 0);
        let until = Instant::now() + Duration::from_secs(3);
        loop {
            let count = self.count();
            same = if count == before { same + 1 } else { 0 };
            let settled = if allowed == 0 { same == 10 } else { count <= allowed };
            if settled || Instant::now() > until || ready(&self.ended, PollFlags::IN, Duration::from_millis(20)) {
                return count;
            }
            before = count;
        }
    }

    fn count(&self) -> usize {
        let pid = self.child.id();
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        descriptors + children.split_whitespace().count()
    }

    /// Ends it by SIGTERM, unless it is about to end by itself.
    pub(super) fn is_dismissed(&self) {
        if ready(&self.ended, PollFlags::IN, LIMIT / 200) {
            return;
        }
        // Once in a thousand runs the tracer swallows it: it is not caught in these scenes, and cannot be ignored.
        for _ in 0..3 {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            if ready(&self.ended, PollFlags::IN, LIMIT / 3) {
                return;
            }
        }
    }

    /// Waits for its end; a program that hangs is killed.
    fn status(&mut self) -> (bool, ExitStatus) {
        let hung = !ready(&self.ended, PollFlags::IN, LIMIT);
        if hung {
            let _ = self.child.kill();
        }
        (hung, self.child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0)))
    }

    /// All that it has shown; its status does not matter.
    pub(super) fn shown(mut self) -> Vec<u8> {
        self.held = None;
        self.status();
        self.stdout.all().to_vec()
    }

    /// What has come of it; `delivered` is told what was on stdout, or the path of a file.
    pub(super) fn ends(
        mut self,
        left_behind: usize,
        delivered: impl FnOnce(Vec<u8>, &Scratch) -> Vec<(&'static str, Vec<u8>, Vec<u8>)>,
    ) -> Outcome {
        let (mut hung, status) = self.status();
        let mut shown = self.stdout.all().to_vec();
        if let Ok(file) = std::fs::read(self.scratch.path("stdout")) {
            shown = file;
        }
        let stderr = String::from_utf8_lossy(self.stderr.all()).into_owned();
        // Somebody still holds it: a child that was left.
        hung |= !self.stderr.ended;
        let trace = Trace::read(&self.scratch.path("trace"), self.traced == Some(true));
        Outcome { hung, status, stderr, delivered: delivered(shown, &self.scratch), left_behind, trace }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Chunks {
    fn of(pipe: std::io::PipeReader) -> Self {
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let mut pipe = BufReader::with_capacity(64 * 1024, pipe);
            while let Ok(chunk @ [_, ..]) = pipe.fill_buf() {
                let (length, chunk) = (chunk.len(), chunk.to_vec());
                pipe.consume(length);
                if sender.send(chunk).is_err() {
                    break;
                }
            }
        });
        Self { from, bytes: Vec::new(), ended: false }
    }

    /// Whether more has come in time.
    fn more(&mut self, until: Instant) -> bool {
        match self.from.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(chunk) => self.bytes.extend(chunk),
            Err(RecvTimeoutError::Timeout) => return false,
            Err(RecvTimeoutError::Disconnected) => {
                self.ended = true;
                return false;
            }
        }
        true
    }

    /// All there is, to its end.
    fn all(&mut self) -> &[u8] {
        let until = Instant::now() + LIMIT / 2;
        while self.more(until) {}
        &self.bytes
    }
}

/// Sends all, half-closes, and hears to the end.
pub(super) fn exchange(mut stream: TcpStream, bytes: Vec<u8>) -> Vec<u8> {
    let writer = stream.try_clone().unwrap();
    let sending = std::thread::spawn(move || {
        let _ = (&writer).write_all(&bytes);
        let _ = writer.shutdown(std::net::Shutdown::Write);
    });
    let _ = stream.set_read_timeout(Some(LIMIT));
    let mut heard = Vec::new();
    let _ = stream.read_to_end(&mut heard);
    let _ = sending.join();
    heard
}
