//! Reads PNG and JPEG images.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runner_fuzz::image(bytes));
