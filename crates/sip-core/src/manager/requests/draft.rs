//! A request of ours before it leaves, and how it is put into octets.

use super::contact::Contact;
use crate::builder::{hex, push_address};
use crate::dialog::{Dialog, Route};
use crate::manager::accounts::Account;
use crate::manager::action::Hop;
use crate::manager::config::NextHop;
use crate::manager::dialogs::Dialogs;
use crate::manager::event::Misuse;
use crate::manager::io::Io;
use crate::manager::own::Own;
use crate::manager::slab::Key;
use crate::manager::target::Target;
use crate::manager::transactions::{BRANCH, push_branch};
use crate::places::{Party, Places};
use crate::{Fields, HeaderName, Method, NameAddr, RequestBuilder, Uri};
use bytes::Bytes;
use ssa::{Body, CallRef, Field, Plan, Transport};
use std::net::SocketAddr;

/// Who counts the CSeq of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) enum Sequence {
    /// It is its own: one more with each try.
    Own,
    /// Its dialog.
    OfDialog(Key),
}

/// Between whom a request outside a dialog is, and where it goes first.
#[derive(Clone, Copy, Debug)]
pub(in crate::manager) struct Way<'a> {
    /// A URI or a name-addr.
    pub(in crate::manager) from: &'a str,
    /// A URI.
    pub(in crate::manager) to: &'a str,
    /// `None`: where `to` points.
    pub(in crate::manager) next_hop: Option<&'a NextHop>,
}

/// A request before it has a branch and a hop: what stays the same from try to try.
#[derive(Clone, Debug)]
pub(in crate::manager) struct Draft {
    pub(in crate::manager) method: Method<'static>,
    pub(in crate::manager) uri: Vec<u8>,
    pub(in crate::manager) routes: Vec<Vec<u8>>,
    pub(in crate::manager) from: Party,
    pub(in crate::manager) to: Party,
    pub(in crate::manager) call_id: Vec<u8>,
    pub(in crate::manager) cseq: u32,
    pub(in crate::manager) sequence: Sequence,
    pub(in crate::manager) contact: Contact,
    /// Fields of the method's own, such as Expires.
    pub(in crate::manager) fields: Vec<(&'static str, Vec<u8>)>,
    /// Fields that the application added.
    pub(in crate::manager) added: Fields,
    /// The body as the application gave it: every try protects it anew.
    pub(in crate::manager) original: Body,
    /// The body as it leaves.
    pub(in crate::manager) body: Body,
    /// The fields that answer a challenge.
    pub(in crate::manager) credentials: Vec<Field>,
    /// What the request before it was authorized by, where that was accepted and serves this one.
    pub(in crate::manager) again: Option<Proven>,
}

/// What a request was authorized by, and over which hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::manager) struct Proven {
    pub(in crate::manager) plan: Plan,
    /// Octets that the credentials take.
    pub(in crate::manager) reserve: usize,
    pub(in crate::manager) transport: Transport,
    pub(in crate::manager) remote: SocketAddr,
}

impl Proven {
    /// Whether the credentials may go over this hop, too: to nobody else.
    pub(super) fn serves(&self, hop: &Hop) -> bool {
        (self.transport, self.remote) == (hop.transport, hop.remote)
    }
}

impl Draft {
    /// A request outside a dialog: From with our tag, To without one. RFC 3261 §8.1.1.
    fn outside(
        method: Method<'static>, from: &NameAddr<'_>, to: &Uri<'_>, tag: &str, call_id: String,
    ) -> Self {
        // RFC 3261 §19.1.5: a URI's headers do not stand in the Request-URI.
        let end = to.as_bytes().len().saturating_sub(to.headers().as_bytes().len());
        let uri = to.as_bytes().get(..end).unwrap_or_default().to_vec();
        let display = from.display().unwrap_or_default();
        let from = from.uri().as_bytes();
        Self {
            method,
            to: Party::new(b"", &uri, None),
            uri,
            routes: Vec::new(),
            from: Party::new(display, from, Some(tag.as_bytes())),
            call_id: call_id.into_bytes(),
            cseq: 1,
            sequence: Sequence::Own,
            contact: Contact::None,
            fields: Vec::new(),
            added: Fields::default(),
            original: Body::default(),
            body: Body::default(),
            credentials: Vec::new(),
            again: None,
        }
    }

