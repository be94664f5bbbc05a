//! What makes the program start sooner and depends on the machine that it is built on.
//!
//! A newcomer's trap: none of this is needed for a working program. Where something is missing, the
//! ordinary way is taken without a word.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

fn main() {
    println!("cargo::rerun-if-changed=scripts/build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC_LINKER");
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        unwinder();
        relocations();
        order();
    }
}

/// Takes GCC's unwinder into the program. It is for backtraces alone, as a panic aborts; but as a library
/// (libgcc_s) it is loaded, relocated and initialised at each start.
fn unwinder() {
    if let Some(folder) = library("libgcc_eh.a").as_deref().and_then(Path::parent) {
        println!("cargo::rustc-link-search=native={}", folder.display());
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
}

/// Has the addresses that a start puts right listed in bits instead of 24 bytes each, if the C library can
/// read that (glibc 2.36): a program that has them so does not start with an older one.
fn relocations() {
    const KNOWN: &[u8] = b"GLIBC_ABI_DT_RELR";
    let Some(library) = library("libc.so.6").and_then(|file| fs::read(file).ok()) else { return };
    if library.windows(KNOWN.len()).any(|at| at == KNOWN) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Puts the functions together that run at each start: they are then a few pieces of the file to map
/// instead of thirty. The lists are made by scripts/order.
fn order() {
    const LISTS: [&str; 2] = ["scripts/order.d/start.ld", "scripts/order.d/tls.ld"];
    let lists = LISTS.iter().filter_map(|list| fs::canonicalize(list).ok());
    let arguments: Vec<_> = lists.map(|list| format!("-Wl,-T,{}", list.display())).collect();
    println!("cargo::rerun-if-changed=scripts/order.d");
    // GNU's linker and LLVM's, one of which it mostly is, read such lists; gold and mold do not.
    if is("PROFILE", "release") && links(&arguments) == Some(true) {
        for argument in arguments {
            println!("cargo::rustc-link-arg-bins={argument}");
        }
    }
}

/// Whether a small program can be linked with these arguments.
fn links(arguments: &[String]) -> Option<bool> {
    let folder = PathBuf::from(env::var_os("OUT_DIR")?);
    let (source, program) = (folder.join("links.rs"), folder.join("links"));
    fs::write(&source, "fn main() {}").ok()?;
    let mut compiler = Command::new(env::var_os("RUSTC")?);
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    compiler.args(flags.split('\x1f').filter(|flag| !flag.is_empty())).arg("--target").arg(env::var_os("TARGET")?);
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        compiler.arg("-C").arg(format!("linker={}", linker.display()));
    }
    compiler.args(arguments.iter().map(|argument| format!("-Clink-arg={argument}")));
    Some(compiler.arg("-o").arg(program).arg(source).output().ok()?.status.success())
}

/// The file that the compiler links when it is asked for this library.
fn library(name: &str) -> Option<PathBuf> {
    let linker = env::var_os("RUSTC_LINKER");
    // Another machine's compiler would name its own.
    if linker.is_none() && env::var_os("HOST") != env::var_os("TARGET") {
        return None;
    }
    let compiler = linker.unwrap_or_else(|| "cc".into());
    let said = Command::new(compiler).arg(format!("-print-file-name={name}")).output().ok()?;
    let file = PathBuf::from(String::from_utf8(said.stdout).ok()?.trim());
    // A compiler that has none repeats the name as it was asked for.
    file.is_absolute().then_some(file)
}

fn is(variable: &str, value: &str) -> bool {
    env::var(variable).is_ok_and(|it| it == value)
}
