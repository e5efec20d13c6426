//! A dialog's state. RFC 3261 §12.1.

use super::route::{Route, is_sips, values};
use super::texts::Texts;
use crate::places::{Party, PartyPlaces, Place};
use crate::{HeaderName, Message, NameAddr};
use sip_syntax::List;

const CALL_ID: usize = 0;
const LOCAL: usize = 1;
const REMOTE: usize = 2;
const TARGET: usize = 3;
const ROUTES: usize = 4;

/// What a dialog is made of. It holds no part of the messages that created it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialog {
    texts: Texts<5>,
    /// Where URI and tag stand in our side and in the peer's.
    local: PartyPlaces,
    remote: PartyPlaces,
    local_cseq: u32,
    remote_cseq: Option<u32>,
}

/// Why a request does not fit into its dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Its CSeq is lower than the last one's: 500. RFC 3261 §12.2.2.
    OutOfOrder,
}

impl Dialog {
    /// The caller's side, from the INVITE it sent and a response with a To tag. RFC 3261 §12.1.2.
    /// Where the INVITE asked for `sips:`, a `sip:` Contact is not followed.
    pub fn of_caller(sent: &Message, response: &Message) -> Option<Self> {
        let (asked, answered) = (sent.ssa_request()?, response.ssa_response()?);
        let routes = match asked.to.tag {
            // A re-INVITE's leave the route set as it was.
            Some(_) => values(sent.routes()),
            None => recorded(response),
        };
        let asked_for = sent.request_uri()?;
        let target = contact(response).filter(|told| keeps_tls(asked_for, told));
        let target = target.unwrap_or(asked_for);
        // RFC 3261 §12.1.2: the remote URI is the request's; the response adds the tag only.
        let (called, tag) = (asked.to.uri, answered.to.tag.unwrap_or_default());
        let local = sent.header(HeaderName::From)?;
        let remote = Party::new(b"", called, Some(tag).filter(|tag| !tag.is_empty()));
        let routes = routes.join(&b", "[..]);
        Some(Self {
            texts: Texts::new([asked.call_id, local, remote.as_bytes(), target, &routes]),
            local: PartyPlaces::of(local, &asked.from),
            remote: remote.places(),
            local_cseq: asked.cseq,
            remote_cseq: None,
        })
    }

    /// An early dialog of the caller's is confirmed: the 2xx has the last word on the route set and
    /// the remote target. RFC 3261 §13.2.2.4.
    pub fn confirm(&mut self, response: &Message) {
        let routes = recorded(response).join(&b", "[..]);
        self.texts = self.texts.replaced(ROUTES, &routes);
        self.refresh(response);
    }

    /// The callee's side, from the INVITE that came in and our tag; `None` without a Contact, or with
    /// a `sip:` one where `sips:` was asked for. RFC 3261 §12.1.1, RFC 5630 §5.1.2.
    pub fn of_callee(request: &Message, tag: &str) -> Option<Self> {
        let asked_for = request.request_uri().unwrap_or_default();
        let to = request.header(HeaderName::To)?;
        let local = [to, b";tag=", tag.as_bytes()].concat();
        let tag = Some(Place::new(local.len() - tag.len(), tag.len()));
        let places = PartyPlaces { tag, ..PartyPlaces::of(to, &request.ssa_request()?.to) };
        Self::of_request(request, asked_for, (&local, places), 0)
    }

    /// The subscriber's side, from the first NOTIFY that came in, what its SUBSCRIBE asked for, and
    /// the CSeq of that; `None` without a Contact, or with a `sip:` one where `sips:` was asked for.
    /// RFC 6665 §4.4.1.
    pub fn of_subscriber(notify: &Message, asked_for: &[u8], cseq: u32) -> Option<Self> {
        let (to, row) = (notify.ssa_request()?.to, notify.header(HeaderName::To)?);
        to.tag?;
        Self::of_request(notify, asked_for, (row, PartyPlaces::of(row, &to)), cseq)
    }

