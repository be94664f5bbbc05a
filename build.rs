//! What is decided for the machine that rncat is built on: where its compiler's unwinder comes from.
//!
//! A newcomer's trap: none of this is needed for a working program. Where something is missing, the
//! ordinary way is taken without a word.

use std::{env, path::Path, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        unwinder();
    }
}

/// Takes GCC's unwinder into the program. It is for backtraces alone, as a panic aborts; but as a library
/// (libgcc_s) it is loaded, relocated and initialised at each start, and that is a tenth of the time it takes.
fn unwinder() {
    let compiler = env::var("RUSTC_LINKER").unwrap_or_else(|_| "cc".to_owned());
    // Another machine's compiler would name its own library.
    if env::var_os("RUSTC_LINKER").is_none() && env::var_os("HOST") != env::var_os("TARGET") {
        return;
    }
    let Ok(said) = Command::new(compiler).arg("-print-file-name=libgcc_eh.a").output() else { return };
    let file = String::from_utf8_lossy(&said.stdout);
    // A compiler that has none repeats the name as it was asked for.
    if let Some(folder) = Path::new(file.trim()).parent().filter(|folder| folder.is_absolute()) {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

fn is(variable: &str, value: &str) -> bool {
    env::var(variable).is_ok_and(|it| it == value)
}
