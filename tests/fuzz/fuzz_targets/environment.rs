//! Reads the record of a run's environment.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runner_fuzz::environment(bytes));
