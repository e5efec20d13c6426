//! What is sent by itself, in a call or outside one: texts (RFC 3428) and digits (RFC 4733, or INFO,
//! RFC 6086 §1); and what is said in a call, silenced, and what its media came to.
//!
//! The answer to each request is an [`Event::RequestAnswered`](super::Event::RequestAnswered).

use super::dtmf::Digit;
use super::terminal::Terminal;
use crate::config::Keys;
use crate::error::{Error, Result};
use media_ctl::Stats;
use sip_core::Method;
use sip_core::manager::{CallId, Misuse, NextHop, RequestId};
use ssa::Body;

/// The content type of a text.
const TEXT: &[u8] = b"text/plain;charset=UTF-8";

/// How a key that is pressed is told to the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// By an event beside the voice; an [`Event::Pressed`](super::Event::Pressed) follows.
    Event,
    /// By this request; an [`Event::RequestAnswered`](super::Event::RequestAnswered) follows.
    Request(RequestId),
}

impl Terminal {
    /// Sends a text to a peer outside of any call: unsigned and in the clear, whatever calls to the
    /// peer require. RFC 3428 §4.
    ///
    /// # Errors
    /// The URI is none.
    pub fn message(&self, to: &str, next_hop: Option<NextHop>, text: &str) -> Result<RequestId> {
        let shared = &self.shared;
        let sent = shared.endpoint.request(
            Method::MESSAGE,
            &shared.identity,
            to,
            next_hop.clone(),
            body(text),
        );
        sent.map_err(|misuse| self.misused(to, next_hop.as_ref(), misuse))
    }

    /// Sends a text in a call, protected as the call is.
    ///
    /// # Errors
    /// [`Error::NotNow`] where the call is not up.
    pub fn message_within(&self, id: CallId, text: &str) -> Result<RequestId> {
        self.within(id, Method::MESSAGE, body(text))
    }

    /// Says to the peer of a call that a key was pressed: by an event beside the voice where the peer
    /// takes such, else by INFO, unless the configuration wants one of both. Whoever sends several in
    /// order awaits what follows each.
    ///
    /// # Errors
    /// [`Error::NotNow`] where the call is not up, or only an event may say so and none can be sent.
    pub fn press(&self, id: CallId, digit: Digit) -> Result<Pressed> {
        let keys = self.shared.lines.dtmf;
        if keys != Keys::Info && self.press_event(id, digit) {
            return Ok(Pressed::Event);
        }
        if keys == Keys::Rtp {
            return Err(Error::NotNow(
                "no event can be sent to the peer now (it takes no telephone-event, or media does not \
                 flow to it), and `[media] dtmf` in the configuration allows nothing else",
            ));
        }
        self.within(id, Method::INFO, digit.body()).map(Pressed::Request)
    }

    /// Whether an event says so.
    fn press_event(&self, id: CallId, digit: Digit) -> bool {
        let media = self.shared.calls.media(id);
        media.zip(digit.event()).is_some_and(|((_, media), event)| media.press(event))
    }

    /// Sends silence in place of what is said here in a call, or no longer. The peer is told nothing.
    ///
    /// # Errors
    /// [`Error::NotNow`] where the call has no media.
    pub fn mute(&self, id: CallId, mute: bool) -> Result<()> {
        match self.shared.calls.mute(id, mute)? {
            // The peer goes on hearing those whose calls are brought together with its own.
            (_, Some(seat)) => seat.set_mute(mute),
            (media, None) => media.set_mute(mute),
        }
        Ok(())
    }

    /// What the media of a call came to until now.
    ///
    /// # Errors
    /// [`Error::NotNow`] where the call has no media.
    pub fn measured(&self, id: CallId) -> Result<Stats> {
        let media = self.shared.calls.media(id);
        let (_, media) = media.ok_or(Error::NotNow("the call is not answered yet"))?;
        Ok(media.stats())
    }

    fn within(&self, id: CallId, method: Method<'static>, body: Body) -> Result<RequestId> {
        let sent = self.shared.endpoint.request_within(id, method, body);
        sent.map_err(|misuse| match misuse {
            Misuse::WrongState => Error::NotNow("the call is not up yet"),
            Misuse::Unknown => Error::NotNow("the call is over"),
            other => Error::invalid(other),
        })
    }
}

fn body(text: &str) -> Body {
    Body { content_type: Some(TEXT.to_vec()), octets: text.as_bytes().to_vec() }
}
