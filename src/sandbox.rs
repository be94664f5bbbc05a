//! What this process gives up before it reads what a peer says: files, new connections, running programs.
//!
//! What a mode still [needs] is found out from the configuration; the rest is taken away, on Linux, in three ways:
//! no new privileges (a set-user-ID program gains nothing), Landlock (files, TCP) and a seccomp filter (system calls).
//! Each goes as far as the kernel has it, and where it has less, rncat goes on. A newcomer's trap: what is opened
//! anew, however late, must be among the needs. A file that a mode comes to read in mid-session, or a
//! system call that nothing made before, is refused otherwise, and only where the kernel has all this.

#[cfg(target_os = "linux")]
mod landlock;
pub mod needs;
mod places;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
mod program;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
mod seccomp;
#[cfg(all(target_os = "linux", not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
#[path = "sandbox/no_seccomp.rs"]
mod seccomp;

pub use needs::Needs;

use crate::report::Report;

/// The restrictions that wait to be put in force, or the reason why there are none.
#[derive(Debug)]
pub struct Sandbox(Result<Needs, &'static str>);

impl Sandbox {
    /// With these needs, or with none of the restrictions, and why.
    #[must_use]
    pub fn new(needs: Result<Needs, &'static str>) -> Self {
        Self(needs)
    }

    /// Puts them in force, for good: for this thread, and those that it starts. `-v` says what came of it.
    pub fn enter(self, report: Report) {
        let outcome = self.0.map(|needs| {
            let in_force = enter(&needs);
            (needs, in_force)
        });
        if report.shows(1) {
            report.detail(1, format_args!("Sandbox: {}.", outcome.map_or_else(none, |(needs, it)| it.told(&needs))));
        }
    }
}

fn none(why: &str) -> String {
    format!("none: {why}")
}

/// What has come of it.
#[cfg(target_os = "linux")]
struct InForce {
    privileges: rustix::io::Result<()>,
    landlock: landlock::InForce,
    seccomp: seccomp::InForce,
}

#[cfg(target_os = "linux")]
fn enter(needs: &Needs) -> InForce {
    InForce {
        privileges: rustix::thread::set_no_new_privs(true),
        landlock: landlock::enter(needs),
        // Last, as it takes away what the others are put in force by.
        seccomp: seccomp::enter(needs),
    }
}

#[cfg(target_os = "linux")]
impl InForce {
    fn told(&self, needs: &Needs) -> String {
        let privileges = match self.privileges {
            Ok(()) => "no new privileges".to_owned(),
            Err(error) => format!("new privileges ({})", crate::error::why(&error.into())),
        };
        [privileges, self.landlock.told(needs), self.seccomp.told(needs)].join(", ")
    }
}

/// Elsewhere there is nothing of the kind yet.
#[cfg(not(target_os = "linux"))]
struct InForce;

#[cfg(not(target_os = "linux"))]
fn enter(_needs: &Needs) -> InForce {
    InForce
}

#[cfg(not(target_os = "linux"))]
impl InForce {
    fn told(&self, _needs: &Needs) -> String {
        none("this system has no Landlock and no seccomp")
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
