//! What this side can do: methods, URI schemes, extensions, content.

use crate::Method;
use crate::headers::ContentType;
use crate::methods::{SERVED, Served, served};

/// Bodies of several parts, of which one is acted upon. Others of the kind are read like the first.
/// RFC 2046 §5.1.3.
const MULTIPARTS: [&str; 2] = ["multipart/mixed", "multipart/alternative"];

/// What a message is measured against.
///
/// The default is a terminal that is no registrar: calls and OPTIONS, sip, sips and tel URIs,
/// SDP, encrypted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Methods that are allowed; others are 405, or 501 where no RFC defines them. A SIP manager
    /// leaves out of it what it does not serve.
    pub methods: Vec<Method<'static>>,
    /// Schemes of a Request-URI, in lower case; others are 416.
    pub schemes: Vec<&'static str>,
    /// Option tags; one that is required and not among them is 420.
    pub extensions: Vec<&'static str>,
    /// Event packages that peers may subscribe to; others are 489. None by default.
    pub events: Vec<&'static str>,
    /// Content types; others are 415. A method may carry more of its own, such as text/plain.
    pub content_types: Vec<&'static str>,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            methods: served_without_events().collect(),
            schemes: vec!["sip", "sips", "tel"],
            extensions: vec!["100rel", "norefersub", "replaces", "timer"],
            events: Vec::new(),
            content_types: vec!["application/sdp", "multipart/encrypted"],
        }
    }
}

/// The methods of a terminal without event packages.
fn served_without_events() -> impl Iterator<Item = Method<'static>> {
    SERVED.iter().map(|row| row.method).filter(|method| *method != Method::SUBSCRIBE)
}

impl Capabilities {
    /// Takes out what nothing here serves. Peers may subscribe where there is an event package to
    /// subscribe to.
    pub(crate) fn keep_to_what_is_served(&mut self) {
        self.methods.retain(|it| *it != Method::SUBSCRIBE && served(it.as_bytes()).is_some());
        if !self.events.is_empty() {
            self.methods.push(Method::SUBSCRIBE);
        }
    }

    /// The value of Allow-Events. RFC 6665 §8.2.2.
    pub(crate) fn allow_events(&self) -> Vec<u8> {
        self.events.join(", ").into_bytes()
    }

    /// The value of Allow. RFC 3261 §20.5.
    pub fn allow(&self) -> Vec<u8> {
        let octets = self.methods.iter().map(|method| method.as_bytes().len() + 2).sum();
        let mut names = Vec::with_capacity(octets);
        for method in &self.methods {
            if !names.is_empty() {
                names.extend_from_slice(b", ");
            }
            names.extend_from_slice(method.as_bytes());
        }
        names
    }

    /// The value of Accept: with the multiparts in which any of it is found. RFC 3261 §20.1.
    pub fn accept(&self) -> String {
        let of_all = self.content_types.iter();
        let rows = self.methods.iter().filter_map(|method| served(method.as_bytes()));
        let of_methods = rows.flat_map(|row| row.content);
        let names: Vec<&str> = of_all.chain(of_methods).chain(&MULTIPARTS).copied().collect();
        names.join(", ")
    }

    /// Whether a body of this type may come with this method.
    pub(crate) fn takes(&self, method: Method<'_>, kind: ContentType<'_>) -> bool {
        let row = served(method.as_bytes());
        let own = row.map_or(&[][..], |row| row.content);
        // What a NOTIFY carries was asked for: its subscription judges it.
        let is_asked_for = || {
            let is_one = !kind.kind.eq_ignore_ascii_case(b"multipart");
            is_one && row.is_some_and(Served::takes_any)
        };
        self.content_types.iter().chain(own).any(|name| kind.is(name)) || is_asked_for()
    }

    /// The value of Supported. RFC 3261 §20.37.
    pub fn supported(&self) -> String {
        self.extensions.join(", ")
    }
}
