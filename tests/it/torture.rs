//! System calls that fail: each that rncat makes is made to fail in turn, with each error that it can give.
//!
//! strace(1) does it: a first run is undisturbed and counts the calls, then comes a run for each call, error and
//! occasion. `RNCAT_TORTURE=all` tries every one of them; otherwise it is a short selection. A newcomer's trap: events
//! are edge-triggered, and an `EAGAIN` that the kernel would never give there is a lie that nobody need see through:
//! it stands only where the kernel may say so.

mod faults;
mod outcome;
mod run;
mod scenes;
mod trace;

use faults::{Fault, Severity};
use outcome::Outcome;
use scenes::{SCENES, Scene};

use crate::lang::{it, skip, tool, under_test};

/// Every call and error, or a selection.
fn thorough() -> bool {
    std::env::var_os("RNCAT_TORTURE").is_some_and(|it| it == "all")
}

/// Plays the scene undisturbed, then with each fault.
fn torture(name: &str) {
    if !under_test().is_ours {
        return skip("system calls of other netcats do not fail");
    }
    if tool("strace").is_none() {
        return;
    }
    let scene = SCENES.iter().find(|scene| scene.name == name).unwrap();
    let undisturbed = (scene.play)(None, 0);
    assert!(undisturbed.is_whole(), "undisturbed: {undisturbed}; {}", undisturbed.stderr);
    let only = std::env::var("RNCAT_TORTURE_ONLY").unwrap_or_default();
    let faults: Vec<Fault> = undisturbed.trace.faults(thorough());
    let faults: Vec<Fault> = faults.into_iter().filter(|fault| fault.to_string().contains(&only)).collect();
    assert!(!faults.is_empty());
    let mut wrong = Vec::new();
    let (mut met, mut soft) = (0, 0);
    for fault in &faults {
        let outcome = (scene.play)(Some(fault), undisturbed.left_behind);
        met += usize::from(outcome.trace.was_injected());
        soft += usize::from(fault.severity == Severity::Soft);
        if let Err(why) = judge(scene, fault, &outcome, &undisturbed) {
            let told = outcome.new_lines(&undisturbed);
            let line = format!("{name}: {fault}: {why}\n    {outcome}; {told:?}");
            if thorough() {
                eprintln!("{line}");
            }
            wrong.push(line);
        }
    }
    println!("{name}: {} faults, of which {met} were met and {soft} should change nothing", faults.len());
    assert!(wrong.is_empty(), "{} of {} went wrong:\n{}", wrong.len(), faults.len(), wrong.join("\n"));
    assert!(met > 0, "no fault was met");
}

fn judge(scene: &Scene, fault: &Fault, outcome: &Outcome, undisturbed: &Outcome) -> Result<(), String> {
    let bound = undisturbed.trace.calls() * 10 + 400;
    if outcome.hung {
        return Err("it hung".to_owned());
    }
    if outcome.trace.calls() > bound {
        return Err(format!(
            "it made {} system calls, undisturbed {}",
            outcome.trace.calls(),
            undisturbed.trace.calls()
        ));
    }
    if outcome.panicked() {
        return Err("it panicked".to_owned());
    }
    if outcome.status == undisturbed.status && outcome.left_behind > undisturbed.left_behind {
        return Err(format!(
            "it left {} descriptors and children, undisturbed {}",
            outcome.left_behind, undisturbed.left_behind
        ));
    }
    let whole = outcome.is_whole();
    let told = outcome.new_lines(undisturbed);
    // What the C library makes of it while it looks up a name is its own affair.
    let soft = fault.severity == Severity::Soft && !(scene.looks_up && ["read", "poll"].contains(&&*fault.call));
    if soft && !(whole && told.is_empty() && outcome.status == undisturbed.status) {
        return Err("it should have changed nothing".to_owned());
    }
    if fault.severity == Severity::Told && !whole {
        return Err("it should have gone on".to_owned());
    }
    if fault.severity == Severity::Left {
        return Ok(());
    }
    if !whole && told.is_empty() {
        return Err("bytes are missing, and nothing is said".to_owned());
    }
    if !scene.goes_on && !whole && outcome.status == undisturbed.status {
        return Err("bytes are missing, and the exit status does not tell".to_owned());
    }
    if scene.goes_on && outcome.status == undisturbed.status && outcome.failed() > 1 {
        return Err("not only one client had to suffer".to_owned());
    }
    if outcome.status != undisturbed.status && told.is_empty() {
        return Err("the exit status is another, and nothing is said".to_owned());
    }
    if told.len() > 2 {
        return Err(format!("it says too much: {told:?}"));
    }
    Ok(())
}

macro_rules! scenes {
    ($($name:ident),* $(,)?) => {
        $(#[test]
        fn $name() {
            it(|| torture(stringify!($name)));
        })*
    };
}

scenes!(
    a_client_between_two_pipes,
    a_client_that_looks_up_a_name,
    a_client_that_sends_a_file,
    a_client_over_tls,
    a_server_for_one,
    a_server_for_many,
    a_server_that_fills_a_file,
    a_server_over_tls,
    a_server_that_runs_a_command,
    a_server_that_runs_a_command_over_tls,
    a_broker,
    a_proxy_server,
    datagrams_to_a_server,
    datagrams_from_clients,
    a_transcript,
);
