//! What tungstenite says, in words for a user, and as the code that a close names.

use std::io;
use tungstenite::Error;
use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::coding::CloseCode;

/// The error of a connection. After it the connection is of no more use.
pub(super) fn told(error: Error) -> io::Error {
    let (kind, why) = match error {
        Error::Io(error) => return error,
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Protocol(ProtocolError::SendAfterClosing) => {
            return io::ErrorKind::BrokenPipe.into();
        }
        Error::Capacity(_) | Error::WriteBufferFull(_) => {
            (io::ErrorKind::InvalidData, "its WebSocket message is too long")
        }
        Error::Utf8(_) => (io::ErrorKind::InvalidData, "its WebSocket text is no UTF-8"),
        Error::Protocol(_)
        | Error::Tls(_)
        | Error::AttackAttempt
        | Error::Url(_)
        | Error::Http(_)
        | Error::HttpFormat(_) => {
            (io::ErrorKind::InvalidData, "it does not keep to the rules of WebSocket")
        }
    };
    io::Error::new(kind, why)
}

/// The code that a peer is told whose fault this was; none where it has nothing to be told. RFC 6455
/// §7.4.1.
pub(super) const fn code(error: &Error) -> Option<CloseCode> {
    match error {
        Error::Capacity(_) => Some(CloseCode::Size),
        Error::Utf8(_) => Some(CloseCode::Invalid),
        Error::Protocol(_) => Some(CloseCode::Protocol),
        _ => None,
    }
}
