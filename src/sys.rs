//! The one module that may use `unsafe`: what no crate has made safe.
//!
//! Each block says why it is sound and has a test; everything else in rncat is safe Rust.
#![allow(unsafe_code)]

use rustix::{
    fd::{AsFd, BorrowedFd},
    ioctl,
};
use std::{ffi::c_int, io, os::fd::AsRawFd};

/// The opcode of `SIOCOUTQ` (Linux, tcp(7)), which is `TIOCOUTQ` (ioctl_tty(2)).
#[cfg(target_os = "linux")]
const SIOCOUTQ: ioctl::Opcode = rustix_opcode();

#[cfg(target_os = "linux")]
const fn rustix_opcode() -> ioctl::Opcode {
    // MIPS, PowerPC and SPARC number their terminal ioctls differently.
    if cfg!(any(target_arch = "mips", target_arch = "mips64")) {
        0x7472
    } else if cfg!(any(target_arch = "powerpc", target_arch = "powerpc64", target_arch = "sparc64")) {
        0x4004_7473
    } else {
        0x5411
    }
}

/// Bytes in a TCP socket's send queue that its peer has not acknowledged; a FIN counts as one.
///
/// # Errors
/// Where the kernel does not tell (not Linux, not a TCP socket).
#[cfg(target_os = "linux")]
pub(crate) fn send_queue(socket: impl AsFd) -> io::Result<usize> {
    // SAFETY: SIOCOUTQ writes one int through its argument and nothing else (tcp(7)), which is
    // what a Getter of c_int provides.
    let queued: c_int = unsafe { ioctl::ioctl(socket, ioctl::Getter::<SIOCOUTQ, c_int>::new())? };
    Ok(usize::try_from(queued).unwrap_or(0))
}

/// Elsewhere the kernel has other ways to tell, which are not used yet.
#[cfg(not(target_os = "linux"))]
pub(crate) fn send_queue(_socket: impl AsFd) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Datagrams that the kernel has dropped because nobody read them in time, as far as it tells: several that it has
/// joined (`UDP_GRO`) count as one.
#[cfg(target_os = "linux")]
pub(crate) fn dropped(socket: impl AsFd) -> u64 {
    // What `SO_MEMINFO` gives (Linux 4.12): numbers, of which the last one is `SK_MEMINFO_DROPS`.
    let mut info = [0_u32; 9];
    let mut length = libc::socklen_t::try_from(size_of_val(&info)).unwrap_or(0);
    // SAFETY: getsockopt(2) writes at most `length` bytes, which `info` has, and the length.
    let got = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_MEMINFO,
            info.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let [.., drops] = info;
    if got == 0 { drops.into() } else { 0 }
}

/// Elsewhere the kernel does not tell.
#[cfg(not(target_os = "linux"))]
pub(crate) fn dropped(_socket: impl AsFd) -> u64 {
    0
}

/// Sets the options of the IPv4 packets that a socket sends (ip(7), `IP_OPTIONS`).
///
/// # Errors
/// Of setsockopt(2): the kernel checks that they are well-formed.
pub(crate) fn set_ip_options(socket: impl AsFd, options: &[u8]) -> io::Result<()> {
    let length = libc::socklen_t::try_from(options.len()).map_err(io::Error::other)?;
    // SAFETY: setsockopt(2) reads `length` bytes from the pointer, which are those of the slice,
    // and keeps no reference to them.
    let set = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_IP,
            libc::IP_OPTIONS,
            options.as_ptr().cast(),
            length,
        )
    };
    if set == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives memory that is free back to the system, where the C library keeps it: malloc_trim(3).
pub(crate) fn give_back_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number, and touches nothing that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Marks every descriptor above 2 that we were started with, so that no command gets it. Ours are
/// marked from the beginning. To be called while there is one thread.
#[cfg(feature = "exec")]
pub(crate) fn close_on_exec() {
    use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};
    let list = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    let open: Vec<c_int> = list.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    for fd in open.into_iter().filter(|fd| *fd > 2) {
        with_descriptor(fd, |fd| {
            if let Ok(flags) = fcntl_getfd(fd) {
                let _ = fcntl_setfd(fd, flags | FdFlags::CLOEXEC);
            }
        });
    }
}

/// A descriptor that we were started with, under another number, which no command gets; its own is closed.
pub(crate) fn take_descriptor(fd: c_int) -> io::Result<std::os::fd::OwnedFd> {
    let taken = with_descriptor(fd, |fd| fd.try_clone_to_owned())?;
    nix::unistd::close(fd)?;
    Ok(taken)
}

/// Looks at a descriptor that we were started with. To be called while there is one thread.
pub(crate) fn with_descriptor<T>(fd: c_int, look: impl FnOnce(BorrowedFd<'_>) -> T) -> T {
    // SAFETY: nothing closes a descriptor while it is borrowed, as there is no other thread. One that is none any
    // more (EBADF), as that of a list of them, is what the system call then says. None is -1: they come from the
    // system's list or are counted from 3.
    look(unsafe { BorrowedFd::borrow_raw(fd) })
}

/// Does something with no signal blocked, as what it starts inherits that.
#[cfg(feature = "exec")]
pub(crate) fn with_no_signal_blocked<T>(something: impl FnOnce() -> T) -> T {
    let before = set_blocked(None);
    let outcome = something();
    set_blocked(Some(before));
    outcome
}

/// Sets the thread's signal mask, to the empty one if none is given, and says what it was.
#[cfg(feature = "exec")]
fn set_blocked(mask: Option<libc::sigset_t>) -> libc::sigset_t {
    // SAFETY: sigset_t is plain data, all zeroes are a value of it, and both calls only read and write
    // the sets they are given (sigsetops(3), pthread_sigmask(3)).
    unsafe {
        let (mut set, mut before) = (std::mem::zeroed(), std::mem::zeroed());
        libc::sigemptyset(&raw mut set);
        set = mask.unwrap_or(set);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, &raw mut before);
        before
    }
}

