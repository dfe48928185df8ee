//! Standard output.

use std::io::{self, ErrorKind, IsTerminal as _, Write};

/// Standard output, whose errors say that it is.
pub(crate) fn stdout() -> Stdout {
    Stdout(io::stdout())
}

/// Standard output, whose errors say that it is.
pub(crate) struct Stdout(io::Stdout);

impl Stdout {
    /// Whether it is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.0.is_terminal()
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(named)
    }
}

fn named(error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("standard output: {error}"))
}

/// Fails if what was printed is lost, unless its reader has closed it, as `head` does: then nobody misses it.
///
/// # Errors
///
/// If `printed` is any other error.
pub(crate) fn unless_closed(printed: io::Result<()>) -> io::Result<()> {
    printed.or_else(|error| if error.kind() == ErrorKind::BrokenPipe { Ok(()) } else { Err(error) })
}
