//! What identifies a message: the fields that every one has, read once. RFC 3261 §8.1.1, §17.1.3,
//! §17.2.3.

use crate::{Message, NameAddr, Via};

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
        self.places.get_or_init(|| Places::of(self, &identity));
        Some(identity)
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
}

/// Octets of a message's head, by where they stand.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: u16,
    length: u16,
}

impl Place {
    fn of(whole: &[u8], part: &[u8]) -> Self {
        let at = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
        // A head has no offset that 16 bits do not hold.
        let narrow = |number| u16::try_from(number).unwrap_or(u16::MAX);
        Self { at: narrow(at), length: narrow(part.len()) }
    }

    fn in_message(self, message: &Message) -> &[u8] {
        let (at, length) = (usize::from(self.at), usize::from(self.length));
        message.as_bytes().get(at..at + length).unwrap_or_default()
    }
}

#[derive(Clone, Copy, Debug)]
struct PartyPlaces {
    uri: Place,
    tag: Option<Place>,
}

/// An [`Identity`] that borrows nothing, which the message keeps: what was read once is not read
/// again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Places {
    branch: Option<Place>,
    call_id: Place,
    from: PartyPlaces,
    to: PartyPlaces,
    method: Place,
    cseq: u32,
}

impl PartyPlaces {
    fn in_message(self, message: &Message) -> ssa::Party<'_> {
        ssa::Party {
            uri: self.uri.in_message(message),
            tag: self.tag.map(|tag| tag.in_message(message)),
        }
    }
}

impl Places {
    fn of(message: &Message, identity: &Identity<'_>) -> Self {
        let place = |part: &[u8]| Place::of(message.as_bytes(), part);
        let party = |address: &NameAddr<'_>| PartyPlaces {
            uri: place(address.uri().as_bytes()),
            tag: address.tag().map(place),
        };
        Self {
            branch: identity.via.branch().map(place),
            call_id: place(identity.call_id),
            from: party(&identity.from),
            to: party(&identity.to),
            method: place(identity.method),
            cseq: identity.cseq,
        }
    }

    /// The request that the places were taken from, as the security manager sees it; `None` for a
    /// response.
    pub(crate) fn ssa_request<'a>(&self, message: &'a Message) -> Option<ssa::Request<'a>> {
        Some(ssa::Request {
            method: message.method()?.as_str(),
            uri: message.request_uri()?,
            call_id: self.call_id.in_message(message),
            cseq: self.cseq,
            from: self.from.in_message(message),
            to: self.to.in_message(message),
            headers: message,
            body: message.body(),
        })
    }

    /// The response that the places were taken from, as the security manager sees it; `None` for a
    /// request.
    pub(crate) fn ssa_response<'a>(&self, message: &'a Message) -> Option<ssa::Response<'a>> {
        Some(ssa::Response {
            status: message.status()?.as_u16(),
            method: std::str::from_utf8(self.method.in_message(message)).ok()?,
            call_id: self.call_id.in_message(message),
            cseq: self.cseq,
            from: self.from.in_message(message),
            to: self.to.in_message(message),
            headers: message,
            body: message.body(),
        })
    }

    /// The top Via's branch, empty where it has none.
    pub(crate) fn branch<'a>(&self, message: &'a Message) -> &'a [u8] {
        self.branch.map(|branch| branch.in_message(message)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
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
        let places = *message.places().unwrap();
        let text = |request: ssa::Request<'_>| {
            format!("{request:?} {:?} {:?} {}", request.from, request.to, request.cseq)
                + &format!("{:?} {:?}", request.call_id, request.body)
        };
        let seen = text(message.ssa_request().unwrap());
        assert_eq!(text(places.ssa_request(&message).unwrap()), seen);
        let ok = crate::ResponseBuilder::to(&message, crate::StatusCode::OK, "OK").to_tag("ours");
        let ok = Message::parse(ok.body(b"answer").build(), &Limits::default()).unwrap();
        let text = |response: ssa::Response<'_>| {
            format!("{response:?} {:?} {:?} {}", response.from, response.to, response.cseq)
                + &format!("{:?} {:?}", response.call_id, response.body)
        };
        let seen = text(ok.ssa_response().unwrap());
        assert_eq!(text(message.ssa_answer(&ok, "ours").unwrap()), seen);
        assert_eq!(places.branch(&message), b"z9hG4bK77ef");
        assert_eq!(identity.caller_tag(), b"1928301774");
        assert!(identity.callee_tag().is_empty());
    }
}
