//! What this side can do: methods, URI schemes, extensions, content.

use crate::Method;
use crate::methods::SERVED;

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
    /// Content types; others are 415.
    pub content_types: Vec<&'static str>,
}

impl Default for Capabilities {
    fn default() -> Self {
        Self {
            methods: SERVED.iter().map(|row| row.method).collect(),
            schemes: vec!["sip", "sips", "tel"],
            extensions: Vec::new(),
            content_types: vec!["application/sdp", "multipart/encrypted"],
        }
    }
}

impl Capabilities {
    /// The value of Allow. RFC 3261 §20.5.
    pub fn allow(&self) -> String {
        let names: Vec<&str> = self.methods.iter().map(Method::as_str).collect();
        names.join(", ")
    }

    /// The value of Accept. RFC 3261 §20.1.
    pub fn accept(&self) -> String {
        self.content_types.join(", ")
    }

    /// The value of Supported. RFC 3261 §20.37.
    pub fn supported(&self) -> String {
        self.extensions.join(", ")
    }
}
