//! cargo-fuzz's side: each binary of this file fuzzes the target that it is called by.
#![no_main]

#[allow(dead_code, reason = "what an input costs matters to the other runner")]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let target = targets::TARGETS.iter().find(|target| target.name == env!("CARGO_BIN_NAME")).expect("a target");
    (target.run)(data);
});
