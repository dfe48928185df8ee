//! Integration tests: the real binary, from the outside.
//!
//! - [`bad_input`]: every mistake has a clear error, an exit code, and leaves nothing half-written
//! - [`data_files`]: damaged and foreign data files
//! - [`training`]: a run leaves what it should, and `evaluate` and `predict` work on it
//! - [`repeatable`]: two equal runs have equal bits, and so has a resumed one
//! - [`interruption`]: Ctrl-C, SIGTERM and SIGKILL (Unix)
//! - [`readme`]: the commands and configurations the README names exist
//! - [`parity`]: wgpu against ndarray (with both features)
#![recursion_limit = "256"]

mod bad_input;
mod data_files;
#[cfg(unix)]
mod interruption;
#[cfg(all(feature = "wgpu", feature = "ndarray"))]
mod parity;
mod process;
mod readme;
mod repeatable;
mod training;
