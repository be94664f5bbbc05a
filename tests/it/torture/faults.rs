//! Which errors a system call can give, and what they may change.

use std::fmt;

/// What an error may change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Severity {
    /// Nothing at all.
    Soft,
    /// No byte; but a line may say so.
    Told,
    /// The other end takes no more, which is its own decision.
    Left,
    /// This connection or the whole session fails, and that is told.
    Hard,
}

/// One call that fails.
#[derive(Clone)]
pub(super) struct Fault {
    pub(super) call: String,
    pub(super) error: &'static str,
    /// Which of the calls of that name it is.
    pub(super) nth: usize,
    pub(super) severity: Severity,
}

impl Fault {
    /// As strace takes it.
    pub(super) fn injection(&self) -> String {
        let what = if self.error == "0" { "retval=0".to_owned() } else { format!("error={}", self.error) };
        format!("inject={}:{what}:when={}", self.call, self.nth)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.call, self.error, self.nth)
    }
}

type Errors = &'static [(Severity, &'static [&'static str])];

use Severity::{Hard, Left, Soft, Told};

/// The calls that are made to fail.
pub(super) const CALLS: &[(&[&str], Errors)] = &[
    (
        &["read", "recvfrom", "readv"],
        // 0 is the end of the file.
        &[(Soft, &["EINTR"]), (Hard, &["EIO", "ECONNRESET", "ETIMEDOUT", "ENOBUFS"]), (Left, &["0"])],
    ),
    (&["recvmsg"], &[(Soft, &["EINTR"]), (Hard, &["EIO", "ECONNRESET", "ETIMEDOUT", "ENOBUFS"])]),
    (
        &["write", "sendto", "writev", "sendmsg"],
        &[
            (Soft, &["EINTR"]),
            (Left, &["EPIPE", "ECONNRESET"]),
            (Hard, &["EIO", "ENOSPC", "ETIMEDOUT", "ENOBUFS", "0"]),
        ],
    ),
    (
        &["splice", "sendfile"],
        &[
            (Soft, &["EINTR", "EINVAL", "ENOMEM"]),
            (Left, &["EPIPE", "ECONNRESET"]),
            (Hard, &["ENOSPC", "ETIMEDOUT", "EIO"]),
        ],
    ),
    (&["accept4"], &[(Soft, &["EINTR", "ECONNABORTED", "EPROTO"]), (Told, &["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"])]),
    (
        &["connect"],
        &[(Soft, &["EINTR"]), (Hard, &["ECONNREFUSED", "ETIMEDOUT", "ENETUNREACH", "EAGAIN", "ENOBUFS", "EPERM"])],
    ),
    (&["epoll_wait", "epoll_pwait"], &[(Soft, &["EINTR"]), (Hard, &["EBADF"])]),
    (&["epoll_ctl"], &[(Hard, &["ENOMEM", "ENOSPC"])]),
    (&["poll", "ppoll"], &[(Soft, &["EINTR"]), (Hard, &["ENOMEM"])]),
    (&["socket", "pipe2", "eventfd2", "pidfd_open", "socketpair"], &[(Hard, &["EMFILE", "ENFILE", "ENOMEM"])]),
    (&["vfork", "clone", "clone3", "fork"], &[(Hard, &["EAGAIN", "ENOMEM"])]),
    (&["bind", "listen", "shutdown", "getsockname", "getpeername"], &[(Hard, &["ENOBUFS", "EINVAL"])]),
    (&["getsockopt", "setsockopt"], &[(Hard, &["ENOBUFS", "ENOPROTOOPT"])]),
    (&["fcntl", "dup3"], &[(Hard, &["EMFILE"])]),
    (&["openat"], &[(Hard, &["EMFILE", "EACCES"])]),
];
