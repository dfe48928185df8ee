use std::path::PathBuf;

use serde::{Deserialize, Serialize, Serializer};

/// The kind of place the data came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OriginKind {
    /// A folder with the four files; also the cache after a download.
    Directory,
    /// The subset compiled into the library.
    Sample,
}

/// Where the data came from. Recorded with each run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Origin {
    /// The kind of place.
    pub kind: OriginKind,
    /// The folder, if the data came from one. Written as text, in which what is no UTF-8 is replaced by `�`.
    #[serde(serialize_with = "as_text")]
    pub path: Option<PathBuf>,
    /// One hash over the four decompressed files: the SHA-256 of their concatenated SHA-256 hashes in lower-case hex,
    /// in the order training images, training labels, test images, test labels.
    pub sha256: String,
    /// Whether the content is byte for byte that of Fashion-MNIST, or of its embedded sample.
    ///
    /// The hashes are compared even if verification was not requested. A difference is then not an error but sets this
    /// to false.
    pub verified: bool,
    /// Warnings for the user, such as that the sample is used instead of the full data set.
    pub warnings: Vec<String>,
}

/// A path that is no UTF-8 is an error of serde, and the record is for people.
fn as_text<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    path.as_ref().map(|path| path.to_string_lossy()).serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_read_back_as_written() {
        let origin = Origin {
            kind: OriginKind::Directory,
            path: Some("some/folder".into()),
            sha256: "0f".to_owned(),
            verified: true,
            warnings: vec!["a warning".to_owned()],
        };
        let text = serde_json::to_string(&origin).expect("serializable");
        assert_eq!(
            text,
            r#"{"kind":"directory","path":"some/folder","sha256":"0f","verified":true,"warnings":["a warning"]}"#
        );
        assert_eq!(serde_json::from_str::<Origin>(&text).expect("as written"), origin);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_whose_name_is_no_text_is_recorded_legibly() {
        use std::os::unix::ffi::OsStringExt as _;
        let path = std::ffi::OsString::from_vec(b"d\xe9".to_vec()).into();
        let origin = Origin {
            kind: OriginKind::Directory,
            path: Some(path),
            sha256: String::new(),
            verified: true,
            warnings: vec![],
        };
        assert!(serde_json::to_string(&origin).expect("serializable").contains("d\u{fffd}"));
    }
}
