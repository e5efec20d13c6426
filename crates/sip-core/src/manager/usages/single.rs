//! A request of the application's own, outside any dialog: OPTIONS. RFC 3261 §11.

use super::cx::Cx;
use crate::Method;
use crate::manager::event::{Cause, Event, Misuse, OptionsId};
use crate::manager::io::Io;
use crate::manager::requests::{Draft, Outcome, Purpose, Way};
use crate::manager::target::Target;
use ssa::CallRef;

const ONLY: Purpose = Purpose(0);

/// A request that is its own usage.
#[derive(Debug)]
pub(in crate::manager) struct Single {
    name: CallRef,
    over: bool,
}

impl Single {
    pub(super) const fn name(&self) -> CallRef {
        self.name
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over
    }

    /// What it holds towards the security manager, and what is to be sent. RFC 3261 §11.1.
    ///
    /// # Errors
    /// As [`Draft::prepare`].
    pub(in crate::manager) fn options(
        io: &mut Io<'_>, way: &Way<'_>,
    ) -> Result<(Self, (Draft, Target)), Misuse> {
        let (mut draft, target, name) = Draft::prepare(io, Method::OPTIONS, way)?;
        draft.fields.push(("Accept", b"application/sdp".to_vec()));
        Ok((Self { name, over: false }, (draft, target)))
    }

    /// Sends it.
    pub(in crate::manager) fn send(&self, cx: &mut Cx<'_>, request: (Draft, Target)) {
        cx.send(ONLY, self.name, request);
    }

    /// What became of it.
    pub(super) fn on_outcome(&mut self, cx: &mut Cx<'_>, outcome: &Outcome) {
        self.over = true;
        let outcome = match outcome {
            Outcome::Accepted(answer, _) => {
                Ok(answer.response.message.status().map_or(200, |status| status.as_u16()))
            }
            Outcome::Untrusted(_, why) => Err(Cause::Security(*why)),
            Outcome::Failed(cause @ Cause::Later(..), _) => Err(*cause),
            Outcome::Failed(cause, _) => cause.status().ok_or(*cause),
            Outcome::Cancelled => Err(Cause::Timeout),
        };
        cx.tell(Event::OptionsAnswered { id: OptionsId(cx.me), outcome });
    }
}
