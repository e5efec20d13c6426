//! Route sets: where a request of a dialog goes, loose and strict. RFC 3261 §12.2.1.1, §16.12.1.2.

use crate::{NameAddr, ParseError};

/// The Request-URI and the Route values of a request in a dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The Request-URI.
    pub uri: Vec<u8>,
    /// The values of Route, in order.
    pub routes: Vec<Vec<u8>>,
    strict: bool,
}

/// The values of a Route or Record-Route list, each as `<uri>;params`.
///
/// What follows a malformed value is left out; the validator has refused such a message before.
pub(super) fn values<'a>(
    list: impl Iterator<Item = Result<NameAddr<'a>, ParseError>>,
) -> Vec<Vec<u8>> {
    list.map_while(Result::ok)
        .map(|value| [b"<", value.uri().as_bytes(), b">", value.params().as_bytes()].concat())
        .collect()
}

impl Route {
    /// Applies a route set to a remote target. To a `sips:` one all of it is `sips:`, by its schemes
    /// alone. RFC 5630 §5.1.1.
    pub(crate) fn new(target: &[u8], mut routes: Vec<Vec<u8>>) -> Self {
        if is_sips(target) {
            routes.iter_mut().for_each(secure);
        }
        let strict = routes.first().and_then(|first| strict_uri(first));
        if let Some(uri) = strict {
            // RFC 3261 §12.2.1.1: a strict router's URI becomes the Request-URI, and the remote
            // target the last Route value.
            routes.remove(0);
            routes.push([b"<", target, b">"].concat());
            return Self { uri, routes, strict: true };
        }
        Self { uri: target.to_vec(), routes, strict: false }
    }

    /// The URI that says where the request goes first. RFC 3261 §8.1.2.
    pub fn first_hop(&self) -> &[u8] {
        // A strict router is the Request-URI itself.
        let first = self.routes.first().filter(|_| !self.strict);
        first
            .and_then(|first| NameAddr::parse(first).ok())
            .map_or(&self.uri, |address| address.uri().as_bytes())
    }
}

/// Whether a URI says `sips:`.
pub(crate) fn is_sips(uri: &[u8]) -> bool {
    uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"sips:"))
}

/// Makes a `sip:` route a `sips:` one.
fn secure(route: &mut Vec<u8>) {
    const SIP: &[u8] = b"<sip:";
    if route.get(..SIP.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SIP)) {
        route.splice(..SIP.len(), *b"<sips:");
    }
}

/// The URI of a route without `lr`, as it may stand in a Request-URI.
fn strict_uri(route: &[u8]) -> Option<Vec<u8>> {
    let uri = NameAddr::parse(route).ok()?.uri();
    let end = uri.as_bytes().len() - uri.headers().as_bytes().len();
    let plain = uri.as_bytes().get(..end)?;
    uri.params().get("lr").is_none().then(|| plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_syntax::List;

    fn route(rows: &[&str]) -> Route {
        let list = List::new(rows.iter().map(|row| row.as_bytes()), NameAddr::read);
        Route::new(b"sip:bob@pc33.example.org", values(list))
    }

    #[test]
    fn loose_routes_stay_in_order() {
        let loose =
            route(&["<sip:p1.example.com;lr>, \"P2\" <sip:p2.example.com;lr>;x=y", "<sip:p3;lr>"]);
        assert_eq!(loose.uri, b"sip:bob@pc33.example.org");
        let want: [&[u8]; 3] =
            [b"<sip:p1.example.com;lr>", b"<sip:p2.example.com;lr>;x=y", b"<sip:p3;lr>"];
        assert_eq!(loose.routes, want);
        assert_eq!(loose.first_hop(), b"sip:p1.example.com;lr");
    }

    #[test]
    fn a_strict_router_becomes_the_request_uri() {
        let strict = route(&["<sip:p1.example.com?Subject=x>", "<sip:p2.example.com;lr>"]);
        assert_eq!(strict.uri, b"sip:p1.example.com");
        let want: [&[u8]; 2] = [b"<sip:p2.example.com;lr>", b"<sip:bob@pc33.example.org>"];
        assert_eq!(strict.routes, want);
        assert_eq!(strict.first_hop(), b"sip:p1.example.com");
    }

    #[test]
    fn x03_to_a_sips_target_all_routes_are_sips() {
        let rows = [b"<SIP:p1.example.com;lr>;x=y".to_vec(), b"<sips:p2.example.com;lr>".to_vec()];
        let route = Route::new(b"sips:bob@pc33.example.org", rows.to_vec());
        let want: [&[u8]; 2] = [b"<sips:p1.example.com;lr>;x=y", b"<sips:p2.example.com;lr>"];
        assert_eq!(route.routes, want);
        assert_eq!(Route::new(b"sip:bob@pc33.example.org", rows.to_vec()).routes, rows);
    }

    #[test]
    fn without_routes_the_target_is_the_first_hop() {
        assert_eq!(route(&[]).first_hop(), b"sip:bob@pc33.example.org");
    }
}
