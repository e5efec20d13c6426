//! Addresses as text, and in the messages of errors.

use crate::Transport;
use std::io;
use std::net::{IpAddr, SocketAddr};

/// The address that `host` is, where it is none's name; IPv6 also in the brackets that a URI puts
/// around it. RFC 3986 §3.2.2.
pub fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(inner) => inner.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

/// The same error, saying what failed and where.
pub(crate) fn explain(
    error: io::Error, what: &str, transport: Transport, address: SocketAddr,
) -> io::Error {
    let transport = transport.name();
    io::Error::new(error.kind(), format!("{what} {transport} {address}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::{explain, literal};
    use crate::Transport;
    use std::io;

    #[test]
    fn literals() {
        assert_eq!(literal("192.0.2.1"), Some([192, 0, 2, 1].into()));
        let v6 = "2001:db8::1".parse().ok();
        assert_eq!(literal("2001:db8::1"), v6);
        assert_eq!(literal("[2001:db8::1]"), v6);
        for name in ["example.org", "[192.0.2.1]", "[2001:db8::1", "", "192.0.2"] {
            assert_eq!(literal(name), None, "{name}");
        }
    }

    #[test]
    fn errors_name_the_address() {
        let error = io::Error::from(io::ErrorKind::AddrInUse);
        let error = explain(error, "cannot bind", Transport::Udp, ([127, 0, 0, 1], 5060).into());
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        let text = error.to_string();
        assert!(text.starts_with("cannot bind UDP 127.0.0.1:5060: "), "{text}");
    }
}
