//! Agents that speak in calls, where the command line lets them in: what they are told, and how calls
//! come to them.

use super::json::Object;
use super::output::{Output, octets};
use crate::assembly::Event;
use crate::error::{Error, Result};
use crate::voice::{Desk, Door, News, Offered, Reserved, Seats, ends};
use media_ctl::audio::Ends;
use sip_core::manager::CallId;
use std::sync::Arc;

/// Where agents come in, if they do.
pub(super) struct Voices {
    door: Option<Door>,
    desk: Option<Desk>,
    /// Whether nothing happens there any more.
    closed: bool,
}

impl Voices {
    /// Opens the door that there is.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn open(door: Option<&Door>) -> Result<Self> {
        let desk = door.map(Desk::open).transpose()?;
        Ok(Self { door: door.cloned(), desk, closed: false })
    }

    /// Says where agents come in.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn greet(&self, out: Output) -> Result<()> {
        let url = self.desk.as_ref().and_then(Desk::url);
        match (&self.door, url) {
            (Some(Door::Socket(path)), _) => {
                let line = format!("agents come in at {}", path.display());
                out.say(&line, Object::Agents { socket: Some(path), url: None })
            }
            (_, Some(url)) => {
                let line = format!("agents come in at {url}");
                out.say(&line, Object::Agents { socket: None, url: Some(url) })
            }
            (_, None) => Ok(()),
        }
    }

    /// Those who come in there.
    pub(super) fn agents(&self) -> Agents {
        Agents(self.desk.as_ref().map(|desk| Arc::clone(desk.seats())))
    }

    /// What happens next. Cancel-safe.
    pub(super) async fn next(&mut self) -> News {
        let Some(desk) = self.desk.as_mut().filter(|_| !self.closed) else {
            return std::future::pending().await;
        };
        let news = desk.next().await;
        self.closed = news == News::Closed;
        news
    }

    /// Ends all connections, once what was told is written, or shortly after.
    pub(super) async fn close(self) {
        if let Some(desk) = self.desk {
            desk.close().await;
        }
    }
}

/// The agents, where any are let in.
#[derive(Clone, Debug)]
pub(super) struct Agents(Option<Arc<Seats>>);

impl Agents {
    /// Whether any are let in.
    pub(super) const fn are_asked(&self) -> bool {
        self.0.is_some()
    }

    /// Waits until an agent is ready for a call, where one is to speak.
    ///
    /// # Errors
    /// None is, and none will come.
    pub(super) async fn is_ready(&self) -> Result<()> {
        match &self.0 {
            Some(seats) if !seats.somebody_waits().await => Err(Error::invalid(
                "--audio stdio: the agent is gone, and was not ready for a call",
            )),
            Some(_) | None => Ok(()),
        }
    }

    /// Tells the agent of a call what happened in it.
    pub(super) fn on(&self, event: &Event) {
        let Some(seats) = &self.0 else { return };
        let (Some(call), Some(object)) = (event.call(), Object::of(event)) else { return };
        seats.tell(&call.to_string(), octets(&object));
        if matches!(event, Event::Over { .. }) {
            seats.ended(&call.to_string());
        }
    }

    /// Tells the agent of a call.
    pub(super) fn tell(&self, call: CallId, object: &Object<'_>) {
        if let Some(seats) = &self.0 {
            seats.tell(&call.to_string(), octets(object));
        }
    }

    /// Finds an agent for a call that came in; `None` where none are let in.
    pub(super) fn offer(&self, incoming: &Event) -> Option<Offered> {
        let (seats, call) = (self.0.as_ref()?, incoming.call()?);
        Some(seats.offer(&call.to_string(), octets(&Object::of(incoming)?)))
    }

    /// No agent is to come for a call any more that was offered.
    pub(super) fn withdraw(&self, incoming: &Event) {
        if let (Some(seats), Some(call)) = (&self.0, incoming.call()) {
            seats.ended(&call.to_string());
        }
    }

    /// The ends of a call that came in, for the agent that it was offered to.
    ///
    /// # Errors
    /// None has come for it yet.
    pub(super) fn ends_of(&self, call: CallId) -> Result<Ends> {
        let seat = self.0.as_ref().and_then(|seats| seats.of(&call.to_string()));
        let seat = seat.ok_or(Error::NotNow("no agent has come for the call yet"))?;
        Ok(ends(&seat))
    }

    /// The ends of a call that is to be placed.
    ///
    /// # Errors
    /// No agent is ready for one.
    pub(super) fn take(&self) -> Result<(Ends, Reserved)> {
        let reserved = self.0.as_ref().and_then(|seats| seats.take());
        let reserved = reserved.ok_or(Error::NotNow("no agent is ready for a call"))?;
        Ok((ends(reserved.seat()), reserved))
    }
}
