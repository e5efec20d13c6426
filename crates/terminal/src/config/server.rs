//! A server that is asked over UDP, by its name or its address, and its port.

use serde::Deserialize;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

/// The port of STUN and TURN. RFC 8489 §18.6, RFC 8656 §17.
pub(super) const PORT: u16 = 3478;

/// A server: `stun.example.org`, `192.0.2.1:3478`, `[2001:db8::1]:3478`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Server {
    /// Its name, or its address without brackets.
    pub host: String,
    /// Its port: 3478 where none is said.
    pub port: u16,
}

impl Server {
    /// A server whose port is this one where none is said; `None` for what is none.
    pub(super) fn read(text: &str, default: u16) -> Option<Self> {
        if let Ok(at) = text.parse::<SocketAddr>() {
            return Some(Self { host: at.ip().to_string(), port: at.port() });
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Some(Self { host: ip.to_string(), port: default });
        }
        let (host, port) = text.split_once(':').map_or((text, Some(default)), |(host, port)| {
            (host, port.parse().ok().filter(|port| *port != 0))
        });
        let is_label = |label: &str| {
            let is = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
            !label.is_empty() && label.bytes().all(is)
        };
        let labels = host.strip_suffix('.').unwrap_or(host);
        let port = port.filter(|_| host.len() < 254 && labels.split('.').all(is_label))?;
        Some(Self { host: host.to_owned(), port })
    }
}

/// What was written in place of a server, as far as it is shown.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(80).collect::<String>().escape_debug().to_string()
}

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text, PORT).ok_or_else(|| {
            format!(
                "`{}` is no server: write its name or address and, unless it is {PORT}, its port, such as \
                 stun.example.org or 192.0.2.1:{PORT}",
                shown(text)
            )
        })
    }
}

impl TryFrom<String> for Server {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_a_name_or_an_address_and_a_port() {
        for (text, host, port) in [
            ("stun.example.org", "stun.example.org", 3478),
            ("stun.example.org:19302", "stun.example.org", 19302),
            ("192.0.2.1", "192.0.2.1", 3478),
            ("192.0.2.1:5349", "192.0.2.1", 5349),
            ("2001:db8::1", "2001:db8::1", 3478),
            ("[2001:db8::1]", "2001:db8::1", 3478),
            ("[2001:db8::1]:5349", "2001:db8::1", 5349),
        ] {
            assert_eq!(text.parse(), Ok(Server { host: host.to_owned(), port }), "{text}");
        }
        for text in [
            "", ":3478", "a:b", "a:0", "a:70000", "stun:a", "a..b", "a b", "turn:a:1", "a/b", "[a]",
        ] {
            let why = text.parse::<Server>().unwrap_err();
            assert!(why.contains("is no server"), "{why}");
        }
    }
}
