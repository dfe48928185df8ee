//! Ctrl-C and SIGTERM: the first asks the loop to stop after its step, the second ends the process.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Exit code of an interrupted run.
pub const EXIT_CODE: u8 = 130;

/// The run was interrupted and saved; the command resumes it.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; go on with:\n  {resume}")]
pub struct Interrupted {
    /// Command that resumes the run.
    pub resume: String,
}

/// Listens from now on.
///
/// # Errors
///
/// If the operating system refuses the handler.
pub fn listen() -> anyhow::Result<()> {
    ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(EXIT_CODE.into());
        }
        eprintln!("stopping after this step; once more to stop at once");
    })?;
    Ok(())
}

/// Whether someone asked to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
