//! A server that relays, and how it is reached: as a server is written, or as a URI. RFC 7065.

use super::server::{PORT, Server, shown};
use serde::Deserialize;
use std::str::FromStr;

/// The port of TURN over TLS. RFC 7065 §3.2.
const TLS_PORT: u16 = 5349;

/// A server that relays: `turn.example.org`, `turn:192.0.2.1:3478?transport=tcp`,
/// `turns:turn.example.org`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Relay {
    /// Where it is.
    pub server: Server,
    /// How it is reached.
    pub by: By,
}

/// How a server that relays is reached. What it relays goes over UDP in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// `turn.example.org`, `turn:…`, `turn:…?transport=udp`.
    Udp,
    /// `turn:…?transport=tcp`.
    Tcp,
    /// `turns:…`, `turns:…?transport=tcp`.
    Tls,
}

impl FromStr for Relay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(server) = Server::read(text, PORT) {
            return Ok(Self { server, by: By::Udp });
        }
        let (by, place) = reached(text).ok_or_else(|| unknown(text))?;
        let port = if by == By::Tls { TLS_PORT } else { PORT };
        let server = Server::read(place, port).ok_or_else(|| unknown(text))?;
        Ok(Self { server, by })
    }
}

/// How a URI has it reached, and where.
fn reached(uri: &str) -> Option<(By, &str)> {
    let (scheme, rest) = uri.split_once(':')?;
    let (place, transport) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query.strip_prefix("transport=")?)),
        None => (rest, None),
    };
    let (scheme, transport) = (scheme.to_ascii_lowercase(), transport.map(str::to_ascii_lowercase));
    let by = match (scheme.as_str(), transport.as_deref()) {
        ("turn", None | Some("udp")) => By::Udp,
        ("turn", Some("tcp")) => By::Tcp,
        ("turns", None | Some("tcp")) => By::Tls,
        // DTLS among them, which `turns:` over UDP would be. RFC 7350.
        _ => return None,
    };
    Some((by, place))
}

fn unknown(text: &str) -> String {
    format!(
        "`{}` is no server that relays: write its name or address and, unless it is {PORT}, its port \
         (over UDP), turn:NAME?transport=tcp (over TCP) or turns:NAME (over TLS, port {TLS_PORT})",
        shown(text)
    )
}

impl TryFrom<String> for Relay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_a_server_or_a_uri() {
        for (text, host, port, by) in [
            ("turn.example.org", "turn.example.org", 3478, By::Udp),
            ("192.0.2.1:443", "192.0.2.1", 443, By::Udp),
            ("2001:db8::1", "2001:db8::1", 3478, By::Udp),
            // A host of that name, as ever.
            ("turn:3479", "turn", 3479, By::Udp),
            ("turn:turn.example.org", "turn.example.org", 3478, By::Udp),
            ("TURN:192.0.2.1:443?transport=UDP", "192.0.2.1", 443, By::Udp),
            ("turn:turn.example.org?transport=tcp", "turn.example.org", 3478, By::Tcp),
            ("turn:[2001:db8::1]:80?transport=tcp", "2001:db8::1", 80, By::Tcp),
            ("turns:turn.example.org", "turn.example.org", 5349, By::Tls),
            ("turns:turn.example.org:443?transport=tcp", "turn.example.org", 443, By::Tls),
            ("turns:192.0.2.1", "192.0.2.1", 5349, By::Tls),
        ] {
            let server = Server { host: host.to_owned(), port };
            assert_eq!(text.parse(), Ok(Relay { server, by }), "{text}");
        }
    }

    #[test]
    fn what_is_none_is_told_and_nothing_is_guessed() {
        for text in [
            "",
            "turn:",
            "turns://turn.example.org",
            "turns:turn.example.org?transport=udp",
            "turn:turn.example.org?transport=tls",
            "turn:turn.example.org?transport=",
            "turn:turn.example.org?tcp",
            "turn:turn.example.org?transport=tcp&x=1",
            "turn:alice@turn.example.org",
            "turn:turn.example.org:0?transport=tcp",
            "stun:turn.example.org",
            "https://turn.example.org",
            "a b",
        ] {
            let why = text.parse::<Relay>().unwrap_err();
            assert!(why.contains("is no server that relays"), "{why}");
        }
    }
}
