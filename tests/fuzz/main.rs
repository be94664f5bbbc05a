//! The fuzz targets on any toolchain: each committed input of the corpus, and then so many that are made of them.
//!
//! ```sh
//! cargo test --test fuzz                                                  # a short run, always the same
//! RNCAT_FUZZ_ROUNDS=1000000 RNCAT_FUZZ_TARGET=telnet cargo test --release --test fuzz
//! ```
//!
//! `RNCAT_FUZZ_SEED` (0) makes other inputs. What fails is kept as `target/fuzz-TARGET`, to be minimised and added to
//! the corpus. A newcomer's trap: this finds what is near to the corpus; what is far is for cargo-fuzz, which sees
//! what code an input reaches (`cargo +nightly fuzz run --fuzz-dir tests/fuzz TARGET /tmp/corpus
//! tests/fuzz/corpus/TARGET`).

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod mutate;
mod targets;

use mutate::{Random, mutate};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        mpsc::{RecvTimeoutError, channel},
    },
    time::{Duration, Instant},
};
use targets::{TARGETS, Target};

/// In a short run, for a target of cost 1.
const ROUNDS: u64 = 2000;
/// Far more than any input takes, on a machine that does other things as well.
const HANGS: Duration = Duration::from_secs(20);
/// Bytes of a long input.
const LONG: usize = 30_000;
/// What a run may hold at most, corpus and all: MiB of resident memory.
const MEMORY: u64 = 512;

#[test]
fn no_input_breaks_a_target() {
    let only = std::env::var("RNCAT_FUZZ_TARGET").ok();
    let of = number("RNCAT_FUZZ_ROUNDS");
    let chosen = TARGETS.iter().filter(|target| only.as_deref().is_none_or(|only| only == target.name));
    let mut done = 0;
    for target in chosen {
        let (begun, inputs) = (Instant::now(), fuzz(target, of.unwrap_or(ROUNDS / target.cost)));
        println!("{}: {inputs} inputs in {:.1} s", target.name, begun.elapsed().as_secs_f32());
        done += 1;
    }
    assert!(done > 0, "no target is called {only:?}");
    assert!(peak() < MEMORY, "{} MiB were held at a time", peak());
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let root = root().join("corpus");
    let folders: Vec<_> =
        fs::read_dir(root).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    for target in TARGETS {
        assert!(corpus(target).len() > 1, "{} has no corpus", target.name);
    }
    if cfg!(all(feature = "mock", feature = "dtls")) {
        let strays = folders.iter().find(|it| TARGETS.iter().all(|target| target.name != **it));
        assert_eq!(strays, None);
        let manifest = fs::read_to_string(self::root().join("Cargo.toml")).unwrap();
        for target in TARGETS {
            assert!(manifest.contains(&format!("name = \"{}\"\n", target.name)), "cargo-fuzz does not know {target:?}");
        }
    }
}

/// How many inputs were tried.
fn fuzz(target: &'static Target, rounds: u64) -> u64 {
    let corpus = corpus(target);
    let mut random = Random::new(1 + number("RNCAT_FUZZ_SEED").unwrap_or(0));
    let current = Arc::new(Mutex::new((Instant::now(), Vec::new())));
    let (ended, end) = channel::<()>();
    let tried = Arc::clone(&current);
    let runner = std::thread::spawn(move || {
        let _ended = ended;
        let mut inputs = 0;
        let mut run = |input: Vec<u8>| {
            let mut current = tried.lock().unwrap();
            *current = (Instant::now(), input);
            let input = current.1.clone();
            drop(current);
            (target.run)(&input);
            inputs += 1;
        };
        corpus.iter().cloned().for_each(&mut run);
        corpus.iter().flat_map(|input| long(input)).for_each(&mut run);
        (0..rounds).for_each(|_| run(mutate(&corpus, &mut random)));
        inputs
    });
    while end.recv_timeout(HANGS) == Err(RecvTimeoutError::Timeout) {
        let current = current.lock().unwrap();
        if current.0.elapsed() > HANGS {
            keep(target, &current.1, "hangs");
        }
    }
    runner.join().unwrap_or_else(|_| keep(target, &current.lock().unwrap().1, "fails"))
}

/// The same again and again, as a whole and in single bytes: what takes time out of proportion hangs.
fn long(input: &[u8]) -> Vec<Vec<u8>> {
    let Some((head, body)) = input.split_at_checked(2).filter(|(_, body)| !body.is_empty()) else { return Vec::new() };
    [b'0', b'1'].map(|cut| [&[head[0], cut], &body.repeat(LONG / body.len())[..]].concat()).to_vec()
}

fn keep(target: &Target, input: &[u8], how: &str) -> ! {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).with_file_name(format!("fuzz-{}", target.name));
    let _ = fs::write(&path, input);
    panic!("{} {how} with {} ({} bytes): {}", target.name, path.display(), input.len(), input.escape_ascii());
}

/// The committed inputs, always in the same order, and an empty one.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let folder = fs::read_dir(root().join("corpus").join(target.name));
    let mut paths: Vec<_> = folder.into_iter().flatten().map(|it| it.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).chain([Vec::new()]).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz")
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|it| it.parse().unwrap_or_else(|_| panic!("{name} is no number: {it}")))
}

/// The most memory that was ever resident, in MiB; 0 where it is not told.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|it| it.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
