//! `[ws]`: the web pages that may connect.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// `[ws]`. Without it no web page may connect; programs that are no browsers may.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ws {
    /// The origins of the pages whose scripts may connect to a `ws:` or `wss:` bind.
    #[serde(default)]
    pub origins: Vec<Origin>,
}

/// Where a web page comes from: `https://phone.example.org`. RFC 6454 §6.2.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(String);

impl Origin {
    /// As a browser writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let host = text.split_once("://").map_or("", |(scheme, host)| match scheme {
            "" => "",
            _ => host,
        });
        let plain = |octet: u8| octet.is_ascii_graphic() && !b"/?#@*,".contains(&octet);
        if !host.is_empty() && host.bytes().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "`{text}` is no origin of a web page: write its scheme, host and port and no path, \
             such as https://phone.example.org"
        ))
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for text in ["https://phone.example.org", "http://localhost:8080", "https://[2001:db8::1]"]
        {
            assert_eq!(text.parse::<Origin>().unwrap().as_str(), text);
        }
        for text in ["", "*", "null", "phone.example.org", "https://", "https://a/", "https://*.a"]
        {
            let why = text.parse::<Origin>().unwrap_err();
            assert!(why.starts_with(&format!("`{text}` is no origin of a web page")), "{why}");
        }
    }
}
