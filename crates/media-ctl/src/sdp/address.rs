//! Where media may go: to unicast addresses of our family, and to loopback only from there.

use crate::NotAcceptable;
use sdp_types::Connection;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address of a `c=` line that media may go to; `None` for the null address, which holds
/// (RFC 3264 §8.4).
///
/// Names are not resolved: a peer that is not authenticated must not make us ask around. `localhost`
/// needs nobody to ask, RFC 6761 §6.3.
pub(super) fn judge(
    connection: &Connection, local: IpAddr, peer_on_loopback: bool,
) -> Result<Option<IpAddr>, NotAcceptable> {
    if connection.nettype.as_str() != "IN" {
        return Err(NotAcceptable::Address);
    }
    let ip = match connection.connection_address.as_str() {
        name if name.eq_ignore_ascii_case("localhost") => loopback(local),
        address => address.parse::<IpAddr>().map_err(|_| NotAcceptable::Address)?.to_canonical(),
    };
    if ip.is_unspecified() {
        return Ok(None);
    }
    if may_be(ip, local, peer_on_loopback) { Ok(Some(ip)) } else { Err(NotAcceptable::Address) }
}

/// Whether media may go to this address from `local`.
pub(super) fn may_be(ip: IpAddr, local: IpAddr, peer_on_loopback: bool) -> bool {
    let same_family = ip.is_ipv4() == local.is_ipv4();
    let allowed = is_unicast(ip) && (!ip.is_loopback() || peer_on_loopback);
    same_family && allowed && !ip.is_unspecified()
}

/// The loopback address of this one's family.
fn loopback(local: IpAddr) -> IpAddr {
    match local {
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// Not multicast, broadcast, of "this network" or reserved. RFC 6890.
fn is_unicast(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => {
            // From 224 on are multicast, what is reserved, and broadcast.
            let [first, ..] = v4.octets();
            (1..224).contains(&first)
        }
        IpAddr::V6(v6) => !v6.is_multicast(),
    }
}