    /// A request outside a dialog, where it goes, and the name of its call. RFC 3261 §8.1.1.
    ///
    /// # Errors
    /// What is no URI, has an unescaped user part or cannot be reached.
    pub(in crate::manager) fn prepare(
        io: &mut Io<'_>, method: Method<'static>, way: &Way<'_>,
    ) -> Result<(Self, Target, CallRef), Misuse> {
        let from = NameAddr::parse(way.from.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        let uri = Uri::parse(way.to.as_bytes()).map_err(|_| Misuse::NotAUri)?;
        // What others may write, we do not.
        if uri.has_odd_user() || from.uri().has_odd_user() {
            return Err(Misuse::NotAUri);
        }
        let mut target = match way.next_hop {
            Some(next) => Target::of_next_hop(next, &uri)?,
            None => Target::of(&uri)?,
        };
        let tag = hex(io.random());
        let call_id = hex(io.random()) + &hex(io.random());
        let name = io.call_ref(call_id.as_bytes(), tag.as_bytes());
        let user = String::from_utf8_lossy(from.uri().user().unwrap_or_default()).into_owned();
        let mut draft = Self::outside(method, &from, &uri, &tag, call_id);
        draft.contact = Contact::User(user);
        if method != Method::REGISTER
            && let Some(account) = io.out.accounts.of(&from)
        {
            let first = draft.preload(account).filter(|_| way.next_hop.is_none());
            target = first.unwrap_or(Ok(target))?;
            if account.over.is_some() {
                draft.fields.push(("Supported", b"outbound".to_vec()));
                let its = |next| io.out.accounts.has_flow_to(&from, next);
                let over = || io.out.accounts.over_flows(&from, &draft.uri);
                target =
                    way.next_hop.filter(|next| its(next)).and_then(|_| over()).unwrap_or(target);
            }
        }
        target.check(io.config.own())?;
        Ok((draft, target, name))
    }

    /// Takes the way that the account's registrar wants, and says where that begins. RFC 3608 §6.1,
    /// RFC 3261 §8.1.2.
    fn preload(&mut self, account: &Account) -> Option<Result<Target, Misuse>> {
        if account.routes.is_empty() {
            return None;
        }
        let route = Route::new(&self.uri, account.routes.clone());
        let target = Target::of_uri(route.first_hop());
        self.routes = route.routes;
        Some(target)
    }

    /// The next request in a dialog of ours, and where it goes first.
    pub(in crate::manager) fn of_dialog(
        dialogs: &mut Dialogs, key: Key, method: Method<'static>,
    ) -> Option<(Self, Target)> {
        let cseq = dialogs.next_cseq(key)?;
        let entry = dialogs.get(key)?;
        let (mut draft, target) = Self::in_dialog(&entry.dialog, &entry.peer, method, cseq);
        draft.sequence = Sequence::OfDialog(key);
        Some((draft, target))
    }

    /// A request in a dialog, and where it goes first. RFC 3261 §12.2.1.1.
    pub(in crate::manager) fn in_dialog(
        dialog: &Dialog, peer: &Hop, method: Method<'static>, cseq: u32,
    ) -> (Self, Target) {
        let route = dialog.route();
        let target = Target::in_dialog(route.first_hop(), peer);
        let (from, to) = dialog.parties();
        let draft = Self {
            method,
            uri: route.uri,
            routes: route.routes,
            from,
            to,
            call_id: dialog.call_id().to_vec(),
            cseq,
            sequence: Sequence::Own,
            contact: Contact::None,
            fields: Vec::new(),
            added: Fields::default(),
            original: Body::default(),
            body: Body::default(),
            credentials: Vec::new(),
            again: None,
        };
        (draft, target)
    }

    /// A Contact of our own at the address that the request leaves from, with From's user part.
    pub(in crate::manager) fn own_contact(&self) -> Contact {
        let user = Uri::parse(self.from.uri()).ok().and_then(|uri| uri.user());
        Contact::User(String::from_utf8_lossy(user.unwrap_or_default()).into_owned())
    }

    /// About as many octets as the request has with a Via of so many, and not fewer: what is kept of
    /// it for retransmissions takes no more.
    fn room(&self, via: usize) -> usize {
        /// What stands in the lines that every request has, but for values and twice the method:
        /// start line, Via, Max-Forwards, From, To, Call-ID, CSeq and Content-Length.
        const ALWAYS: usize = 11 + 7 + 18 + 8 + 6 + 11 + 19 + 30;
        let row = |name: &str, value: &[u8]| name.len() + value.len() + 4;
        let contacts = self.contact.rows().map(|value| row("Contact", value));
        let routes = self.routes.iter().map(|value| row("Route", value));
        let fields = self.fields.iter().map(|(name, value)| row(name, value));
        let credentials = self.credentials.iter().map(|field| row(field.name, &field.value));
        let more: usize = contacts.chain(routes).chain(fields).chain(credentials).sum();
        let (from, to) = (self.from.as_bytes(), self.to.as_bytes());
        let parts = [&self.uri, from, to, &self.call_id, &self.body.octets];
        let kind = self.body.content_type.as_ref().map_or(0, |kind| row("Content-Type", kind));
        ALWAYS
            + 2 * self.method.as_bytes().len()
            + via
            + more
            + self.added.text().len()
            + kind
            + parts.map(<[u8]>::len).iter().sum::<usize>()
    }

    /// The request as it goes over `hop`.
    pub(in crate::manager) fn octets(&self, own: Own<'_>, hop: &Hop, branch: u64) -> Bytes {
        self.write(own, hop, branch).0
    }

    /// The same, and where its identity stands: what was written is not read again.
    pub(super) fn write(&self, own: Own<'_>, hop: &Hop, branch: u64) -> (Bytes, Places) {
        let (mut request, places) = self.identified(via(own, hop, branch));
        for contact in self.contact.rows() {
            request = request.field(HeaderName::Contact, contact);
        }
        for (name, value) in &self.fields {
            request = request.field(name, value);
        }
        request = request.lines(self.added.text());
        for field in &self.credentials {
            request = request.field(field.name, &field.value);
        }
        if let Some(kind) = &self.body.content_type {
            request = request.field(HeaderName::ContentType, kind);
        }
        (request.build_with(&self.body.octets), places)
    }

    /// The request up to its CSeq.
    fn identified(&self, via: Vec<u8>) -> (RequestBuilder, Places) {
        let room = self.room(via.len());
        let mut request =
            RequestBuilder::with_capacity(room, self.method, &self.uri).field(HeaderName::Via, via);
        let branch = Some(request.last(BRANCH));
        request = request.field(HeaderName::MaxForwards, b"70");
        for route in &self.routes {
            request = request.field(HeaderName::Route, route);
        }
        request = request.field(HeaderName::From, self.from.as_bytes());
        let from = self.from.places_at(request.last(self.from.as_bytes().len()));
        request = request.field(HeaderName::To, self.to.as_bytes());
        let to = self.to.places_at(request.last(self.to.as_bytes().len()));
        request = request.field(HeaderName::CallId, &self.call_id);
        let call_id = request.last(self.call_id.len());
        request = request.cseq(self.cseq, self.method);
        let (method, cseq) = (request.last(self.method.as_bytes().len()), self.cseq);
        (request, Places { via_is_alone: true, branch, call_id, from, to, method, cseq })
    }
}

/// The Via, its branch at the end.
fn via(own: Own<'_>, hop: &Hop, branch: u64) -> Vec<u8> {
    let mut via = Vec::with_capacity(80);
    via.extend_from_slice(b"SIP/2.0/");
    via.extend_from_slice(hop.transport.name().as_bytes());
    via.push(b' ');
    push_address(&mut via, hop.local);
    // RFC 3581 §3: ask for the response on the port that the request came from.
    via.extend_from_slice(b";rport");
    if own.has_alias(hop) {
        via.extend_from_slice(b";alias");
    }
    push_branch(&mut via, branch);
    via
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manager::accounts::Accounts;
    use crate::manager::config::Local;
    use crate::{Limits, Message};

    fn local(transport: Transport, address: &str) -> Local {
        Local { transport, address: address.parse().unwrap() }
    }

    #[test]
    fn a_request_fills_the_room_that_is_made_for_it() {
        let from = NameAddr::parse(b"<sip:alice@example.org>").unwrap();
        let to = Uri::parse(b"sip:bob@example.org").unwrap();
        let mut draft = Draft::outside(Method::INVITE, &from, &to, "tag", "call".to_owned());
        draft.contact = Contact::Value(b"<sip:alice@192.0.2.1>".to_vec());
        draft.routes = vec![b"<sip:p.example.org;lr>".to_vec()];
        draft.fields = vec![("Supported", b"timer".to_vec()), ("Allow", b"INVITE".to_vec())];
        draft.credentials = vec![Field { name: "Authorization", value: b"Test x".to_vec() }];
        draft.body =
            Body { content_type: Some(b"application/sdp".to_vec()), octets: vec![b'x'; 9] };
        let own = Own { locals: &[], routes: None };
        for (cseq, remote) in [(1, "192.0.2.9:5060"), (u32::MAX, "[2001:db8::1:2:3:4]:50600")] {
            let remote = remote.parse().unwrap();
            let hop = Hop { transport: Transport::Udp, local: remote, remote, flow: None };
            draft.cseq = cseq;
            let (length, room) =
                (draft.octets(own, &hop, 1).len(), draft.room(via(own, &hop, 1).len()));
            assert!((length..length + 24).contains(&room), "{length} of {room}");
        }
    }

    #[test]
    fn what_is_noted_of_a_request_is_what_would_be_read() {
        let to = Uri::parse(b"sip:bob@example.org").unwrap();
        let hop = |text: &str| text.parse().unwrap();
        let (local, remote) = (hop("192.0.2.1:5060"), hop("[2001:db8::9]:5060"));
        let hop = Hop { transport: Transport::Tls, local, remote, flow: None };
        let locals = [Local { transport: Transport::Tls, address: local }];
        let own = Own { locals: &locals, routes: None };
        for from in ["sip:alice@example.org", "\"A <a>\" <sip:alice@example.org;x=y>"] {
            let from = NameAddr::parse(from.as_bytes()).unwrap();
            let mut draft = Draft::outside(Method::INVITE, &from, &to, "tag", "call".to_owned());
            draft.routes = vec![b"<sip:p.example.org;lr>".to_vec()];
            let (octets, places) = draft.write(own, &hop, 0xfeed);
            let read = Message::parse(octets, &Limits::default()).unwrap();
            assert_eq!(read.places(), Some(&places), "{read:?}");
        }
    }

    #[test]
    fn t16_the_contact_is_settled_for_each_address() {
        let locals =
            [local(Transport::Udp, "192.0.2.1:5060"), local(Transport::Udp, "[2001:db8::1]:5060")];
        let own = Own { locals: &locals, routes: None };
        let from = NameAddr::parse(b"<sip:alice@example.org>").unwrap();
        let to = Uri::parse(b"sip:bob@example.org").unwrap();
        let mut draft = Draft::outside(Method::OPTIONS, &from, &to, "tag", "call".to_owned());
        draft.contact = Contact::User("alice".to_owned());
        for (local, remote) in
            [("192.0.2.1:5060", "192.0.2.9:5060"), ("[2001:db8::1]:5060", "[2001:db8::9]:5060")]
        {
            draft.loosen_contact();
            let [local, remote] = [local, remote].map(|it| it.parse().unwrap());
            let hop = Hop { transport: Transport::Udp, local, remote, flow: None };
            draft.fix_contact((own, &Accounts::default()), &hop);
            let request = draft.octets(own, &hop, 1);
            let wanted = format!("Contact: <sip:alice@{local}>\r\n");
            assert!(String::from_utf8_lossy(&request).contains(&wanted), "{request:?}");
        }
    }
}
