//! What a shell does with its jobs: it stops them and lets them go on.

use std::sync::mpsc;
use std::time::Instant;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use super::judge::deadline;
use super::seen::fail;
use super::session::Session;

impl Session {
    /// Ctrl-Z: it is asked to stop, and does. It has to be [a job](super::Netcat::in_a_job).
    #[track_caller]
    pub(crate) fn is_stopped(&self) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        self.is_sent(Signal::TSTP);
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
            let _ = tell.send(waitid(WaitId::Pid(pid), options).unwrap().is_some_and(|it| it.stopped()));
        });
        if told.recv_timeout(deadline().saturating_duration_since(Instant::now())) != Ok(true) {
            fail("it does not stop");
        }
    }
}
