use std::fs;
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ureq::{Agent, Body};

use crate::failure::{Failure, Trouble};
use crate::{DataError, Progress, idx};

const RESOLVE_TIMEOUT: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// A body may take any time as long as something arrives this often.
const PROGRESS_TIMEOUT: Duration = Duration::from_secs(15);
/// While no server has answered, no further mirror is tried after this time: a machine without network learns so
/// after one or two time-outs, not after those of every mirror.
const UNREACHABLE_TIMEOUT: Duration = Duration::from_secs(5);
/// Waits before the rounds over the mirrors.
const BACK_OFF: [Duration; 3] = [Duration::ZERO, Duration::from_millis(500), Duration::from_secs(2)];
/// What a compressed file may exceed its content by; one that does is not read on.
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

/// A file, and how to know that it is the right one.
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

/// One file on its way.
pub(crate) struct Transfer<'a> {
    pub(crate) agent: &'a Agent,
    pub(crate) dir: &'a Path,
    pub(crate) wanted: &'a Wanted,
    pub(crate) progress: Option<Progress>,
}

impl Transfer<'_> {
    /// Asks the mirrors in turn, and those with a passing trouble again after a while.
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
        let response = self.agent.get(url).call().map_err(Failure::from)?;
        // Dropped on every way out but the last, which removes the file.
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
        // Before the rename: after a power failure the name must not stand for an empty file.
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

