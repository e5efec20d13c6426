//! Messages of the kit: what a stack holds, reduced to what SSA sees of it.

use crate::{
    Arrival, Body, Certified, Field, FlowId, Headers, InDialog, Party, Request, Response, Transport,
};
use std::net::{Ipv4Addr, SocketAddr};

/// A request and its header fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestRequest {
    /// The method.
    pub method: &'static str,
    /// Call-ID.
    pub call_id: String,
    /// The number of CSeq.
    pub cseq: u32,
    /// From: AOR and tag.
    pub from: (String, String),
    /// To: AOR, and a tag within a dialog.
    pub to: (String, Option<String>),
    /// The top Via's branch.
    pub branch: String,
    /// Further header fields, in order.
    pub fields: Fields,
    /// The body.
    pub body: Body,
}

/// Header fields by long name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields(pub Vec<(String, Vec<u8>)>);

impl Headers for Fields {
    fn value(&self, name: &str, nth: usize) -> Option<&[u8]> {
        let named = self.0.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_slice()).nth(nth)
    }

    fn field(&self, nth: usize) -> Option<(&str, &[u8])> {
        self.0.get(nth).map(|(name, value)| (name.as_str(), value.as_slice()))
    }
}

impl Fields {
    /// Appends fields as a security manager hands them out.
    pub fn extend(&mut self, fields: &[Field]) {
        let owned = |field: &Field| (field.name.to_owned(), field.value.clone());
        self.0.extend(fields.iter().map(owned));
    }

    fn set(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
        self.0.push((name.to_owned(), value.into()));
    }
}

impl TestRequest {
    /// An INVITE without a body, with all that RFC 3261 §8.1.1 makes mandatory.
    pub fn invite(from: &str, to: &str, call_id: &str) -> Self {
        let mut request = Self {
            method: "INVITE",
            call_id: call_id.to_owned(),
            cseq: 1,
            from: (from.to_owned(), "caller-tag".to_owned()),
            to: (to.to_owned(), None),
            branch: "z9hG4bK-kit-1".to_owned(),
            fields: Fields::default(),
            body: Body::default(),
        };
        request.fields.set("Contact", format!("<{from}>"));
        request.fields.set("Max-Forwards", "70");
        request.renew();
        request
    }

    /// Puts a body in, and its Content-Type.
    #[must_use]
    pub fn with_body(mut self, body: Body) -> Self {
        self.fields.0.retain(|(name, _)| !name.eq_ignore_ascii_case("Content-Type"));
        if let Some(kind) = &body.content_type {
            self.fields.set("Content-Type", kind.clone());
        }
        self.body = body;
        self
    }

    /// The next try: CSeq raised, another branch. RFC 3261 §22.2.
    #[must_use]
    pub fn retried(mut self) -> Self {
        self.cseq += 1;
        self.branch = format!("z9hG4bK-kit-{}", self.cseq);
        self.renew();
        self
    }

    /// Writes the fields that repeat what the other members say.
    fn renew(&mut self) {
        let to = self.to.1.as_ref().map(|tag| format!(";tag={tag}")).unwrap_or_default();
        self.fields.set("Via", format!("SIP/2.0/UDP 127.0.0.1;branch={}", self.branch));
        self.fields.set("From", format!("<{}>;tag={}", self.from.0, self.from.1));
        self.fields.set("To", format!("<{}>{to}", self.to.0));
        self.fields.set("Call-ID", self.call_id.clone());
        self.fields.set("CSeq", format!("{} {}", self.cseq, self.method));
    }

    /// What crosses SSA.
    pub fn view(&self) -> Request<'_> {
        Request {
            method: self.method,
            uri: self.to.0.as_bytes(),
            call_id: self.call_id.as_bytes(),
            cseq: self.cseq,
            from: party(&self.from.0, Some(&self.from.1)),
            to: party(&self.to.0, self.to.1.as_deref()),
            headers: &self.fields,
            body: &self.body.octets,
        }
    }

    /// Octets that it takes on the wire, about.
    fn octets(&self) -> usize {
        let fields = self.fields.0.iter().map(|(name, value)| name.len() + value.len() + 4);
        fields.sum::<usize>() + self.to.0.len() + 20 + self.body.octets.len()
    }

    /// How it arrives: over UDP on loopback.
    pub fn arrival(&self) -> Arrival<'_> {
        Arrival {
            source: SocketAddr::from((Ipv4Addr::LOCALHOST, 5060)),
            transport: Transport::Udp,
            flow: FlowId(1),
            branch: self.branch.as_bytes(),
            octets: self.octets(),
            in_dialog: match self.to.1 {
                Some(_) => InDialog::FromPeer,
                None => InDialog::No,
            },
            certified: Certified::Nobody,
        }
    }
}

/// A response to a [`TestRequest`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResponse {
    /// Status code.
    pub status: u16,
    /// The request that it answers.
    pub request: TestRequest,
    /// The To tag.
    pub to_tag: String,
    /// Header fields.
    pub fields: Fields,
    /// The body.
    pub body: Body,
}

impl TestResponse {
    /// A response with the fields that RFC 3261 §8.2.6.2 copies.
    pub fn to(request: &TestRequest, status: u16, body: Body) -> Self {
        let mut fields = Fields::default();
        for name in ["Via", "From", "Call-ID", "CSeq"] {
            fields.set(name, request.fields.value(name, 0).unwrap_or_default());
        }
        fields.set("To", format!("<{}>;tag=callee-tag", request.to.0));
        fields.set("Contact", format!("<{}>", request.to.0));
        if let Some(kind) = &body.content_type {
            fields.set("Content-Type", kind.clone());
        }
        let to_tag = "callee-tag".to_owned();
        Self { status, request: request.clone(), to_tag, fields, body }
    }

    /// What crosses SSA.
    pub fn view(&self) -> Response<'_> {
        Response {
            status: self.status,
            method: self.request.method,
            call_id: self.request.call_id.as_bytes(),
            cseq: self.request.cseq,
            from: party(&self.request.from.0, Some(&self.request.from.1)),
            to: party(&self.request.to.0, Some(&self.to_tag)),
            headers: &self.fields,
            body: &self.body.octets,
        }
    }
}

fn party<'a>(uri: &'a str, tag: Option<&'a str>) -> Party<'a> {
    Party { uri: uri.as_bytes(), tag: tag.map(str::as_bytes) }
}
