//! The messages that the manager sends, each made in one place.

use super::action::Hop;
use super::clients::branch_text;
use super::inbound::Inbound;
use super::own::Own;
use super::target::Target;
use crate::builder::push_address;
use crate::dialog::Dialog;
use crate::{
    HeaderName, Message, Method, NameAddr, RequestBuilder, ResponseBuilder, StatusCode, Uri,
};
use bytes::Bytes;
use ssa::{Body, Field, Transport};

/// The methods that this stack serves, for Allow. RFC 3261 §20.5.
pub(super) const ALLOW: &[u8] = b"INVITE, ACK, CANCEL, BYE, OPTIONS";

/// The Contact of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Contact {
    /// None: the method has none.
    None,
    /// This user part at the address that the first try leaves from. From then on it stays, since
    /// it may be signed.
    User(String),
    /// This value.
    Value(Vec<u8>),
}

/// Our Contact: `user` at the address for requests from where `hop` leads.
///
/// It names TCP where that was chosen for `hop`, not only for a request's size, and we listen on
/// it; otherwise UDP, where there is a socket for it. Requests that come back go over the same
/// connection while it is open.
pub(super) fn contact(own: Own<'_>, user: &str, hop: &Hop) -> Vec<u8> {
    let own = |transport| own.address(transport, hop.remote.ip(), Some(hop.local));
    let listener = own(hop.transport).filter(|_| hop.transport.is_reliable());
    let (address, parameter) = match (listener, own(Transport::Udp)) {
        (Some(listener), _) => (listener, ";transport=tcp"),
        (None, Some(socket)) => (socket, ""),
        (None, None) => (hop.local, ";transport=tcp"),
    };
    let at = if user.is_empty() { "" } else { "@" };
    let mut contact = [b"<sip:", user.as_bytes(), at.as_bytes()].concat();
    push_address(&mut contact, address);
    contact.extend_from_slice(parameter.as_bytes());
    contact.push(b'>');
    contact
}

/// A request before it has a branch and a hop: what stays the same from try to try.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) method: Method<'static>,
    pub(super) uri: Vec<u8>,
    pub(super) routes: Vec<Vec<u8>>,
    pub(super) from: Vec<u8>,
    pub(super) to: Vec<u8>,
    pub(super) call_id: Vec<u8>,
    pub(super) cseq: u32,
    pub(super) contact: Contact,
    /// Fields of the method's own, such as Expires.
    pub(super) fields: Vec<(&'static str, Vec<u8>)>,
    /// The body as the application gave it: every try protects it anew.
    pub(super) original: Body,
    /// The body as it leaves.
    pub(super) body: Body,
    /// The fields that answer a challenge.
    pub(super) credentials: Vec<Field>,
}

impl Draft {
    /// A request outside a dialog: From with our tag, To without one. RFC 3261 §8.1.1.
    pub(super) fn outside(
        method: Method<'static>, from: &NameAddr<'_>, to: &Uri<'_>, tag: &str, call_id: String,
    ) -> Self {
        // RFC 3261 §19.1.5: a URI's headers do not stand in the Request-URI.
        let end = to.as_bytes().len().saturating_sub(to.headers().as_bytes().len());
        let uri = to.as_bytes().get(..end).unwrap_or_default().to_vec();
        let display = from.display().unwrap_or_default();
        let from = from.uri().as_bytes();
        Self {
            method,
            to: [b"<", uri.as_slice(), b">"].concat(),
            uri,
            routes: Vec::new(),
            from: [display, b"<", from, b">;tag=", tag.as_bytes()].concat(),
            call_id: call_id.into_bytes(),
            cseq: 1,
            contact: Contact::None,
            fields: Vec::new(),
            original: Body::default(),
            body: Body::default(),
            credentials: Vec::new(),
        }
    }

    /// A request in a dialog, and where it goes first. RFC 3261 §12.2.1.1.
    pub(super) fn in_dialog(
        dialog: &Dialog, peer: &Hop, method: Method<'static>, cseq: u32,
    ) -> (Self, Target) {
        let route = dialog.route();
        let target = Target::in_dialog(route.first_hop(), peer);
        let draft = Self {
            method,
            uri: route.uri,
            routes: route.routes,
            from: dialog.local().to_vec(),
            to: dialog.remote().to_vec(),
            call_id: dialog.call_id().to_vec(),
            cseq,
            contact: Contact::None,
            fields: Vec::new(),
            original: Body::default(),
            body: Body::default(),
            credentials: Vec::new(),
        };
        (draft, target)
    }

