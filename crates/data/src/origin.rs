use std::path::PathBuf;

use serde::{Deserialize, Serialize};

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

/// Where the data came from: recorded with each run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Origin {
    /// The kind of place.
    pub kind: OriginKind,
    /// The folder, if it was one.
    pub path: Option<PathBuf>,
    /// One hash over the four decompressed files: SHA-256 of their SHA-256 in lower-case hex, joined in the order
    /// training images, training labels, test images, test labels.
    pub sha256: String,
    /// Whether the content is, byte for byte, that of Fashion-MNIST (or of its embedded sample).
    ///
    /// The hashes are compared also where no verification was asked for: then a difference is no error, but false
    /// here.
    pub verified: bool,
    /// What the user should know, such as that the sample stands in for the full set.
    pub warnings: Vec<String>,
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
}
