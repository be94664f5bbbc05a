//! cargo-fuzz's side: each binary of this file fuzzes the target that it is called by.
#![no_main]

mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let target = targets::TARGETS.iter().find(|target| target.name == env!("CARGO_BIN_NAME")).expect("a target");
    (target.run)(data);
});
