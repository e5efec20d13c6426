//! The way to a peer: names are looked up before it is taken, and what is in the way is told.

use super::finder::Finder;
use super::terminal::Terminal;
use crate::error::{Error, Result};
use net::literal;
use sip_core::locate::{Servers, Wanted};
use sip_core::manager::{Misuse, NextHop};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

impl Terminal {
    /// Where a request to `to` goes first: a name is looked up, and stands for the first address of
    /// its servers that is of a family that is bound, and for the others that are reached from the
    /// same address of ours, should that one fail. Media is received there, and so the way must be
    /// known before it is offered.
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
        let finder = self.finder();
        let found = match Wanted::of(to, next_hop.as_ref(), finder.chance()?) {
            Ok(Some(wanted)) => finder.find(wanted).await?,
            Ok(None) => hop.found,
            // So is what may not go there.
            Err(_) => return Ok(next_hop),
        };
        Ok(Some(NextHop { found: self.on_one_way(found), ..hop }))
    }

    fn finder(&self) -> Finder {
        let media = &self.shared.media;
        let (runtime, network) = (Arc::clone(&media.runtime), Arc::clone(&media.network));
        let entropy = Arc::clone(&self.shared.entropy);
        Finder::new(runtime, network, entropy, &self.local_addrs())
    }

    /// The first of these addresses that is of a family that is bound, and the others of it that
    /// packets go to from the same address of ours.
    fn on_one_way(&self, mut found: Servers) -> Servers {
        let locals = self.local_addrs();
        let all = &mut found.addresses;
        let bound =
            |at: &&SocketAddr| locals.iter().any(|own| own.address.is_ipv4() == at.is_ipv4());
        let way = |at: &SocketAddr| (at.is_ipv4(), self.shared.media.network.route(at.ip()).ok());
        if let Some(first) = all.iter().find(bound).or_else(|| all.first()).map(way) {
            all.retain(|at| way(at) == first);
        }
        found
    }

    /// Why a request to `to` cannot be sent.
    pub(super) fn misused(&self, to: &str, next_hop: Option<&NextHop>, why: Misuse) -> Error {
        let hop = next_hop.cloned().or_else(|| NextHop::of_uri(to).ok());
        let first = |hop: &NextHop| hop.found.addresses.first().map(|address| address.ip());
        let address = |hop: NextHop| literal(&hop.host).or_else(|| first(&hop));
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
            ["sips:bob@example.org;transport=udp", "sip:bob@example.org;transport=sctp", "bob"]
        {
            assert_eq!(host(other), None, "{other}");
        }
    }
}
