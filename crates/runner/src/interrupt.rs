//! Ctrl-C, SIGTERM, SIGUSR1 and a closed terminal. The first signal asks the training loop to stop after its step, the second
//! ends the process.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{Write as _, stderr};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use anyhow::{Context as _, Result};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Exit code of an interrupted run.
pub const EXIT_CODE: u8 = 130;

/// The run or the measurements were interrupted and saved.
#[derive(Debug, thiserror::Error)]
#[error("interrupted; go on with:\n  {resume}")]
pub struct Interrupted {
    /// Command that goes on.
    pub resume: String,
}

/// Starts to listen for Ctrl-C and SIGTERM, and for SIGHUP from a closed terminal unless the process ignores it
/// (`nohup`).
///
/// A time limit on the processor (SIGXCPU) asks to stop, too, and so does SIGUSR1, by which a cluster announces that a
/// job's time is nearly over. Where no thread can be started to listen, a signal ends the
/// process as ever, and there is a warning.
///
/// # Errors
///
/// If the signal handler cannot be installed.
pub fn listen() -> Result<()> {
    static LISTENING: AtomicBool = AtomicBool::new(false);
    if LISTENING.swap(true, Ordering::SeqCst) {
        return Ok(());
    }
    on_request(|| {
        if REQUESTED.swap(true, Ordering::SeqCst) {
            std::process::exit(EXIT_CODE.into());
        }
        // Ignores errors: if the terminal was closed, stderr is gone.
        let _ = writeln!(stderr(), "stopping after this step; once more to stop at once");
    })
}

/// Lets a write beyond the limit on the size of files fail like one on a full disk, instead of ending the process.
///
/// # Errors
///
/// If the signal handler cannot be installed.
pub fn survive_file_size_limit() -> Result<()> {
    #[cfg(unix)]
    {
        static REACHED: AtomicBool = AtomicBool::new(false);
        signal_hook::flag::register(signal_hook::consts::SIGXFSZ, &REACHED).context("cannot catch a signal")?;
    }
    Ok(())
}

/// Calls `stop` at every signal that asks to stop, on a separate thread.
#[cfg(unix)]
fn on_request(stop: impl Fn() + Send + 'static) -> Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXCPU};
    use signal_hook::iterator::Signals;

    // The thread comes first: signals that are caught, and not listened to, would be lost.
    let (sender, receiver) = mpsc::channel::<Signals>();
    let listen = move || {
        let Ok(mut signals) = receiver.recv() else { return };
        let mut limited = false;
        for signal in signals.forever() {
            // The system repeats this one every second.
            if signal != SIGXCPU || !std::mem::replace(&mut limited, true) {
                stop();
            }
        }
    };
    if let Err(error) = thread::Builder::new().name("signals".into()).spawn(listen) {
        let _ = writeln!(stderr(), "warning: no thread to listen to Ctrl-C, which will not save the run: {error}");
        return Ok(());
    }
    let asks_to_stop = [SIGINT, SIGTERM, SIGUSR1, SIGXCPU, SIGHUP].into_iter();
    let asks_to_stop = asks_to_stop.filter(|&signal| signal != SIGHUP || !ignored(signal));
    // The thread waits for them.
    let _ = sender.send(Signals::new(asks_to_stop).context("cannot listen to signals")?);
    Ok(())
}

#[cfg(not(unix))]
fn on_request(stop: impl Fn() + Send + 'static) -> Result<()> {
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
