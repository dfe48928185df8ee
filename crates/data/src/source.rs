use std::convert::Infallible;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// Start of the text of a folder whose path is written with percent signs.
const FILE: &str = "file:";

/// Which data to load.
///
/// As text: `auto`, `sample`, or the path of a folder (`./auto` for a folder of that name). A path that is no UTF-8 is
/// written as the URL `file:PATH`, in which `%E9` stands for the byte `e9`; any path may be.
///
/// # Examples
///
/// ```
/// use burn_fashion_mnist::Source;
///
/// let source = |text: &str| text.parse::<Source>();
/// assert_eq!(source("sample"), Ok(Source::Sample));
/// assert_eq!(source("my/images"), Ok(Source::Dir("my/images".into())));
/// assert_eq!(source("file:///my%20images"), Ok(Source::Dir("/my images".into())));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The first available of: the folder in `FASHION_MNIST_DIR`, the cache, the system's data folders, a download, and
    /// (with a warning) the embedded sample.
    #[default]
    Auto,
    /// The subset compiled into the library.
    Sample,
    /// This folder only.
    Dir(PathBuf),
}

impl FromStr for Source {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "auto" => Self::Auto,
            "sample" => Self::Sample,
            path => Self::Dir(match path.strip_prefix(FILE) {
                Some(path) => decoded(path.strip_prefix("//").filter(|path| path.starts_with('/')).unwrap_or(path)),
                None => path.into(),
            }),
        })
    }
}

impl From<OsString> for Source {
    fn from(text: OsString) -> Self {
        match text.to_str().map(str::parse) {
            Some(Ok(source)) => source,
            _ => Self::Dir(text.into()),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Sample => f.write_str("sample"),
            Self::Dir(path) => match path.to_str() {
                Some(path) if path == "auto" || path == "sample" || path.starts_with(FILE) => write!(f, "./{path}"),
                Some(path) => f.write_str(path),
                None => {
                    f.write_str(FILE)?;
                    path.as_os_str().as_encoded_bytes().iter().try_for_each(|&byte| match byte {
                        b'/' | b'-' | b'_' | b'.' | b'~' => write!(f, "{}", char::from(byte)),
                        _ if byte.is_ascii_alphanumeric() => write!(f, "{}", char::from(byte)),
                        _ => write!(f, "%{byte:02X}"),
                    })
                }
            },
        }
    }
}

/// `text` with each `%` and two hexadecimal digits replaced by the byte they stand for.
fn decoded(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        bytes.extend(before.bytes());
        let byte = after.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
        rest = match byte.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                &after[2..]
            }
            None => {
                bytes.push(b'%');
                after
            }
        };
    }
    bytes.extend(rest.bytes());
    path(bytes)
}

#[cfg(unix)]
fn path(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    OsString::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_what_its_text_says() {
        for source in ["auto", "sample", "some/dir", "./auto", "./sample", "./file:x", "2024", "50 %", ""] {
            assert_eq!(source.parse::<Source>().map(|parsed| parsed.to_string()).as_deref(), Ok(source));
        }
        assert_eq!(Source::Dir("auto".into()).to_string(), "./auto");
    }

    #[test]
    fn a_url_names_a_folder() {
        for (url, path) in
            [("file:///a/b", "/a/b"), ("file:/a%20b", "/a b"), ("file:a%", "a%"), ("file:%zz%4", "%zz%4")]
        {
            assert_eq!(url.parse(), Ok(Source::Dir(path.into())), "{url}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_text_survives_as_text() {
        for bytes in [&b"/tmp/d\xe9"[..], b"\xff", b"caf\xc3\xa9/\xfe 50%", b"file:\xe9"] {
            let source = Source::from(path(bytes.to_vec()).into_os_string());
            assert_eq!(source, Source::Dir(path(bytes.to_vec())));
            assert_eq!(source.to_string().parse(), Ok(source));
        }
        assert_eq!(Source::from(path(b"/d\xe9".to_vec()).into_os_string()).to_string(), "file:/d%E9");
    }
}