/// A Lua with all its libraries, `debug` too.
#[cfg(feature = "lua")]
pub(crate) fn lua() -> mlua::Lua {
    // SAFETY: it runs what the user has named to be run, as `lua` would; no callback of ours that it could
    // confuse by `debug` lives in it.
    unsafe { mlua::Lua::unsafe_new() }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::{
        io::{Read, Write},
        net::{TcpListener, TcpStream, UdpSocket},
    };

    #[test]
    fn what_a_peer_has_not_acknowledged_is_counted() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let mut sender = TcpStream::connect(listener.local_addr()?)?;
        let (mut receiver, _) = listener.accept()?;
        assert_eq!(send_queue(&sender)?, 0);

        sender.set_nonblocking(true)?;
        let chunk = [0; 65536];
        let mut sent = 0;
        while let Ok(n) = sender.write(&chunk) {
            sent += n;
        }
        let queued = send_queue(&sender)?;
        assert!(queued > 0 && queued <= sent, "{queued} of {sent}");

        sender.shutdown(std::net::Shutdown::Write)?;
        assert_eq!(receiver.read_to_end(&mut Vec::new())?, sent);
        Ok(())
    }

    #[cfg(target_env = "gnu")]
    #[test]
    fn what_is_free_is_given_back() {
        const MANY: usize = 64 * 1024;
        let resident = || {
            let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
            pages.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
        };
        let mut much: Vec<_> = (0..MANY).map(|_| Box::new([1_u8; 1024])).collect();
        // What is still in use behind all the rest keeps it.
        let last = much.pop();
        let before = resident();
        drop(much);
        give_back_memory();
        // Other tests run meanwhile.
        assert!(resident() < before - MANY * 1024 / 2, "{} of {before}", resident());
        drop(last);
    }

    #[cfg(feature = "exec")]
    #[test]
    fn commands_get_no_descriptor_of_ours() {
        let null = std::fs::File::open("/dev/null").unwrap();
        rustix::io::fcntl_setfd(&null, rustix::io::FdFlags::empty()).unwrap();
        close_on_exec();
        assert_eq!(rustix::io::fcntl_getfd(&null), Ok(rustix::io::FdFlags::CLOEXEC));
        assert_eq!(rustix::io::fcntl_getfd(io::stdout()), Ok(rustix::io::FdFlags::empty()));
    }

    #[cfg(feature = "exec")]
    #[test]
    fn what_is_blocked_is_so_again_afterwards() {
        // SAFETY: as above; the thread is this test's own.
        let usr2 = unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            libc::sigaddset(&raw mut set, libc::SIGUSR2);
            set
        };
        set_blocked(Some(usr2));
        let blocked =
            || std::fs::read_to_string("/proc/thread-self/status").unwrap().contains("SigBlk:\t0000000000000800");
        assert!(blocked());
        assert!(!with_no_signal_blocked(blocked));
        assert!(blocked());
    }

    #[cfg(feature = "lua")]
    #[test]
    fn lua_has_its_debug_library() {
        lua().load("assert(debug.getinfo(1))").exec().unwrap();
    }

    #[test]
    fn a_loose_source_route_is_set_and_read_back() -> io::Result<()> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        // NOP; loose source and record route (RFC 791, 3.1): type, length, pointer, two hops.
        let route = [1, 131, 11, 4, 127, 0, 0, 2, 127, 0, 0, 3];
        set_ip_options(&socket, &route)?;
        let mut seen = [0_u8; 40];
        let mut length = 40;
        // SAFETY: getsockopt(2) writes at most `length` bytes, which `seen` has, and the length.
        let got = unsafe {
            let fd = socket.as_raw_fd();
            libc::getsockopt(fd, libc::IPPROTO_IP, libc::IP_OPTIONS, seen.as_mut_ptr().cast(), &raw mut length)
        };
        assert_eq!(got, 0);
        assert_eq!(seen[..length as usize], route);
        assert!(set_ip_options(&socket, &[131, 200]).is_err(), "not well-formed");
        Ok(())
    }

    #[test]
    fn datagrams_that_nobody_reads_in_time_are_counted() -> io::Result<()> {
        let (receiver, sender) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        assert_eq!(dropped(&receiver), 0);
        for _ in 0..1000 {
            sender.send_to(&[0; 8192], receiver.local_addr()?)?;
        }
        let mut received = 0;
        receiver.set_nonblocking(true)?;
        while receiver.recv(&mut [0; 10]).is_ok() {
            received += 1;
        }
        assert_eq!(dropped(&receiver), 1000 - received);
        Ok(())
    }

    #[test]
    fn what_has_no_queue_is_an_error() -> io::Result<()> {
        assert!(send_queue(std::fs::File::open("/dev/null")?).is_err());
        Ok(())
    }
}
