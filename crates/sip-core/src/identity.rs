//! What identifies a message: the fields that every one has, read once. RFC 3261 §8.1.1, §17.1.3,
//! §17.2.3.

use crate::head::Row;
use crate::places::{PartyPlaces, Place, Places};
use crate::{HeaderName, Message, NameAddr, Via};
use std::sync::OnceLock;

/// The typed fields that a message is matched by, and that a security manager sees of it.
///
/// Whoever needs several of them reads them here, not one by one.
#[derive(Clone, Copy, Debug)]
pub struct Identity<'a> {
    /// The topmost Via.
    pub via: Via<'a>,
    /// Call-ID.
    pub call_id: &'a [u8],
    /// From.
    pub from: NameAddr<'a>,
    /// To.
    pub to: NameAddr<'a>,
    /// The method of CSeq: in a request that is valid, its own.
    pub method: &'a [u8],
    /// The number of CSeq, below 2³¹.
    pub cseq: u32,
}

impl Message {
    /// What identifies the message; `None` where a field of it is missing or malformed.
    pub fn identity(&self) -> Option<Identity<'_>> {
        let cseq = self.cseq().ok()?;
        let identity = Identity {
            via: self.top_via().ok()?,
            call_id: self.call_id().ok()?.as_bytes(),
            from: self.from().ok()?,
            to: self.to().ok()?,
            method: cseq.method.as_bytes(),
            cseq: cseq.number,
        };
        self.places.get_or_init(|| {
            let row = self.first_row(HeaderName::Via);
            identity.places(self.as_bytes(), row.map_or(0, |row| row.end as usize))
        });
        Some(identity)
    }

    /// Whether this row is one that the identity was read from, to its end.
    pub(crate) fn is_read(&self, row: &Row) -> bool {
        let (Some(name), Some(places)) = (row.name, self.places.get()) else { return false };
        let all = match name {
            HeaderName::From | HeaderName::To | HeaderName::CallId | HeaderName::CSeq => true,
            HeaderName::Via => places.via_is_alone,
            _ => false,
        };
        all && self.first_row(name).is_some_and(|first| first.start == row.start)
    }

    /// Whether Via has one value in all.
    pub(crate) fn has_one_via(&self) -> bool {
        match self.places() {
            Some(places) => places.via_is_alone && self.headers(HeaderName::Via).nth(1).is_none(),
            None => self.vias().nth(1).is_none(),
        }
    }

    /// The same message, whose identity is known to stand here.
    pub(crate) fn placed(mut self, places: Places) -> Self {
        self.places = OnceLock::from(places);
        self
    }

    /// Where the identity stands, read at most once; `None` where a field of it is missing or
    /// malformed.
    pub(crate) fn places(&self) -> Option<&Places> {
        if self.places.get().is_none() {
            self.identity();
        }
        self.places.get()
    }
}

impl<'a> Identity<'a> {
    /// From's tag, empty where it has none.
    pub fn caller_tag(&self) -> &'a [u8] {
        self.from.tag().unwrap_or_default()
    }

    /// To's tag, empty where it has none.
    pub fn callee_tag(&self) -> &'a [u8] {
        self.to.tag().unwrap_or_default()
    }

    /// Where its parts stand in the octets that it was read from. `via_end`: where the first row of
    /// Via ends.
    fn places(&self, octets: &[u8], via_end: usize) -> Places {
        let place = |part: &[u8]| Place::of(octets, part);
        let party = |address: &NameAddr<'_>| PartyPlaces {
            uri: place(address.uri().as_bytes()),
            tag: address.tag().map(place),
        };
        Places {
            via_is_alone: place(self.via.params().as_bytes()).end() == via_end,
            branch: self.via.branch().map(place),
            call_id: place(self.call_id),
            from: party(&self.from),
            to: party(&self.to),
            method: place(self.method),
            cseq: self.cseq,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::view::Written;
    use crate::{Limits, Message};

    #[test]
    fn what_is_kept_by_its_place_is_what_was_read() {
        let datagram = b"INVITE sip:bob@example.net SIP/2.0\r\n\
            Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK77ef, SIP/2.0/UDP 192.0.2.9\r\n\
            f: \"A\" <sip:alice@example.net>;tag=1928301774\r\n\
            To: <sip:bob@example.net>\r\n\
            Call-ID: a84b4c76e66710\r\n\
            CSeq: 7 INVITE\r\n\r\nbody";
        let message = Message::parse(datagram[..].into(), &Limits::default()).unwrap();
        let identity = message.identity().unwrap();
        let seen = message.ssa_request().unwrap();
        assert_eq!(seen.from.uri, b"sip:alice@example.net");
        assert_eq!(seen.from.tag, Some(&b"1928301774"[..]));
        assert_eq!((seen.to.uri, seen.to.tag), (&b"sip:bob@example.net"[..], None));
        assert_eq!((seen.call_id, seen.cseq, seen.body), (&b"a84b4c76e66710"[..], 7, &b"body"[..]));
        assert_eq!(message.places().unwrap().branch(message.as_bytes()), b"z9hG4bK77ef");
        let ok = crate::ResponseBuilder::to(&message, crate::StatusCode::OK, "OK").to_tag("ours");
        let written = Written(ok.field("X", " a: b ").field("X", "c").body(b"answer").build());
        let ok = Message::parse(written.0.clone(), &Limits::default()).unwrap();
        let text = |response: ssa::Response<'_>| {
            let names = ["Via", "fROM", "to", "Call-ID", "x", "Content-Length", "Date"];
            let places = names.iter().flat_map(|name| [(name, 0), (name, 1)]);
            let values = places.map(|(name, nth)| response.headers.value(name, nth));
            format!("{response:?} {:?} {:?} {}", response.from, response.to, response.cseq)
                + &format!("{:?} {:?}", response.call_id, response.body)
                + &format!("{:?}", values.collect::<Vec<_>>())
        };
        let lent = message.ssa_answer((200, b"answer"), "ours", &written).unwrap();
        let read = ok.ssa_response().unwrap();
        assert_eq!(read.to.tag, Some(&b"ours"[..]));
        assert_eq!(text(lent), text(read));
        assert_eq!(identity.caller_tag(), b"1928301774");
        assert!(identity.callee_tag().is_empty());
    }
}