    /// The side that a request came to: ours as it is named, with its tag.
    fn of_request(
        request: &Message, asked_for: &[u8], (local, places): (&[u8], PartyPlaces), local_cseq: u32,
    ) -> Option<Self> {
        let target = contact(request).filter(|told| keeps_tls(asked_for, told))?;
        let routes = values(request.record_routes()).join(&b", "[..]);
        let asked = request.ssa_request()?;
        let remote = request.header(HeaderName::From)?;
        Some(Self {
            texts: Texts::new([asked.call_id, local, remote, target, &routes]),
            local: places,
            remote: PartyPlaces::of(remote, &asked.from),
            local_cseq,
            remote_cseq: Some(asked.cseq),
        })
    }

    /// Call-ID.
    pub fn call_id(&self) -> &[u8] {
        self.texts.get(CALL_ID)
    }

    /// Our side as From names it, with its tag.
    pub fn local(&self) -> &[u8] {
        self.texts.get(LOCAL)
    }

    /// Both sides as a request of ours names them: From and To.
    pub(crate) fn parties(&self) -> (Party, Party) {
        let party = |text: &[u8], places| Party::read(text.to_vec(), places);
        (party(self.local(), self.local), party(self.remote(), self.remote))
    }

    /// The peer's side as To names it, with its tag.
    pub fn remote(&self) -> &[u8] {
        self.texts.get(REMOTE)
    }

    /// Our tag.
    pub fn local_tag(&self) -> &[u8] {
        self.local.within(self.local()).tag.unwrap_or_default()
    }

    /// The peer's tag; empty where an RFC 2543 peer gave none.
    pub fn remote_tag(&self) -> &[u8] {
        self.remote.within(self.remote()).tag.unwrap_or_default()
    }

    /// The CSeq of the next request of ours.
    pub fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.local_cseq
    }

    /// A request of ours with this CSeq has left.
    pub fn count_to(&mut self, cseq: u32) {
        self.local_cseq = self.local_cseq.max(cseq);
    }

    /// Holds a request of the peer's against the sequence.
    ///
    /// # Errors
    /// [`Refused::OutOfOrder`] where its CSeq is lower than the last one's.
    pub fn check_cseq(&self, cseq: u32) -> Result<(), Refused> {
        match self.remote_cseq {
            Some(last) if cseq < last => Err(Refused::OutOfOrder),
            Some(_) | None => Ok(()),
        }
    }

    /// The peer's request with this CSeq counts.
    pub fn accept_cseq(&mut self, cseq: u32) {
        self.remote_cseq = self.remote_cseq.max(Some(cseq));
    }

    /// Takes over the Contact of a target refresh, but no `sip:` for a `sips:` one. RFC 3261
    /// §12.2.1.2, §12.2.2.
    pub fn refresh(&mut self, message: &Message) {
        let target = contact(message).filter(|told| keeps_tls(self.texts.get(TARGET), told));
        if let Some(target) = target {
            self.texts = self.texts.replaced(TARGET, target);
        }
    }

    /// Where the next request goes.
    pub fn route(&self) -> Route {
        let rows = Some(self.texts.get(ROUTES)).filter(|row| !row.is_empty());
        let routes = values(List::new(rows.into_iter(), NameAddr::read));
        Route::new(self.texts.get(TARGET), routes)
    }
}

/// The route set that a response recorded for its caller. RFC 3261 §12.1.2.
fn recorded(response: &Message) -> Vec<Vec<u8>> {
    let mut routes = values(response.record_routes());
    routes.reverse();
    routes
}

/// Whether a Contact takes no `sips:` back. RFC 3261 §12.1.1: one must be answered by the other.
fn keeps_tls(asked_for: &[u8], told: &[u8]) -> bool {
    is_sips(told) || !is_sips(asked_for)
}

/// The URI of the first Contact.
fn contact(message: &Message) -> Option<&[u8]> {
    let first = message.contacts().next()?.ok()?;
    Some(first.address()?.uri().as_bytes())
}
