//! Reads the log of a run.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runner_fuzz::metrics(bytes));
