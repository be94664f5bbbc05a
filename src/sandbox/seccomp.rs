//! The seccomp filter (seccomp(2)): which system calls can be made at all. It is a list of what may be.
//!
//! A newcomer's trap: the C library decides which calls are made, and another one, or a newer one, decides otherwise.
//! So what is alike stands together, and a call that is newer than this list seems to be missing, for which
//! libraries have another way; EPERM they do not expect.

use super::{
    needs::Needs,
    program::{Condition, Verdict, compile},
};
use crate::error::why;
use libc::c_long;
use seccompiler::{Error, apply_filter};

/// `AUDIT_ARCH_…` of <linux/audit.h>.
const ARCHITECTURE: u32 = if cfg!(target_arch = "x86_64") {
    0xc000_003e
} else if cfg!(target_arch = "aarch64") {
    0xc000_00b7
} else {
    0xc000_00f3
};

/// From this number on, calls are not known here. All machines count alike since 424.
const UNKNOWN: u32 = 450;

/// What moves bytes, waits, keeps memory and time, and ends. A call that is of no use but harmless stands here, too,
/// where its number is between two others: the shorter the filter, the sooner it is in force.
const ALWAYS: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_splice,
    libc::SYS_tee,
    libc::SYS_sync_file_range,
    libc::SYS_vmsplice,
    libc::SYS_sendfile,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_shutdown,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_socketpair,
    libc::SYS_pipe2,
    libc::SYS_eventfd2,
    libc::SYS_signalfd4,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_fcntl,
    libc::SYS_flock,
    libc::SYS_close,
    libc::SYS_lseek,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_ppoll,
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_msync,
    libc::SYS_mincore,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_getitimer,
    libc::SYS_setitimer,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_times,
    libc::SYS_getrandom,
    libc::SYS_uname,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// The same by older names, which some machines have beside the newer ones.
