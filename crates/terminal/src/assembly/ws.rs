//! WebSockets as the configuration has them.

use crate::config::Config;
use net::ws::{WebSockets, WsConfig};
use net::{Network, Runtime, literal};
use sip_core::Limits;
use std::sync::Arc;

/// The subprotocol of SIP. RFC 7118 §4.1.
const SUBPROTOCOL: &str = "sip";

/// The same network with WebSockets: for the pages that `[ws]` names, and asking for the paths that
/// accounts and contacts name.
pub fn websockets<N: Network>(
    network: N, runtime: Arc<dyn Runtime>, config: &Config,
) -> WebSockets<N> {
    let mut ws = WsConfig::new(SUBPROTOCOL, Limits::default().datagram);
    ws.origins = config.ws.origins.iter().map(|origin| origin.as_str().to_owned()).collect();
    let accounts = config.accounts.iter().flat_map(|account| {
        account.places().flat_map(|place| {
            let names = [Some(place.host()), account.tls_name.as_deref()];
            names.into_iter().flatten().map(move |name| (name, place))
        })
    });
    let contacts = config.contacts.iter().filter_map(|contact| contact.at.as_ref());
    for (name, place) in accounts.chain(contacts.map(|place| (place.host(), place))) {
        if let Some(path) = place.path() {
            let host = literal(name).map_or_else(|| name.to_owned(), |ip| ip.to_string());
            ws.ask_for(&host, place.web_port(), path);
        }
    }
    WebSockets::new(network, runtime, ws)
}
