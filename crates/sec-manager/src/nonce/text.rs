//! Addresses and numbers as the text that the nonce's HMACs run over, without allocation.

use std::fmt::{self, Write};
use std::net::IpAddr;

/// Text of at most `N` bytes.
#[derive(Clone, Copy)]
struct Short<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Short<N> {
    const EMPTY: Self = Self { bytes: [0; N], length: 0 };

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.length) {
            *slot = byte;
            self.length += 1;
        }
    }

    fn push_decimal(&mut self, mut number: u32) {
        let mut digits = [0u8; 10];
        let mut first = digits.len();
        for slot in digits.iter_mut().rev() {
            *slot = b'0' + (number % 10) as u8;
            number /= 10;
            first -= 1;
            if number == 0 {
                break;
            }
        }
        digits.iter().skip(first).for_each(|d| self.push(*d));
    }
}

impl<const N: usize> Write for Short<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(|b| self.push(b));
        Ok(())
    }
}

/// The IP address that a request came from, as text without the port.
///
/// IPv6 by RFC 5952, v4-mapped addresses as IPv4.
#[derive(Clone, Copy)]
pub struct Source(Short<46>);

impl Source {
    /// The source of all that comes through a proxy that the configuration names: the retry may
    /// come through another one of its cluster.
    pub const PROXY: Self = {
        let mut text = Short::EMPTY;
        let (item, _) = text.bytes.split_at_mut(b"proxy".len());
        item.copy_from_slice(b"proxy");
        text.length = item.len();
        Self(text)
    };

    /// The source `address`.
    pub fn new(address: IpAddr) -> Self {
        let mut text = Short::EMPTY;
        match address.to_canonical() {
            IpAddr::V4(v4) => {
                for (place, octet) in v4.octets().into_iter().enumerate() {
                    if place > 0 {
                        text.push(b'.');
                    }
                    text.push_decimal(octet.into());
                }
            }
            // `Display` of the standard library follows RFC 5952 §4.
            IpAddr::V6(v6) => {
                let _infallible = write!(text, "{v6}");
            }
        }
        Self(text)
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_bytes().escape_ascii())
    }
}

/// A number as decimal text without leading zeros.
#[derive(Clone, Copy)]
pub struct Decimal(Short<10>);

impl Decimal {
    /// The text of `number`.
    pub fn new(number: u32) -> Self {
        let mut text = Short::EMPTY;
        text.push_decimal(number);
        Self(text)
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_bytes().escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_canonical_text() {
        for (address, text) in [
            ("192.0.2.1", "192.0.2.1"),
            ("255.255.255.255", "255.255.255.255"),
            ("0.0.0.0", "0.0.0.0"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
            ("2001:db8:1234:5678:9abc:def0:1234:5678", "2001:db8:1234:5678:9abc:def0:1234:5678"),
        ] {
            let source = Source::new(address.parse().unwrap());
            assert_eq!(source.as_bytes(), text.as_bytes());
        }
        assert_eq!(Source::PROXY.as_bytes(), b"proxy");
    }

    #[test]
    fn numbers_have_no_leading_zeros() {
        for number in [0, 7, 10, 314_160, 2_147_483_647, u32::MAX] {
            assert_eq!(Decimal::new(number).as_bytes(), number.to_string().as_bytes());
        }
    }
}
