use std::fmt;
use std::io::ErrorKind;

use ureq::{Error, Timeout};

use crate::DataError;

/// Why an attempt at a mirror failed.
pub(crate) struct Failure {
    pub(crate) reason: String,
    /// Whether another attempt may succeed.
    pub(crate) transient: bool,
    /// Whether a server answered.
    pub(crate) reached: bool,
}

impl Failure {
    pub(crate) fn transient(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), transient: true, reached: true }
    }

    pub(crate) fn unreachable(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), transient: false, reached: false }
    }

    pub(crate) fn permanent(reason: impl fmt::Display) -> Self {
        Self { reason: reason.to_string(), transient: false, reached: true }
    }
}

/// Why an attempt did not produce the file.
pub(crate) enum Trouble {
    /// Another mirror may succeed.
    Mirror(Failure),
    /// A local error, which no other mirror can avoid.
    Disk(DataError),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Mirror(failure)
    }
}

impl From<DataError> for Trouble {
    fn from(error: DataError) -> Self {
        Self::Disk(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let reason = error.to_string();
        match error {
            Error::StatusCode(429 | 500..) => Self::transient(reason),
            Error::Io(io) if is_break_off(io.kind()) => Self::transient(reason),
            Error::Timeout(Timeout::Resolve | Timeout::Connect | Timeout::RecvResponse)
            | Error::HostNotFound
            | Error::ConnectionFailed
            | Error::Io(_) => Self::unreachable(reason),
            Error::Timeout(_) => Self::transient(reason),
            _ => Self::permanent(reason),
        }
    }
}

/// Whether an established connection was lost. Other network errors mean that none was established.
fn is_break_off(kind: ErrorKind) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, TimedOut, UnexpectedEof};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | TimedOut | UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_passing_trouble_of_a_reached_server_is_worth_another_attempt() {
        let io = |kind: ErrorKind| Error::Io(kind.into());
        for (error, transient, reached) in [
            (Error::StatusCode(503), true, true),
            (Error::StatusCode(429), true, true),
            (Error::StatusCode(404), false, true),
            (Error::TooManyRedirects, false, true),
            (Error::Timeout(Timeout::PerRead), true, true),
            (io(ErrorKind::ConnectionReset), true, true),
            (io(ErrorKind::ConnectionRefused), false, false),
            (io(ErrorKind::NetworkUnreachable), false, false),
            (Error::HostNotFound, false, false),
            (Error::Timeout(Timeout::Connect), false, false),
            (Error::Timeout(Timeout::RecvResponse), false, false),
        ] {
            let failure = Failure::from(error);
            assert_eq!((failure.transient, failure.reached), (transient, reached), "{}", failure.reason);
        }
    }
}
