//! A stderr that nobody reads: no client waits for it, and what was not shown is counted.
//!
//! A newcomer's trap: the tests' usual sessions read stderr as it comes. Here it is read when a test says so.

use std::io::{BufRead as _, BufReader, PipeReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::lang::{Peer, Wire, free_port, it, under_test};

/// Far more lines than a pipe has room for.
const CLIENTS: usize = 1000;

/// A program, and its unread stderr.
struct Server {
    child: Child,
    address: SocketAddr,
    stderr: BufReader<PipeReader>,
}

impl Server {
    fn starts(args: &[&str]) -> Self {
        let (stderr, theirs) = std::io::pipe().unwrap();
        // Ncat 7.93 does not tell which port the kernel chose.
        let port = if under_test().is_ours { 0 } else { free_port() };
        let mut command = Command::new(&under_test().path);
        command
            .args(args)
            .arg("127.0.0.1")
            .arg(port.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(theirs);
        let child = command.spawn().unwrap();
        drop(command);
        let mut stderr = BufReader::new(stderr);
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it left instead of listening");
            if let Some((_, address)) = line.trim_end().split_once("Listening on ") {
                let told: SocketAddr = address.parse().unwrap();
                break if port == 0 { told } else { SocketAddr::new(told.ip(), port) };
            }
        };
        Self { child, address, stderr }
    }

    /// What it says, line by line, until that is enough.
    fn says_until(&mut self, enough: impl Fn(&str) -> bool) -> String {
        let mut text = String::new();
        while !enough(&text) {
            assert!(self.stderr.read_line(&mut text).unwrap() > 0, "it left, having said: {text}");
        }
        text
    }

    /// All that it still says, to its end.
    fn says_to_end(&mut self) -> String {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        let mut text = String::new();
        self.stderr.read_to_string(&mut text).unwrap();
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The number in the line that tells how much was not shown.
fn not_shown(text: &str) -> usize {
    let told = text.lines().find_map(|line| line.strip_prefix("rncat: ")?.split_once(" lines were not shown"));
    told.map_or(0, |(count, _)| count.parse().unwrap())
}

#[test]
fn a_stderr_that_nobody_reads_stops_no_client() {
    it(|| {
        let mut server = Server::starts(&["-lkvv", "--sh-exec", "cat 2>&-"]);
        for number in 0..CLIENTS / 3 {
            let mut peer = Peer::dials(&server.address, Wire::Plain);
            peer.sends(format!("{number}\n"));
            peer.hears(format!("{number}\n"));
            peer.half_closes();
            peer.hears_end();
        }
        assert!(not_shown(&server.says_to_end()) > 0);
    });
}

#[test]
fn what_was_not_shown_is_counted_and_told_when_stderr_is_read_again() {
    it(|| {
        let mut server = Server::starts(&["-lkv", "-m", "0"]);
        for _ in 0..CLIENTS {
            let mut peer = Peer::dials(&server.address, Wire::Plain);
            peer.hears_end();
        }
        let denied = |text: &str| text.matches("connection limit reached").count();
        let mut text = server.says_until(|text| denied(text) > CLIENTS / 3);
        Peer::dials(&server.address, Wire::Plain).hears_end();
        text += &server.says_until(|text| not_shown(text) > 0);
        let last = server.says_until(|text| denied(text) > 0);
        assert_eq!((denied(&text) + not_shown(&text), denied(&last)), (CLIENTS, 1), "{text}");
    });
}
