//! What one party holds of an address space.

use core::net::{IpAddr, Ipv6Addr};

/// The block that an address lies in: an IPv4 address itself, also where it is mapped into IPv6, or
/// the first `bits` (at most 128) of an IPv6 address, the others zero.
///
/// Stack and manager count what a party may have by it: with 64 bits, the network that one
/// subscriber is given; with 48, the site that it may belong to. RFC 6177 §2.
pub fn block(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0);
            Ipv6Addr::from_bits(v6.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_is_a_block_and_ipv6_has_prefixes() {
        for (address, bits, want) in [
            ("192.0.2.1", 64, "192.0.2.1"),
            ("::ffff:192.0.2.1", 64, "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::"),
            ("2001:db8:1:2:3:4:5:6", 48, "2001:db8:1::"),
            ("2001:db8::1", 128, "2001:db8::1"),
            ("2001:db8::1", 0, "::"),
        ] {
            let want: IpAddr = want.parse().unwrap();
            assert_eq!(block(address.parse().unwrap(), bits), want, "{address}/{bits}");
        }
    }
}
