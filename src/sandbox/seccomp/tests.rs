use super::*;
use crate::sandbox::{needs::Ports, program::tests::run};
use libc::{SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO};

fn answer(needs: &Needs, call: c_long, arguments: [u64; 6]) -> u32 {
    let program = compile(ARCHITECTURE, rules(needs), UNKNOWN).unwrap();
    run(&program, ARCHITECTURE, u32::try_from(call).unwrap(), arguments)
}

fn all() -> Needs {
    let path = || vec!["/".into()];
    Needs {
        read: path(),
        write: path(),
        remove: path(),
        sockets: true,
        unix: true,
        connect: Ports::All,
        bind: Some(0),
        look_up: true,
    }
}

const NOTHING: [u64; 6] = [0; 6];
const EPERM: u32 = SECCOMP_RET_ERRNO | libc::EPERM as u32;
const ENOSYS: u32 = SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

#[test]
fn what_no_mode_needs_is_refused_in_all() {
    for call in [
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_ptrace,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_mount,
        libc::SYS_bpf,
        libc::SYS_keyctl,
        libc::SYS_kexec_load,
        libc::SYS_init_module,
        libc::SYS_finit_module,
        libc::SYS_setuid,
        libc::SYS_setgid,
        libc::SYS_setgroups,
        libc::SYS_unshare,
        libc::SYS_setns,
        libc::SYS_chroot,
        libc::SYS_perf_event_open,
        libc::SYS_userfaultfd,
        libc::SYS_io_uring_setup,
        libc::SYS_pidfd_getfd,
        libc::SYS_memfd_create,
        libc::SYS_listen,
        libc::SYS_prlimit64,
    ] {
        assert_eq!(answer(&all(), call, NOTHING), EPERM, "{call}");
        assert_eq!(answer(&Needs::default(), call, NOTHING), EPERM, "{call}");
    }
    assert_eq!(answer(&all(), c_long::from(UNKNOWN), NOTHING), ENOSYS);
    assert_eq!(answer(&all(), libc::SYS_clone3, NOTHING), ENOSYS);
}

#[test]
fn no_call_is_listed_twice() {
    for needs in [Needs::default(), all()] {
        let mut calls: Vec<_> = rules(&needs).into_iter().map(|(call, _)| call).collect();
        calls.sort_unstable();
        assert!(calls.windows(2).all(|two| two[0] < two[1]), "{calls:?}");
    }
}

#[test]
fn what_moves_bytes_is_allowed_in_all() {
    for call in ALWAYS {
        assert_eq!(answer(&Needs::default(), *call, NOTHING), SECCOMP_RET_ALLOW, "{call}");
    }
}

#[test]
fn the_filter_is_short_enough_to_be_in_force_at_once() {
    let length = |needs: &Needs| compile(ARCHITECTURE, rules(needs), UNKNOWN).unwrap().len();
    // The kernel takes a quarter of a microsecond for each.
    assert!(length(&Needs::default()) <= 80, "{}", length(&Needs::default()));
    assert!(length(&all()) <= 255, "{}", length(&all()));
}

#[test]
fn nobody_types_into_the_shell_that_started_us() {
    let ioctl = |command: u64| answer(&all(), libc::SYS_ioctl, [0, command, 0, 0, 0, 0]);
    assert_eq!(ioctl(libc::FIONREAD), SECCOMP_RET_ALLOW);
    assert_eq!(ioctl(libc::TIOCSTI), EPERM);
    // The kernel takes the lower half alone.
    assert_eq!(ioctl(libc::TIOCSTI | 1 << 32), EPERM);
}

#[test]
fn memory_is_not_made_to_be_run() {
    let with = |needs: &Needs, protection: i32| {
        answer(needs, libc::SYS_mmap, [0, 1, u64::from(protection.unsigned_abs()), 0, 0, 0])
    };
    assert_eq!(with(&Needs::default(), libc::PROT_READ | libc::PROT_WRITE), SECCOMP_RET_ALLOW);
    assert_eq!(with(&Needs::default(), libc::PROT_READ | libc::PROT_EXEC), EPERM);
    assert_eq!(with(&all(), libc::PROT_READ | libc::PROT_EXEC), SECCOMP_RET_ALLOW, "modules of the C library");
}

#[test]
fn a_thread_is_started_for_look_ups_alone_and_never_a_process() {
    let clone =
        |needs: &Needs, flags: i32| answer(needs, libc::SYS_clone, [u64::from(flags.unsigned_abs()), 0, 0, 0, 0, 0]);
    assert_eq!(clone(&all(), THREAD), SECCOMP_RET_ALLOW);
    assert_eq!(clone(&all(), THREAD | 0x0040_0000), SECCOMP_RET_ALLOW);
    assert_eq!(clone(&all(), THREAD | libc::CLONE_NEWNET), EPERM);
    assert_eq!(clone(&all(), libc::SIGCHLD), EPERM);
    assert_eq!(clone(&Needs::default(), THREAD), EPERM);
}

#[test]
fn a_file_that_is_read_is_not_written() {
    let reads = Needs { read: vec!["/".into()], ..Needs::default() };
    let open =
        |needs: &Needs, flags: i32| answer(needs, libc::SYS_openat, [0, 0, u64::from(flags.unsigned_abs()), 0, 0, 0]);
    assert_eq!(open(&reads, libc::O_RDONLY | libc::O_CLOEXEC), SECCOMP_RET_ALLOW);
    assert_eq!(open(&reads, libc::O_RDWR), EPERM);
    assert_eq!(open(&all(), libc::O_WRONLY | libc::O_CREAT), SECCOMP_RET_ALLOW);
    assert_eq!(open(&Needs::default(), libc::O_RDONLY), EPERM);
}

#[test]
fn signals_go_to_ourselves_only() {
    let own = u64::from(std::process::id());
    let kill = |pid: u64| answer(&all(), libc::SYS_tgkill, [pid, pid, 6, 0, 0, 0]);
    assert_eq!(kill(own), SECCOMP_RET_ALLOW);
    assert_eq!(kill(own + 1), EPERM);
}

#[test]
fn a_socket_is_for_the_network() {
    let socket =
        |needs: &Needs, family: i32| answer(needs, libc::SYS_socket, [u64::from(family.unsigned_abs()), 1, 0, 0, 0, 0]);
    let proxy = Needs { sockets: true, connect: Ports::These(vec![25]), ..Needs::default() };
    assert_eq!(socket(&proxy, libc::AF_INET6), SECCOMP_RET_ALLOW);
    assert_eq!(socket(&proxy, libc::AF_PACKET), EPERM);
    assert_eq!(socket(&proxy, libc::AF_UNIX), EPERM);
    assert_eq!(socket(&all(), libc::AF_UNIX), SECCOMP_RET_ALLOW, "a name service of this machine");
    assert_eq!(socket(&Needs::default(), libc::AF_INET), EPERM);
}