#[cfg(target_arch = "x86_64")]
const ALWAYS_TOO: &[c_long] = &[
    libc::SYS_pipe,
    libc::SYS_dup2,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_wait,
    libc::SYS_access,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_pause,
    libc::SYS_alarm,
    libc::SYS_getrlimit,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const ALWAYS_TOO: &[c_long] = &[];

/// What the C library does on a thread of its own, which looks names up.
const LOOK_UP: &[c_long] = &[
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_membarrier,
    libc::SYS_sched_getaffinity,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_pselect6,
    libc::SYS_mlock,
    libc::SYS_munlock,
    libc::SYS_fstatfs,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
];

/// What a Maildir, a transcript, a certificate store or a look-up takes. Which files, Landlock says.
const FILES: &[c_long] = &[
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getdents64,
    libc::SYS_getcwd,
    libc::SYS_statfs,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
];

/// What changes folders.
const CHANGES: &[c_long] = &[
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
    libc::SYS_linkat,
    libc::SYS_mkdirat,
    libc::SYS_fchmod,
    libc::SYS_fallocate,
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    libc::SYS_renameat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_unlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rename,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_rmdir,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_link,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_mkdir,
];

/// Of ioctl(2), all that is of use: whether something is a terminal, what waits in a queue, not to block. TIOCSTI,
/// by which a program types into the shell that started it, is not.
const IOCTLS: &[u32] =
    &[libc::TCGETS as u32, libc::TCGETS2 as u32, libc::TIOCOUTQ as u32, libc::FIONREAD as u32, libc::FIONBIO as u32];

/// With SIOCGIFINDEX: of an interface's name, its number (netdevice(7)).
const MORE_IOCTLS: &[u32] = &[
    libc::TCGETS as u32,
    libc::TCGETS2 as u32,
    libc::TIOCOUTQ as u32,
    libc::FIONREAD as u32,
    libc::FIONBIO as u32,
    0x8933,
];

/// What sockets are made of.
const FAMILIES: &[u32] = &[libc::AF_INET as u32, libc::AF_INET6 as u32];
const ALL_FAMILIES: &[u32] = &[libc::AF_INET as u32, libc::AF_INET6 as u32, libc::AF_UNIX as u32];
/// By netlink(7), a look-up asks for the addresses that this machine has.
const LOOK_UP_FAMILIES: &[u32] =
    &[libc::AF_INET as u32, libc::AF_INET6 as u32, libc::AF_UNIX as u32, libc::AF_NETLINK as u32];

/// What is in the flags of open(2) when a file is changed, or made.
const WRITES: i32 = libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC | libc::O_APPEND;

/// `CLONE_DETACHED`, which musl sets, and which means nothing any more.
const DETACHED: u32 = 0x0040_0000;

/// The other flags by which a thread is started.
const THREAD: i32 = libc::CLONE_VM
    | libc::CLONE_FS
    | libc::CLONE_FILES
    | libc::CLONE_SIGHAND
    | libc::CLONE_THREAD
    | libc::CLONE_SYSVSEM
    | libc::CLONE_SETTLS
    | libc::CLONE_PARENT_SETTID
    | libc::CLONE_CHILD_CLEARTID;

/// What has come of it.
pub(super) struct InForce(Option<Result<(), Error>>);

/// Puts it in force.
pub(super) fn enter(needs: &Needs) -> InForce {
    InForce(compile(ARCHITECTURE, rules(needs), UNKNOWN).map(|program| apply_filter(&program)))
}

impl InForce {
    /// In words.
    pub(super) fn told(&self, needs: &Needs) -> String {
        match &self.0 {
            Some(Ok(())) if needs.sockets => "seccomp".to_owned(),
            Some(Ok(())) => "seccomp (no new sockets)".to_owned(),
            Some(Err(Error::Seccomp(error) | Error::Prctl(error))) => format!("no seccomp ({})", why(error)),
            Some(Err(error)) => format!("no seccomp ({error})"),
            None => "no seccomp (too many rules)".to_owned(),
        }
    }
}

/// What may be called, by number; all else is refused.
fn rules(needs: &Needs) -> Vec<(u32, Verdict)> {
    use Condition::{Is, IsBut, OneOf, Without};
    let mut calls = Vec::with_capacity(256);
    let mut add = |list: &[c_long], verdict: Verdict| {
        calls.extend(list.iter().filter_map(|call| Some((u32::try_from(*call).ok()?, verdict))));
    };
    add(ALWAYS, Verdict::Allow);
    add(ALWAYS_TOO, Verdict::Allow);
    let no_code = Verdict::If(Without(2, libc::PROT_EXEC.unsigned_abs()));
    let (code, ioctls) = if needs.look_up { (Verdict::Allow, MORE_IOCTLS) } else { (no_code, IOCTLS) };
    add(&[libc::SYS_mmap, libc::SYS_mprotect], code);
    add(&[libc::SYS_ioctl], Verdict::If(OneOf(1, ioctls)));
    let own = rustix::process::getpid().as_raw_nonzero().get().unsigned_abs();
    add(&[libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill], Verdict::If(Is(0, own)));
    if needs.opens_files() {
        add(FILES, Verdict::Allow);
        let reads = needs.write.is_empty();
        let open = |flags| if reads { Verdict::If(Without(flags, WRITES.unsigned_abs())) } else { Verdict::Allow };
        add(&[libc::SYS_openat], open(2));
        #[cfg(target_arch = "x86_64")]
        add(&[libc::SYS_open], open(1));
        // Its flags are where a filter cannot see them; without it, openat(2) is used.
        add(&[libc::SYS_openat2], Verdict::Refuse(libc::ENOSYS));
    }
    if !(needs.write.is_empty() && needs.remove.is_empty()) {
        add(CHANGES, Verdict::Allow);
    }
    if needs.sockets {
        add(&[libc::SYS_bind, libc::SYS_connect], Verdict::Allow);
        let families = match (needs.look_up, needs.unix) {
            (true, _) => LOOK_UP_FAMILIES,
            (false, true) => ALL_FAMILIES,
            (false, false) => FAMILIES,
        };
        add(&[libc::SYS_socket], Verdict::If(OneOf(0, families)));
    }
    if needs.look_up {
        add(LOOK_UP, Verdict::Allow);
        // The same, of clone(2).
        add(&[libc::SYS_clone3], Verdict::Refuse(libc::ENOSYS));
        add(&[libc::SYS_clone], Verdict::If(IsBut(0, DETACHED, THREAD.unsigned_abs())));
        add(&[libc::SYS_prctl], Verdict::If(Is(0, libc::PR_SET_NAME.unsigned_abs())));
    }
    calls
}

#[cfg(test)]
mod tests;