    /// Settles the Contact for a request that leaves over `hop`.
    pub(super) fn fix_contact(&mut self, own: Own<'_>, hop: &Hop) {
        if let Contact::User(user) = &self.contact {
            self.contact = Contact::Value(contact(own, user, hop));
        }
    }

    /// The request as it goes over `hop`.
    pub(super) fn octets(&self, hop: &Hop, branch: u64) -> Bytes {
        let mut request = RequestBuilder::new(self.method, &self.uri)
            .field(HeaderName::Via, via(hop, branch).as_bytes())
            .field(HeaderName::MaxForwards, b"70");
        for route in &self.routes {
            request = request.field(HeaderName::Route, route);
        }
        request = request
            .field(HeaderName::From, &self.from)
            .field(HeaderName::To, &self.to)
            .field(HeaderName::CallId, &self.call_id)
            .field(HeaderName::CSeq, format!("{} {}", self.cseq, self.method).as_bytes());
        if let Contact::Value(contact) = &self.contact {
            request = request.field(HeaderName::Contact, contact);
        }
        if self.method == Method::INVITE {
            request = request.field(HeaderName::Allow, ALLOW);
        }
        for (name, value) in &self.fields {
            request = request.field(name, value);
        }
        for field in &self.credentials {
            request = request.field(field.name, &field.value);
        }
        if let Some(kind) = &self.body.content_type {
            request = request.field(HeaderName::ContentType, kind);
        }
        request.body(&self.body.octets).build()
    }
}

fn via(hop: &Hop, branch: u64) -> String {
    let (transport, local) = (hop.transport.name(), hop.local);
    // RFC 3581 §3: ask for the response on the port that the request came from.
    format!("SIP/2.0/{transport} {local};rport;branch={}", branch_text(branch))
}

/// Fields that a response tells more with and can go without, the least useful first.
const DISPENSABLE: [&str; 6] =
    ["Accept-Language", "Accept-Encoding", "Accept", "Supported", "Retry-After", "Allow"];

/// A response before it is put into octets.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    pub(super) status: u16,
    /// The phrase; empty: the RFC's.
    pub(super) reason: &'static str,
    pub(super) fields: Vec<(&'static str, Vec<u8>)>,
    pub(super) body: Body,
}

impl Reply {
    /// A response without fields and body of its own.
    pub(super) fn new(status: u16) -> Self {
        Self { status, ..Self::default() }
    }

    /// What the security manager refuses with.
    pub(super) fn refusal(refusal: &ssa::Refusal) -> Self {
        let mut reply = Self { status: refusal.status, reason: refusal.reason, ..Self::default() };
        if let Some(after) = refusal.retry_after {
            reply = reply.retry_after(after);
        }
        reply
    }

    /// A challenge.
    pub(super) fn unauthorized(fields: Vec<Field>) -> Self {
        Self::new(401).with(fields)
    }

    /// Adds fields.
    pub(super) fn with(mut self, fields: Vec<Field>) -> Self {
        self.fields.extend(fields.into_iter().map(|field| (field.name, field.value)));
        self
    }

    /// Adds Retry-After. RFC 3261 §20.33.
    pub(super) fn retry_after(mut self, after: std::time::Duration) -> Self {
        self.fields.push(("Retry-After", after.as_secs().max(1).to_string().into_bytes()));
        self
    }

    /// The response to `request`, with this To tag where To has none yet. RFC 3261 §8.2.6.2.
    pub(super) fn octets(&self, request: &Inbound, tag: &str) -> Bytes {
        let phrase = StatusCode::new(self.status).map(StatusCode::reason).unwrap_or_default();
        let reason = if self.reason.is_empty() { phrase } else { self.reason };
        self.octets_with(request, tag, reason)
    }

    /// The response in at most `most` octets: without what it can go without, where it must.
    pub(super) fn octets_within(&self, request: &Inbound, tag: &str, most: usize) -> Option<Bytes> {
        let fits = |octets: &Bytes| octets.len() <= most;
        let whole = self.octets(request, tag);
        if fits(&whole) {
            return Some(whole);
        }
        let mut short = self.clone();
        for name in DISPENSABLE {
            short.fields.retain(|(field, _)| *field != name);
            let octets = short.octets(request, tag);
            if fits(&octets) {
                return Some(octets);
            }
        }
        // The grammar lets the phrase be empty. RFC 3261 §25.1.
        Some(short.octets_with(request, tag, "")).filter(fits)
    }

