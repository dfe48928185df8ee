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

/// Serves one response per connection, then refuses connections. Returns the address to use as a mirror.
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
    // The client may have closed the connection in the middle of the body.
    let _ = stream.write_all(response);
}

fn download(mirrors: &[String], dir: &Path, progress: Option<Progress>) -> Result<(), DataError> {
    // No proxy from the environment: the servers are local.
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