/// A temporary file in the folder of the final one, since a rename does not cross file systems.
fn temporary_file(dir: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".download-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As for any new file, so that a cache can be shared; the default is readable by its owner only.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(dir)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::net::{TcpListener, TcpStream};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const CONTENT: &[u8] = b"twelve bytes";
    /// `printf 'twelve bytes' | sha256sum`
    const SHA256: &str = "d4ce2c527afe674c7a086bd74e256019e3d5dcdb31eeb6eaadef5ada8c4383b9";

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).expect("a vector accepts all bytes");
        encoder.finish().expect("a vector accepts all bytes")
    }

    fn response(status: &str, content_type: &str, length: usize, body: &[u8]) -> Vec<u8> {
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    }

    fn good() -> Vec<u8> {
        response("200 OK", "application/gzip", gzip(CONTENT).len(), &gzip(CONTENT))
    }

    fn busy() -> Vec<u8> {
        response("503 Service Unavailable", "text/html", 0, b"")
    }

    /// Serves one response a connection, then refuses connections. Returns the address to use as a mirror.
    fn serve(responses: Vec<Vec<u8>>) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mirror = format!("http://{}", listener.local_addr().expect("bound"));
        std::thread::spawn(move || {
            for response in responses {
                let (stream, _) = listener.accept().expect("a connection");
                answer(stream, &response);
            }
        });
        mirror
    }

    fn answer(mut stream: TcpStream, response: &[u8]) {
        let request = BufReader::new(stream.try_clone().expect("a second handle"));
        let lines: Vec<String> = request.lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
        assert!(lines[0].starts_with("GET /file.gz "), "{lines:?}");
        // The client may have left in the middle of a body it does not want.
        let _ = stream.write_all(response);
    }

    fn download(mirrors: &[String], dir: &Path, progress: Option<Progress>) -> Result<(), DataError> {
        // Whatever proxy the environment names, these servers are on this machine.
        let agent = agent(Agent::config_builder().proxy(None));
        let wanted = Wanted { name: "file.gz".to_owned(), sha256: SHA256, length: CONTENT.len() as u64 };
        Transfer { agent: &agent, dir, wanted: &wanted, progress }.run(mirrors)
    }

    /// The error of a download from one mirror, after checking that it left nothing behind.
    fn failure(responses: Vec<Vec<u8>>) -> String {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mirror = serve(responses);
        let error = download(std::slice::from_ref(&mirror), dir.path(), None).expect_err("no good file").to_string();
        assert!(error.contains(&format!("{mirror}/file.gz")), "{error}");
        assert_eq!(fs::read_dir(dir.path()).expect("the folder").count(), 0);
        error
    }

    #[test]
    fn a_good_file_arrives_whole_and_alone() {
        static SEEN: Mutex<Vec<(String, u64, Option<u64>)>> = Mutex::new(Vec::new());
        fn record(file: &str, done: u64, total: Option<u64>) {
            SEEN.lock().expect("not poisoned").push((file.to_owned(), done, total));
        }
        let dir = tempfile::tempdir().expect("a temporary folder");
        download(&[serve(vec![good()])], dir.path(), Some(record)).expect("a good mirror");
        assert_eq!(fs::read(dir.path().join("file.gz")).expect("written"), gzip(CONTENT));
        assert_eq!(fs::read_dir(dir.path()).expect("the folder").count(), 1);
        let length = gzip(CONTENT).len() as u64;
        assert_eq!(SEEN.lock().expect("not poisoned").last(), Some(&("file.gz".to_owned(), length, Some(length))));
    }

    #[test]
    fn the_next_mirror_is_asked() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let missing = response("404 Not Found", "text/plain", 0, b"");
        let mirrors = [serve(vec![]), serve(vec![missing]), serve(vec![good()])];
        download(&mirrors, dir.path(), None).expect("the third mirror is good");
        assert!(dir.path().join("file.gz").exists());
    }

    #[test]
    fn a_busy_mirror_is_asked_again() {
        let dir = tempfile::tempdir().expect("a temporary folder");
        download(&[serve(vec![busy(), good()])], dir.path(), None).expect("good the second time");
        let error = failure(vec![busy(), busy(), busy()]);
        assert!(error.contains("503"), "{error}");
    }

    #[test]
    fn an_html_page_is_named_as_such() {
        let page = b" <!DOCTYPE html><title>Sign in</title>";
        for content_type in ["text/html; charset=utf-8", "application/gzip"] {
            let error = failure(vec![response("200 OK", content_type, page.len(), page)]);
            assert!(error.contains("HTML page"), "{error}");
        }
    }

    #[test]
    fn a_body_that_breaks_off_is_asked_for_again() {
        let whole = gzip(CONTENT);
        let cut = response("200 OK", "application/gzip", whole.len(), &whole[..10]);
        let dir = tempfile::tempdir().expect("a temporary folder");
        download(&[serve(vec![cut.clone(), good()])], dir.path(), None).expect("good the second time");
        let error = failure(vec![cut.clone(), cut.clone(), cut]);
        assert!(error.contains("broke off after 10 bytes"), "{error}");
    }

    #[test]
    fn damaged_and_other_content_is_refused() {
        let cut = &gzip(CONTENT)[..20];
        let short = response("200 OK", "application/gzip", cut.len(), cut);
        assert!(failure(vec![short.clone(), short.clone(), short]).contains("cut short or damaged"));
        let other = gzip(b"other");
        let error = failure(vec![response("200 OK", "application/gzip", other.len(), &other)]);
        assert!(error.contains("other content") && error.contains(SHA256), "{error}");
    }

    #[test]
    fn an_endless_body_is_left() {
        static RECEIVED: AtomicU64 = AtomicU64::new(0);
        let dir = tempfile::tempdir().expect("a temporary folder");
        let endless = response("200 OK", "application/gzip", 1 << 20, &vec![7; 1 << 20]);
        let error =
            download(&[serve(vec![endless])], dir.path(), Some(|_, done, _| RECEIVED.store(done, Ordering::Relaxed)))
                .expect_err("too long");
        assert!(error.to_string().contains("more than the 65548 bytes"), "{error}");
        assert!(RECEIVED.load(Ordering::Relaxed) <= 65_548);
    }

    #[test]
    fn an_unreachable_mirror_is_asked_once() {
        let start = Instant::now();
        let error = failure(vec![]);
        assert!(start.elapsed() < BACK_OFF[2], "{error}");
    }
}
