use std::fs;
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ureq::{Agent, Body};

use crate::failure::{Failure, Trouble};
use crate::{DataError, Progress, idx};

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest wait for the next bytes of a body. The body as a whole has no time limit.
const PROGRESS_TIMEOUT: Duration = Duration::from_secs(15);
/// If no server has answered by then, no further mirror is tried: a machine without network fails after one or two
/// time-outs instead of those of every mirror.
const UNREACHABLE_TIMEOUT: Duration = Duration::from_secs(5);
/// Waits before the rounds over the mirrors.
const BACK_OFF: [Duration; 3] = [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];
/// Largest excess of a compressed file over its content. Reading stops beyond it.
const OVERHEAD: u64 = 64 * 1024;

pub(crate) fn agent(config: ureq::config::ConfigBuilder<ureq::typestate::AgentScope>) -> Agent {
    config
        .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(RESOLVE_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(ANSWER_TIMEOUT))
        .timeout_per_read(Some(PROGRESS_TIMEOUT))
        .build()
        .new_agent()
}

/// Checks what the client would panic at: a clock before 1970, and that a thread cannot be started.
fn connectable() -> Result<(), Failure> {
    if SystemTime::now() < UNIX_EPOCH {
        return Err(Failure::unreachable("the clock is before 1970, when no certificate is valid"));
    }
    let thread = std::thread::Builder::new().spawn(|| ());
    thread.map(drop).map_err(|error| Failure::unreachable(format_args!("no thread to look up addresses: {error}")))
}

/// A file to download, with its expected content.
pub(crate) struct Wanted {
    pub(crate) name: String,
    /// Of the decompressed content.
    pub(crate) sha256: &'static str,
    /// Of the decompressed content.
    pub(crate) length: u64,
}

impl Wanted {
    pub(crate) fn is_whole(&self, path: &Path) -> bool {
        fs::File::open(path)
            .is_ok_and(|file| idx::content_sha256(file, path, self.length).is_ok_and(|found| found == self.sha256))
    }
}

/// The download of one file.
pub(crate) struct Transfer<'a> {
    pub(crate) agent: &'a Agent,
    pub(crate) dir: &'a Path,
    pub(crate) wanted: &'a Wanted,
    pub(crate) progress: Option<Progress>,
}

impl Transfer<'_> {
    /// Tries the mirrors in turn, then retries those with transient failures after a delay.
    pub(crate) fn run(&self, mirrors: &[String]) -> Result<(), DataError> {
        let start = Instant::now();
        let mut failures: Vec<Option<Failure>> = mirrors.iter().map(|_| None).collect();
        for wait in BACK_OFF {
            if failures.iter().all(|failure| failure.as_ref().is_some_and(|failure| !failure.transient)) {
                break;
            }
            std::thread::sleep(wait);
            for (index, mirror) in mirrors.iter().enumerate() {
                if failures[index].as_ref().is_some_and(|failure| !failure.transient) {
                    continue;
                }
                let reached = failures.iter().flatten().any(|failure| failure.reached);
                failures[index] = Some(if !reached && start.elapsed() > UNREACHABLE_TIMEOUT {
                    Failure::unreachable("not tried, since no other mirror could be reached")
                } else {
                    match self.attempt(&self.url(mirror)) {
                        Ok(()) => return Ok(()),
                        Err(Trouble::Disk(error)) => return Err(error),
                        Err(Trouble::Mirror(failure)) => failure,
                    }
                });
            }
        }
        if mirrors.is_empty() {
            return Err(DataError::Download { path: self.target(), attempts: vec!["no mirrors are given".to_owned()] });
        }
        let attempts = mirrors
            .iter()
            .zip(failures.iter().flatten())
            .map(|(mirror, failure)| format!("{}: {}", self.url(mirror), failure.reason))
            .collect();
        Err(DataError::Download { path: self.target(), attempts })
    }

    fn url(&self, mirror: &str) -> String {
        format!("{}/{}", mirror.trim_end_matches('/'), self.wanted.name)
    }

    fn target(&self) -> PathBuf {
        self.dir.join(&self.wanted.name)
    }

    fn attempt(&self, url: &str) -> Result<(), Trouble> {
        let disk = |source| DataError::Io { path: self.target(), source };
        connectable()?;
        let response = self.agent.get(url).call().map_err(Failure::from)?;
        // Dropping it on an early return removes the file.
        let mut temporary = temporary_file(self.dir).map_err(disk)?;
        self.receive(response.into_body(), temporary.as_file_mut())?;
        temporary.as_file_mut().rewind().map_err(disk)?;
        let expected = self.wanted.sha256;
        match idx::content_sha256(temporary.as_file(), temporary.path(), self.wanted.length) {
            Ok(found) if found == expected => {}
            Ok(found) => {
                let reason = format!("other content: expected SHA-256 {expected} (decompressed), found {found}");
                return Err(Failure::permanent(reason).into());
            }
            Err(DataError::Gzip { source, .. }) => {
                return Err(Failure::transient(format_args!("cut short or damaged ({source})")).into());
            }
            Err(error) => return Err(error.into()),
        }
        // Before the rename, so that the name does not refer to an empty file after a power failure.
        temporary.as_file().sync_all().map_err(disk)?;
        temporary.persist(self.target()).map_err(|error| disk(error.error))?;
        Ok(())
    }

    fn receive(&self, body: Body, file: &mut fs::File) -> Result<(), Trouble> {
        const HTML: &str = "an HTML page instead of the file";
        if body.mime_type() == Some("text/html") {
            return Err(Failure::permanent(HTML).into());
        }
        let limit = self.wanted.length + OVERHEAD;
        let total = body.content_length();
        let mut body = body.into_reader();
        let mut chunk = vec![0; 64 * 1024];
        let mut done = 0;
        loop {
            let count = match body.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    return Err(Failure::transient(format_args!("broke off after {done} bytes ({error})")).into());
                }
            };
            if done == 0 && chunk[..count].trim_ascii_start().starts_with(b"<") {
                return Err(Failure::permanent(HTML).into());
            }
            done += count as u64;
            if done > limit {
                return Err(Failure::permanent(format_args!("more than the {limit} bytes the file can have")).into());
            }
            file.write_all(&chunk[..count]).map_err(|source| DataError::Io { path: self.target(), source })?;
            if let Some(progress) = self.progress {
                progress(&self.wanted.name, done, total);
            }
        }
    }
}

/// A temporary file in the folder of the final one, since a rename cannot cross file systems.
fn temporary_file(dir: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".download-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // The usual permissions of a new file, so that a cache can be shared. The default of `tempfile` is readable by
        // its owner only.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(dir)
}

#[cfg(test)]
mod tests;
