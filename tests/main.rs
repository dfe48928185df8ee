//! Integration tests: the real binary, from the outside.
//!
//! - [`bad_input`]: every mistake has a clear error, an exit code, and leaves nothing half-written
//! - [`corpus`]: the inputs of the fuzz targets, on a stable compiler
//! - [`data_files`]: damaged and foreign data files
//! - [`training`]: a run leaves what it should, and `evaluate` and `predict` work on it
//! - [`exchange`]: models out to and in from PyTorch's and ONNX's formats
//! - [`repeatable`]: two equal runs have equal bits, and so has a resumed one
//! - [`faults`]: what can befall a run on its way, and how it goes on
//! - [`resume`]: what may differ when a run goes on, and what may not
//! - [`full_disk`]: full and read-only file systems (Linux)
//! - [`interruption`]: Ctrl-C, SIGTERM and SIGKILL (Unix)
//! - [`experiments`]: every experiment ends, and its claims are what its figures say
//! - [`properties`]: laws that hold for all settings
//! - [`untrusted`]: files made to exhaust memory (Linux)
//! - [`readme`]: the commands and configurations the README names exist
//! - [`report`]: every run has its report, which can be made again
//! - [`parity`]: wgpu against ndarray (with both features)
#![recursion_limit = "256"]

mod bad_input;
mod corpus;
mod data_files;
mod exchange;
mod experiments;
mod faults;
mod finished;
#[cfg(target_os = "linux")]
mod full_disk;
#[cfg(unix)]
mod interruption;
#[cfg(all(feature = "wgpu", feature = "ndarray"))]
mod parity;
mod process;
mod properties;
mod readme;
mod repeatable;
mod report;
mod resume;
mod training;
#[cfg(target_os = "linux")]
mod untrusted;
