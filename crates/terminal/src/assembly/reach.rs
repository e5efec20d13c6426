//! The way to a peer: names are looked up before it is taken, and what is in the way is told.

use super::terminal::Terminal;
use crate::error::{Error, Result};
use net::literal;
use sip_core::manager::{Misuse, NextHop};
use std::net::IpAddr;

impl Terminal {
    /// Where a request to `to` goes first: a name is looked up, and stands for its first address of
    /// a family that is bound, and for the others that are reached from the same address of ours,
    /// should that one fail. Media is received there, and so the way must be known before it is
    /// offered.
    ///
    /// # Errors
    /// The name has no address, or none that may be called.
    pub async fn locate(&self, to: &str, next_hop: Option<NextHop>) -> Result<Option<NextHop>> {
        let Some(hop) = next_hop.clone().or_else(|| NextHop::of_uri(to).ok()) else {
            // What is none is told by who sends to it.
            return Ok(None);
        };
        if literal(&hop.host).is_some() {
            return Ok(next_hop);
        }
        let found = if hop.found.is_empty() {
            self.shared.media.network.resolve(&hop.host).await.map_err(Error::invalid)?
        } else {
            hop.found
        };
        Ok(Some(NextHop { found: self.on_one_way(found), ..hop }))
    }

    /// The first of these addresses that is of a family that is bound, and the others of it that
    /// packets go to from the same address of ours.
    fn on_one_way(&self, mut found: Vec<IpAddr>) -> Vec<IpAddr> {
        let locals = self.local_addrs();
        let bound = |ip: &&IpAddr| locals.iter().any(|own| own.address.is_ipv4() == ip.is_ipv4());
        let way = |ip: &IpAddr| (ip.is_ipv4(), self.shared.media.network.route(*ip).ok());
        if let Some(first) = found.iter().find(bound).or_else(|| found.first()).map(way) {
            found.retain(|ip| way(ip) == first);
        }
        found
    }

    /// Why a request to `to` cannot be sent.
    pub(super) fn misused(&self, to: &str, next_hop: Option<&NextHop>, why: Misuse) -> Error {
        let hop = next_hop.cloned().or_else(|| NextHop::of_uri(to).ok());
        let address = |hop: NextHop| literal(&hop.host).or_else(|| hop.found.first().copied());
        match (why, hop.and_then(address)) {
            (Misuse::NoLocalAddress, Some(ip)) => {
                Error::invalid(format!("{to}: {}", self.no_way(ip)))
            }
            _ => Error::invalid(format!("{to}: {why}")),
        }
    }

    /// Why `ip` is not reached: no route, or a bind that does not lead there.
    fn no_way(&self, ip: IpAddr) -> String {
        let locals = self.local_addrs();
        let all = |own: &crate::config::Address| {
            own.address.ip().is_unspecified() && own.address.is_ipv4() == ip.is_ipv4()
        };
        if let (true, Err(error)) = (locals.iter().any(all), self.shared.media.network.route(ip)) {
            return error.to_string();
        }
        let binds: Vec<String> = locals.iter().map(ToString::to_string).collect();
        let any = if ip.is_ipv4() { "0.0.0.0" } else { "[::]" };
        format!(
            "bound to {} only: {ip} cannot be reached from there; set bind = [\"udp:{any}:5060\", \
             \"tcp:{any}:5060\"]",
            binds.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use sip_core::manager::NextHop;

    #[test]
    fn a_name_is_looked_up_only_where_a_call_may_go_there() {
        let host = |uri| NextHop::of_uri(uri).ok().map(|hop| hop.host);
        assert_eq!(host("sip:bob@example.org").as_deref(), Some("example.org"));
        assert_eq!(host("sips:bob@example.org").as_deref(), Some("example.org"));
        for other in
            ["sips:bob@example.org;transport=udp", "sip:bob@example.org;transport=ws", "bob"]
        {
            assert_eq!(host(other), None, "{other}");
        }
    }
}
