//! A message that came in, with how it arrived.

use super::action::Arrival;
use crate::{HeaderName, Message, NameAddr, Via};
use ssa::Body;

/// A message and its arrival.
#[derive(Clone, Debug)]
pub(super) struct Inbound {
    pub(super) message: Message,
    pub(super) arrival: Arrival,
}

/// What every message that is worked on has: without it, it cannot be matched to anything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Identity<'a> {
    pub(super) via: Via<'a>,
    pub(super) call_id: &'a [u8],
    pub(super) from: NameAddr<'a>,
    pub(super) to: NameAddr<'a>,
    /// The method of CSeq: in a request that is valid, its own.
    pub(super) method: &'a [u8],
    pub(super) cseq: u32,
}

impl<'a> Identity<'a> {
    /// Reads it, or nothing where a field is missing or malformed.
    pub(super) fn of(message: &'a Message) -> Option<Self> {
        let cseq = message.cseq().ok()?;
        Some(Self {
            via: message.top_via().ok()?,
            call_id: message.call_id().ok()?.as_bytes(),
            from: message.from().ok()?,
            to: message.to().ok()?,
            method: cseq.method.as_bytes(),
            cseq: cseq.number,
        })
    }

    /// From's tag, empty where it has none.
    pub(super) fn caller_tag(&self) -> &'a [u8] {
        self.from.tag().unwrap_or_default()
    }

    /// To's tag, empty where it has none.
    pub(super) fn callee_tag(&self) -> &'a [u8] {
        self.to.tag().unwrap_or_default()
    }
}

impl Inbound {
    /// What SSA sees of the arrival.
    pub(super) fn view(&self, in_dialog: bool) -> ssa::Arrival<'_> {
        let mut vias = self.message.vias().map_while(Result::ok);
        let top = vias.next();
        let branch = top.and_then(|via| via.branch());
        ssa::Arrival {
            source: self.arrival.source,
            transport: self.arrival.transport,
            flow: self.arrival.flow,
            branch: branch.unwrap_or_default(),
            vias: vias.count() + usize::from(top.is_some()),
            octets: self.message.as_bytes().len(),
            in_dialog,
        }
    }

    /// The body with its outer type, as it came in.
    pub(super) fn body(&self) -> Body {
        let octets = self.message.body().to_vec();
        let kind = self.message.header(HeaderName::ContentType).filter(|_| !octets.is_empty());
        Body { content_type: kind.map(<[u8]>::to_vec), octets }
    }
}
