//! Settings in layers, and the configuration of a training run.
//!
//! [`Settings`] overrides built-in defaults with a file, environment variables and flags. Every value remembers its
//! origin. [`Config`](config::Config) holds the settings of a training run.
#![forbid(unsafe_code)]

pub mod config;
mod settings;

pub use settings::{ENVIRONMENT_PREFIX, Invalid, LARGEST_FILE, Layered, Settings, SettingsError, entries, nearest};
