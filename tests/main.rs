//! Integration tests, which run the real binary.
//!
//! - [`bad_input`]: every mistake has a clear error and an exit code, and leaves nothing half-written
//! - [`corpus`]: the inputs of the fuzz targets, on a stable compiler
//! - [`data_files`]: damaged and foreign data files
//! - [`training`]: the files of a run, and `evaluate` and `predict` on it
//! - [`exchange`]: export and import of models in the formats of PyTorch and ONNX
//! - [`repeatable`]: two equal runs have equal bits, and so has a resumed one
//! - [`faults`]: faults during a run, and how it resumes after them
//! - [`resume`]: what may change when a run is resumed, and what may not
//! - [`full_disk`]: full and read-only file systems (Linux)
//! - [`interruption`]: Ctrl-C, SIGTERM and SIGKILL (Unix)
//! - [`surroundings`]: threads, outputs and files that the system refuses, and what a run is recorded to come from (Linux)
//! - [`experiments`]: every experiment ends, and its claims agree with its values
//! - [`laboratory`]: each measurement is made once, whatever happens, and findings depend on measurements only
//! - [`paths`]: paths of any bytes, relative ones, and what is already where a file is written (Unix)
//! - [`properties`]: properties of all settings
//! - [`untrusted`]: files made to exhaust memory (Linux)
//! - [`readme`]: the commands and configurations that the README names exist
//! - [`record`]: the committed record follows from the measurements beside it
//! - [`report`]: every run has a report, which can be made again
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
mod laboratory;
#[cfg(all(feature = "wgpu", feature = "ndarray"))]
mod parity;
#[cfg(unix)]
mod paths;
mod process;
mod properties;
mod readme;
mod record;
mod repeatable;
mod report;
mod resume;
#[cfg(target_os = "linux")]
mod surroundings;
mod training;
#[cfg(target_os = "linux")]
mod untrusted;
