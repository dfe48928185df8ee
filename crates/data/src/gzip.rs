use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::GzDecoder;

/// Other bytes follow the end of the gzip data.
#[derive(Debug, thiserror::Error)]
#[error("other bytes follow the end of the gzip data")]
pub(crate) struct OtherBytes;

/// The content of a gzip file: that of its members, one after another.
///
/// As for `gzip` itself, zeros after the last member are padding: tapes, block devices and some copying programs fill
/// up to the end of a block. Anything else there is the error [`OtherBytes`].
pub(crate) struct Members<R> {
    /// The member that is being read; `None` after the last.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Members<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { member: Some(GzDecoder::new(source)) }
    }
}

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let count = member.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            self.member = match self.member.take() {
                Some(ended) => next(ended.into_inner())?,
                None => None,
            };
        }
        Ok(0)
    }
}

/// The member that follows, if any.
fn next<R: BufRead>(mut source: R) -> io::Result<Option<GzDecoder<R>>> {
    const START: u8 = 0x1f;
    if source.fill_buf()?.first() == Some(&START) {
        return Ok(Some(GzDecoder::new(source)));
    }
    loop {
        let bytes = source.fill_buf()?;
        if bytes.iter().any(|&byte| byte != 0) {
            return Err(io::Error::new(ErrorKind::InvalidData, OtherBytes));
        }
        let length = bytes.len();
        if length == 0 {
            return Ok(None);
        }
        source.consume(length);
    }
}
