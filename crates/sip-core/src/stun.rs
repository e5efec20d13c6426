//! The STUN Binding that keeps a UDP flow open: its request, and what answers it. RFC 5389 §6, §15.2,
//! RFC 5626 §8.

use bytes::Bytes;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What every message has behind its type and length. RFC 5389 §6.
const COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();

const REQUEST: [u8; 2] = [0x00, 0x01];
const SUCCESS: [u8; 2] = [0x01, 0x01];
const ERROR: [u8; 2] = [0x01, 0x11];
const XOR_MAPPED_ADDRESS: [u8; 2] = [0x00, 0x20];

/// What tells a transaction from others: 96 random bits.
pub(crate) type TransactionId = [u8; 12];

/// A Binding request without attributes. RFC 5626 §8.
pub(crate) fn binding_request(id: TransactionId) -> Bytes {
    [REQUEST.as_slice(), &[0, 0], &COOKIE, &id].concat().into()
}

/// A response to a Binding request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BindingResponse {
    pub(crate) id: TransactionId,
    pub(crate) is_error: bool,
    /// Where the server sees us, where it says so.
    pub(crate) mapped: Option<SocketAddr>,
}

impl BindingResponse {
    /// Reads one; `None`: it is something else. What it carries beside where we are seen, such as the
    /// FINGERPRINT of some, is passed over: that it came says enough.
    pub(crate) fn parse(octets: &[u8]) -> Option<Self> {
        let (kind, rest) = octets.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (cookie, rest) = rest.split_first_chunk()?;
        let (id, attributes) = rest.split_first_chunk()?;
        let is_error = match *kind {
            SUCCESS => false,
            ERROR => true,
            _ => return None,
        };
        let is_whole = usize::from(u16::from_be_bytes(*length)) == attributes.len();
        let mapped = mapped(attributes, id);
        (*cookie == COOKIE && is_whole).then_some(Self { id: *id, is_error, mapped })
    }
}

/// The first XOR-MAPPED-ADDRESS among these attributes.
fn mapped(mut attributes: &[u8], id: &TransactionId) -> Option<SocketAddr> {
    loop {
        let (kind, rest) = attributes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let value = rest.get(..length)?;
        if *kind == XOR_MAPPED_ADDRESS {
            return address(value, id);
        }
        attributes = rest.get(length.next_multiple_of(4)..)?;
    }
}

/// The value of an XOR-MAPPED-ADDRESS. RFC 5389 §15.2.
fn address(value: &[u8], id: &TransactionId) -> Option<SocketAddr> {
    let [_, family, port @ ..] = value else { return None };
    let (port, ip) = port.split_first_chunk()?;
    let (high, _) = COOKIE.split_first_chunk()?;
    let port = u16::from_be_bytes(*port) ^ u16::from_be_bytes(*high);
    let cookie = u32::from_be_bytes(COOKIE);
    let ip = match family {
        1 => IpAddr::V4(Ipv4Addr::from_bits(u32::from_be_bytes(ip.try_into().ok()?) ^ cookie)),
        2 => {
            let mask: [u8; 16] = [COOKIE.as_slice(), id].concat().try_into().ok()?;
            let ip: [u8; 16] = ip.try_into().ok()?;
            let ip = u128::from_be_bytes(ip) ^ u128::from_be_bytes(mask);
            IpAddr::V6(Ipv6Addr::from_bits(ip))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Octets from hexadecimal digits.
    fn octets(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        let pairs = digits.chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    const ID: &str = "b7e7a701bc34d686fa87dfae";

    /// RFC 5769 §2.2, §2.3: without MESSAGE-INTEGRITY, that the length may be as it is.
    fn response(family: &str) -> Vec<u8> {
        let software = "8022000b 7465737420766563746f7220";
        let mapped = match family {
            "IPv4" => "00200008 0001a147e112a643",
            _ => "00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9",
        };
        let attributes = octets(software).len() + octets(mapped).len();
        octets(&format!("0101{attributes:04x}2112a442{ID}{software}{mapped}"))
    }

    #[test]
    fn a_request_is_its_header() {
        let id: TransactionId = octets(ID).try_into().unwrap();
        assert_eq!(binding_request(id), octets(&format!("000100002112a442{ID}")));
    }

    #[test]
    fn the_responses_of_rfc_5769_say_where_we_are_seen() {
        for (family, address) in
            [("IPv4", "192.0.2.1:32853"), ("IPv6", "[2001:db8:1234:5678:11:2233:4455:6677]:32853")]
        {
            let read = BindingResponse::parse(&response(family)).unwrap();
            let id = octets(ID).try_into().unwrap();
            let mapped = Some(address.parse().unwrap());
            assert_eq!(read, BindingResponse { id, is_error: false, mapped });
        }
    }

    #[test]
    fn what_is_cut_off_or_is_something_else_is_none() {
        let whole = response("IPv4");
        for end in 0..whole.len() {
            assert_eq!(BindingResponse::parse(&whole[..end]), None, "{end}");
        }
        for (at, to) in [(0, 0), (1, 0), (4, 0)] {
            let mut other = whole.clone();
            other[at] = to;
            assert_eq!(BindingResponse::parse(&other), None, "{at}");
        }
        let error = octets(&format!("011100002112a442{ID}"));
        assert!(BindingResponse::parse(&error).unwrap().is_error);
        // An attribute that says to be longer than the message, an address of no family.
        let mut odd = whole.clone();
        odd[23] = 0xff;
        assert_eq!(BindingResponse::parse(&odd).unwrap().mapped, None);
        let mut odd = whole;
        odd[41] = 3;
        assert_eq!(BindingResponse::parse(&odd).unwrap().mapped, None);
    }
}