    fn octets_with(&self, request: &Inbound, tag: &str, reason: &str) -> Bytes {
        let Some(status) = StatusCode::new(self.status) else { return Bytes::new() };
        let mut response =
            ResponseBuilder::to(&request.message, status, reason).received(request.arrival.source);
        if self.status > 100 {
            response = response.to_tag(tag);
        }
        for (name, value) in &self.fields {
            response = response.field(name, value);
        }
        if let Some(kind) = &self.body.content_type {
            response = response.field(HeaderName::ContentType, kind);
        }
        response.body(&self.body.octets).build()
    }
}

/// 100 Trying. It has no To tag and so makes no dialog. RFC 3261 §8.2.6.
pub(super) fn trying(request: &Inbound) -> Bytes {
    let mut trying = Reply::new(100);
    // RFC 3261 §8.2.6.1.
    let timestamp = request.message.header(HeaderName::Timestamp);
    trying.fields.extend(timestamp.map(|value| ("Timestamp", value.to_vec())));
    trying.octets(request, "")
}

/// The ACK to a failure response: the INVITE's Request-URI, top Via, Route, From, Call-ID and
/// CSeq number, the response's To. RFC 3261 §17.1.1.3.
pub(super) fn ack_to_failure(invite: &Message, response: &Message) -> Option<Bytes> {
    let mut ack = from_invite(Method::ACK, invite)?;
    ack = ack.field(HeaderName::To, response.header(HeaderName::To)?);
    Some(ack.build())
}

/// The CANCEL of an INVITE: all but the method as there. RFC 3261 §9.1.
pub(super) fn cancel(invite: &Message) -> Option<Bytes> {
    let mut cancel = from_invite(Method::CANCEL, invite)?;
    cancel = cancel.field(HeaderName::To, invite.header(HeaderName::To)?);
    Some(cancel.build())
}

/// A request of the INVITE's own transaction, without To.
fn from_invite(method: Method<'static>, invite: &Message) -> Option<RequestBuilder> {
    let id = invite.identity()?;
    let mut request = RequestBuilder::new(method, invite.request_uri()?)
        .field(HeaderName::Via, invite.header(HeaderName::Via)?)
        .field(HeaderName::MaxForwards, b"70");
    for route in invite.headers(HeaderName::Route) {
        request = request.field(HeaderName::Route, route);
    }
    Some(
        request
            .field(HeaderName::From, invite.header(HeaderName::From)?)
            .field(HeaderName::CallId, id.call_id)
            .field(HeaderName::CSeq, format!("{} {method}", id.cseq).as_bytes()),
    )
}

/// The credentials of a request, for the ACK to its 2xx. RFC 3261 §13.2.2.4, §22.1.
pub(super) fn credentials(request: &Message) -> Vec<(&'static str, Vec<u8>)> {
    let mut fields = Vec::new();
    for name in [HeaderName::Authorization, HeaderName::ProxyAuthorization] {
        fields.extend(request.headers(name).map(|value| (name.as_str(), value.to_vec())));
    }
    fields
}

/// The URI of a name-addr, as text for the application.
pub(super) fn uri_text(address: &NameAddr<'_>) -> String {
    String::from_utf8_lossy(address.uri().as_bytes()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::config::Local;
    use super::*;

    fn local(transport: Transport, address: &str) -> Local {
        Local { transport, address: address.parse().unwrap() }
    }

    #[test]
    fn the_contact_names_the_transport_that_was_chosen() {
        let udp = [
            local(Transport::Udp, "192.0.2.1:5060"),
            local(Transport::Udp, "203.0.113.1:5060"),
            local(Transport::Udp, "[2001:db8::1]:5060"),
        ];
        let both = [udp.as_slice(), &[local(Transport::Tcp, "192.0.2.1:5061")]].concat();
        let cases: [(&[Local], _, _, _); 5] = [
            (&both, Transport::Udp, "192.0.2.1:5060", "192.0.2.1:5060"),
            (&both, Transport::Udp, "203.0.113.1:5060", "203.0.113.1:5060"),
            (&both, Transport::Tcp, "192.0.2.1:5061", "192.0.2.1:5061;transport=tcp"),
            (&udp, Transport::Tcp, "203.0.113.1:5060", "203.0.113.1:5060"),
            (&[], Transport::Tcp, "192.0.2.1:5061", "192.0.2.1:5061;transport=tcp"),
        ];
        for (locals, transport, local, want) in cases {
            let [local, remote] = [local, "192.0.2.9:5060"].map(|it| it.parse().unwrap());
            let hop = Hop { transport, local, remote, flow: None };
            let got =
                String::from_utf8(contact(Own { locals, routes: None }, "bob", &hop)).unwrap();
            assert_eq!(got, format!("<sip:bob@{want}>"));
        }
    }
}
