//! What the machine offers or does not: programs, IPv6, ports, a server that never answers.

use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

use super::judge::{deadline, skip, under_test};
use super::netcat::Target;
use super::seen::fail;

/// Finds a program, or says that it is not installed.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.is_file());
    if found.is_none() {
        skip(&format!("{name} not installed"));
    }
    found
}

/// Whether this machine has IPv6; if not, that is said.
pub(crate) fn ipv6() -> bool {
    let there = TcpListener::bind("[::1]:0").is_ok();
    if !there {
        skip("IPv6 not available");
    }
    there
}

/// A port that was free a moment ago, for programs that do not tell which one the kernel chose.
pub(crate) fn free_port() -> u16 {
    loop {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        // For UDP, too.
        if UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Listens on one of the given ports, which mean something to the program and so cannot be chosen
/// by the kernel.
pub(crate) fn bound_known_port(ports: &[u16]) -> Option<TcpListener> {
    let bound = ports.iter().find_map(|port| TcpListener::bind(("127.0.0.1", *port)).ok());
    if bound.is_none() {
        skip(&format!("ports {ports:?} are all in use"));
    }
    bound
}

/// A server that is there and never answers, not even to refuse.
pub(crate) struct FullBacklog {
    /// Where it does not answer.
    pub(crate) addr: SocketAddr,
    _listener: OwnedFd,
    _queued: Vec<TcpStream>,
}

/// Fills a listener's queue, after which the kernel drops every further connection request.
pub(crate) fn full_backlog(host: &str) -> Option<FullBacklog> {
    let addr = SocketAddr::new(host.parse().unwrap(), 0);
    if addr.is_ipv6() && !ipv6() {
        return None;
    }
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, None).unwrap();
    socket.bind(&addr.into()).unwrap();
    socket.listen(0).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    let mut queued = Vec::new();
    for _ in 0..16 {
        match TcpStream::connect_timeout(&addr, Duration::from_millis(200)) {
            Ok(stream) => queued.push(stream),
            Err(_) => {
                return Some(FullBacklog { addr, _listener: socket.into(), _queued: queued });
            }
        }
    }
    skip("this kernel answers beyond the backlog");
    None
}

/// Sees to it that the test itself may have so many descriptors open, or says that it may not.
pub(crate) fn descriptors(count: u64) -> bool {
    let limit = getrlimit(Resource::Nofile);
    let enough = |limit: Option<u64>| limit.is_none_or(|limit| limit >= count);
    let raised = Rlimit { current: Some(count), ..limit };
    let there = enough(limit.current) || (enough(limit.maximum) && setrlimit(Resource::Nofile, raised).is_ok());
    if !there {
        skip(&format!("{count} descriptors are not allowed"));
    }
    there
}

/// Whether a shell can start programs with these words before their own; if not, that is said.
pub(crate) fn starts_programs(starter: &str) -> bool {
    let tried = Command::new("/bin/sh").arg("-c").arg(format!("{starter} true")).output();
    let works = tried.unwrap().status.success();
    if !works {
        skip(&format!("`{starter}` does not work"));
    }
    works
}

/// Waits until a descriptor is ready; false when the time has passed first.
pub(crate) fn ready(fd: &impl std::os::fd::AsFd, events: PollFlags, time: Duration) -> bool {
    let time =
        rustix::event::Timespec { tv_sec: time.as_secs().try_into().unwrap(), tv_nsec: time.subsec_nanos().into() };
    loop {
        match poll(&mut [PollFd::new(fd, events)], Some(&time)) {
            Ok(count) => return count > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => panic!("poll: {error}"),
        }
    }
}

/// A connection to the program under test.
#[track_caller]
pub(crate) fn dial(server: &impl Target) -> Socket {
    let until = deadline();
    let dialled = loop {
        let dialled = TcpStream::connect_timeout(&server.addr(), until.saturating_duration_since(Instant::now()));
        // Ncat's proxy server says that it listens a moment before it does.
        if dialled.is_ok() || under_test().is_ours || Instant::now() >= until {
            break dialled;
        }
        std::thread::yield_now();
    };
    dialled.unwrap_or_else(|error| fail(&format!("the peer could not connect: {error}"))).into()
}
