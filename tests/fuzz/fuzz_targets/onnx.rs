//! Reads ONNX files.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| runner_fuzz::onnx(bytes));
