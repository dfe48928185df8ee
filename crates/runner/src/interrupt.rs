//! Ctrl-C, SIGTERM and a closed terminal: the first asks the loop to stop after its step, the second ends the process.

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

/// Listens from now on: to Ctrl-C and SIGTERM, and to the closing of the terminal unless the run was started to
/// outlive it (`nohup`).
///
/// # Errors
///
/// If the operating system refuses the handler.
pub fn listen() -> anyhow::Result<()> {
    on_request(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(EXIT_CODE.into());
        }
        // The terminal may be gone: closing it is one of the ways to be here.
        let _ = writeln!(stderr(), "stopping after this step; once more to stop at once");
    })
}

/// Calls `stop` on a thread of its own at every signal that asks to stop.
#[cfg(unix)]
fn on_request(stop: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let asks_to_stop = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| signal != SIGHUP || !ignored(signal));
    let mut signals = signal_hook::iterator::Signals::new(asks_to_stop)?;
    let listen = move || signals.forever().for_each(|_| stop());
    std::thread::Builder::new().name("signals".into()).spawn(listen)?;
    Ok(())
}

#[cfg(not(unix))]
fn on_request(stop: impl Fn() + Send + 'static) -> anyhow::Result<()> {
    Ok(ctrlc::set_handler(stop)?)
}

/// Whether whoever started this process had it ignore `signal`. Asked of the kernel where that takes no unsafe call:
/// elsewhere than on Linux, no signal counts as ignored.
#[cfg(unix)]
fn ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
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
