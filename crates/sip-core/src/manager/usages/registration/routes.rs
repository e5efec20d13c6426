//! The Service-Route of a registrar. RFC 3608.

use crate::{Message, Scheme};

/// The values that are kept at most; a registrar that wants more has none kept.
const MOST: usize = 8;

/// The way that a registrar wants requests of the account to take, as Route has it; nothing where
/// there is none, or what it says is not as it should be: a value that cannot be read, or that names
/// no loose router (RFC 3608 §5), and too many of them.
pub(super) fn service_route(response: &Message) -> Vec<Vec<u8>> {
    let mut routes = Vec::new();
    for value in response.service_routes() {
        let Ok(value) = value else { return Vec::new() };
        let uri = value.uri();
        let is_router = matches!(uri.scheme(), Scheme::Sip | Scheme::Sips);
        let is_loose = uri.params().get("lr").is_some() && uri.headers().is_empty();
        if !is_router || !is_loose || routes.len() >= MOST {
            return Vec::new();
        }
        routes.push([b"<", uri.as_bytes(), b">", value.params().as_bytes()].concat());
    }
    routes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn kept(rows: &str) -> Vec<String> {
        let text = format!("SIP/2.0 200 OK\r\n{rows}\r\n");
        let response = Message::parse(text.into_bytes().into(), &Limits::default()).unwrap();
        let text = |route: &Vec<u8>| String::from_utf8(route.clone()).unwrap();
        service_route(&response).iter().map(text).collect()
    }

    #[test]
    fn a_service_route_is_kept_in_order() {
        let rows = "Service-Route: <sip:p2.example;lr>, <sip:p1.example:5080;lr>;x=y\r\n\
            Service-Route: <sips:p0.example;lr>\r\n";
        let want = ["<sip:p2.example;lr>", "<sip:p1.example:5080;lr>;x=y", "<sips:p0.example;lr>"];
        assert_eq!(kept(rows), want);
        assert_eq!(kept(""), [""; 0]);
    }

    #[test]
    fn a_service_route_that_is_not_as_it_should_be_is_none() {
        let many = format!("Service-Route: {}\r\n", ["<sip:p.example;lr>"; 9].join(", "));
        for rows in [
            "Service-Route: <sip:p1.example;lr>, <sip:p2.example>\r\n",
            "Service-Route: <tel:+123;lr>\r\n",
            "Service-Route: <sip:p1.example;lr>, nonsense\r\n",
            "Service-Route: <sip:p1.example;lr?Route=x>\r\n",
            &many,
        ] {
            assert_eq!(kept(rows), [""; 0], "{rows}");
        }
    }
}
