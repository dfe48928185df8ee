//! Ctrl-C and SIGTERM: the first asks the loop to stop after its step, the second ends the process.

use std::io::{Write as _, stderr};
use std::path::Path;
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
        // The terminal may be gone: closing it is one of the ways to be here.
        let _ = writeln!(stderr(), "stopping after this step; once more to stop at once");
    })?;
    Ok(())
}

/// Whether someone asked to stop.
pub fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}

/// The command that resumes `run`, as a shell reads it.
pub fn resume_command(run: &Path) -> String {
    let program = std::env::args_os().next().unwrap_or_else(|| "runner".into());
    format!("{} train --resume {}", quoted(&program.to_string_lossy()), quoted(&run.to_string_lossy()))
}

/// `text` as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "_-./:=@%+,".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_take_them_apart() {
        for (text, word) in [
            ("runs/best/2026-01-31T12-00-00Z", "runs/best/2026-01-31T12-00-00Z"),
            ("two words", "'two words'"),
            ("it's $HOME", r"'it'\''s $HOME'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(text), word);
        }
    }
}
