//! Ctrl-C, SIGTERM and a closed terminal. The first signal asks the training loop to stop after its step, the second
//! ends the process.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{Write as _, stderr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Exit code of an interrupted run.
pub const EXIT_CODE: u8 = 130;

/// The run was interrupted and saved.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; go on with:\n  {resume}")]
pub struct Interrupted {
    /// Command that resumes the run.
    pub resume: String,
}

/// Starts to listen for Ctrl-C and SIGTERM, and for SIGHUP from a closed terminal unless the process ignores it
/// (`nohup`).
///
/// # Errors
///
/// If the signal handler cannot be installed.
pub fn listen() -> anyhow::Result<()> {
    on_request(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(EXIT_CODE.into());
        }
        // Ignores errors: if the terminal was closed, stderr is gone.
        let _ = writeln!(stderr(), "stopping after this step; once more to stop at once");
    })
}

/// Calls `stop` at every signal that asks to stop, on a separate thread.
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

/// Whether this process was started with `signal` ignored. Reads `/proc`, which needs no unsafe code. On systems other
/// than Linux no signal counts as ignored.
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

/// The shell command that resumes `run`.
pub fn resume_command(run: &Path) -> String {
    let program = std::env::args_os().next().unwrap_or_else(|| "runner".into());
    format!("{} train --resume {}", quoted(&program), quoted(run.as_os_str()))
}

/// `word` quoted as one word for a POSIX shell.
pub fn quoted(word: &OsStr) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=@+,".contains(&byte);
    let bytes = word.as_encoded_bytes();
    match word.to_str() {
        Some(text) if !text.is_empty() && bytes.iter().all(|&byte| plain(byte) || byte == b'%') => text.to_owned(),
        Some(text) => format!("'{}'", text.replace('\'', r"'\''")),
        // A terminal shows no bytes that are no text, so the shell is told their numbers.
        None => {
            let written = bytes.iter().fold(String::new(), |mut written, &byte| {
                // Writing to a string cannot fail.
                let _ =
                    if plain(byte) { write!(written, "{}", char::from(byte)) } else { write!(written, r"\{byte:03o}") };
                written
            });
            format!(r#""$(printf '{written}')""#)
        }
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
            assert_eq!(quoted(text.as_ref()), word);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_bytes_of_a_path_that_is_no_text() {
        use std::os::unix::ffi::OsStrExt as _;
        for bytes in [&b"runs/d\xe9"[..], b"\xff%s\\n $HOME it's \"x\"\t`y`", b"50% \xfe!"] {
            let script = format!("printf %s {}", quoted(OsStr::from_bytes(bytes)));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(output.stdout, bytes, "{script}");
        }
    }
}
