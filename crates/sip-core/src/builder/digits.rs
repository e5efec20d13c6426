//! Numbers and addresses as text, without the machinery of `fmt`: every message has a few.

use std::io::Write;
use std::net::{IpAddr, SocketAddr};

/// As many digits as the largest number has.
const DIGITS: usize = 20;

/// Appends a number in decimal.
pub(crate) fn push_decimal(out: &mut Vec<u8>, number: u64) {
    let (mut digits, mut first, mut left) = ([0; DIGITS], DIGITS, number);
    for digit in digits.iter_mut().rev() {
        // A digit fits an octet.
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
        first -= 1;
        if left == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(first..).unwrap_or_default());
}

/// Appends an address; IPv6 without brackets.
pub(crate) fn push_ip(out: &mut Vec<u8>, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => {
            for (place, octet) in ip.octets().into_iter().enumerate() {
                if place > 0 {
                    out.push(b'.');
                }
                push_decimal(out, u64::from(octet));
            }
        }
        // Writing to a vector cannot fail.
        IpAddr::V6(ip) => drop(write!(out, "{ip}")),
    }
}

/// Appends an address and its port; IPv6 with brackets.
pub(crate) fn push_address(out: &mut Vec<u8>, address: SocketAddr) {
    match address.ip() {
        ip @ IpAddr::V4(_) => push_ip(out, ip),
        ip @ IpAddr::V6(_) => {
            out.push(b'[');
            push_ip(out, ip);
            out.push(b']');
        }
    }
    out.push(b':');
    push_decimal(out, u64::from(address.port()));
}

/// Appends a number as sixteen hexadecimal digits in lower case.
pub(crate) fn push_hex(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(&hex_digits(number));
}

/// A number as sixteen hexadecimal digits in lower case.
pub(crate) fn hex(number: u64) -> String {
    Hex::of(number).as_str().to_owned()
}

/// The same, without an allocation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hex([u8; 16]);

impl Hex {
    pub(crate) fn of(number: u64) -> Self {
        Self(hex_digits(number))
    }

    pub(crate) fn as_str(&self) -> &str {
        // They are ASCII.
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The number that sixteen hexadecimal digits in lower case are.
pub(crate) fn hex_number(digits: &[u8]) -> Option<u64> {
    let digits: [u8; 16] = digits.try_into().ok()?;
    let number = digits.iter().try_fold(0, |number, digit| {
        Some(number << 4 | u64::from(char::from(*digit).to_digit(16)?))
    })?;
    (hex_digits(number) == digits).then_some(number)
}

fn hex_digits(number: u64) -> [u8; 16] {
    std::array::from_fn(|place| match (number >> (60 - 4 * place)) as u8 & 0xf {
        digit @ 0..10 => b'0' + digit,
        digit => b'a' - 10 + digit,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_and_addresses_are_as_fmt_writes_them() {
        for number in [0, 9, 10, 101, 65_535, u64::MAX] {
            assert_eq!(text(|out| push_decimal(out, number)), number.to_string());
            assert_eq!(hex(number), format!("{number:016x}"));
            assert_eq!(hex_number(hex(number).as_bytes()), Some(number));
        }
        for odd in ["", "feed", "000000000000FEED", "00000000000feed ", "0000000000000feed"] {
            assert_eq!(hex_number(odd.as_bytes()), None, "{odd}");
        }
        for address in ["0.0.0.0:0", "192.0.2.255:5060", "[::1]:5061", "[2001:db8::a]:65535"] {
            let address: SocketAddr = address.parse().unwrap();
            assert_eq!(text(|out| push_address(out, address)), address.to_string());
            assert_eq!(text(|out| push_ip(out, address.ip())), address.ip().to_string());
        }
    }
}
