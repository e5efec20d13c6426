//! Networks as the configuration names them: `192.0.2.0/24`, or one address.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// The addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    /// The first address.
    pub address: IpAddr,
    /// The number of bits that count, at least one.
    pub bits: u8,
}

impl Network {
    /// Whether an address begins with these bits; one of IPv4 may be written as one of IPv6.
    pub fn has(self, ip: IpAddr) -> bool {
        let same = |ours: u128, theirs: u128, width: u8| {
            (ours ^ theirs).checked_shr(u32::from(width.saturating_sub(self.bits))) == Some(0)
        };
        match (self.address, ip.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                same(ours.to_bits().into(), theirs.to_bits().into(), 32)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.to_bits(), theirs.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!(
                "\"{text}\" is no network: write an address and the number of bits that count, \
                 for example 192.0.2.0/24 or 2001:db8::/32, or one address alone"
            )
        };
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| wrong()))?;
        // With no bit at all it would be everybody.
        if (1..=most).contains(&bits) { Ok(Self { address, bits }) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_address_and_the_bits_that_count() {
        for (text, read) in [
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(text.parse::<Network>().map(|network| network.to_string()), Ok(read.into()));
        }
        for (network, ip, has) in [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "::ffff:192.0.2.7", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::", false),
            ("0.0.0.0/1", "::1", false),
        ] {
            let network: Network = network.parse().unwrap();
            assert_eq!(network.has(ip.parse().unwrap()), has, "{network} {ip}");
        }
        for text in ["", "example.org", "0.0.0.0/0", "192.0.2.0/33", "192.0.2.0/", "::/129"] {
            let why = text.parse::<Network>().unwrap_err();
            assert!(why.starts_with(&format!("\"{text}\" is no network")), "{why}");
        }
    }
}
