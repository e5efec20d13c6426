//! What a notifier says of a subscription: the value of Subscription-State. RFC 6665 §8.2.3.

use crate::manager::inbound::HEEDED;
use crate::manager::subscriptions::{SubscriptionState, Termination};
use crate::{HeaderName, Message, delta_seconds};
use sip_syntax::{Cursor, Params};
use std::time::Duration;

/// What a NOTIFY says of its subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) state: SubscriptionState,
    /// The time that it has left, in seconds.
    pub(super) expires: Option<u32>,
    /// When it may be made anew.
    pub(super) retry_after: Option<Duration>,
}

impl Told {
    /// What a NOTIFY says. One that says nothing that is known is as good as active: it was sent.
    pub(super) fn by(notify: &Message) -> Self {
        let value = notify.header(HeaderName::SubscriptionState).unwrap_or_default();
        let mut cursor = Cursor::new(value);
        let state = cursor.token().unwrap_or_default();
        let params = Params::read(&mut cursor).unwrap_or_default();
        let seconds = |name| params.value(name).and_then(|value| delta_seconds(value).ok());
        let is = |word: &[u8]| state.eq_ignore_ascii_case(word);
        let after = seconds("retry-after").map(|it| Duration::from_secs(it.into()).min(HEEDED));
        let (state, retry_after) = if is(b"terminated") {
            let why = Termination::of(params.value("reason").unwrap_or_default());
            (SubscriptionState::Terminated(why), after)
        } else if is(b"pending") {
            (SubscriptionState::Pending, None)
        } else {
            (SubscriptionState::Active, None)
        };
        Self { state, expires: seconds("expires"), retry_after }
    }

    /// Whether nothing follows.
    pub(super) const fn is_last(&self) -> bool {
        matches!(self.state, SubscriptionState::Terminated(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn told(value: &str) -> Told {
        let text = format!("NOTIFY sip:a@192.0.2.1 SIP/2.0\r\nSubscription-State: {value}\r\n\r\n");
        Told::by(&Message::parse(text.into_bytes().into(), &Limits::default()).unwrap())
    }

    #[test]
    fn a_state_is_read_with_what_it_has_a_meaning_for() {
        use SubscriptionState::{Active, Pending, Terminated};
        let says = |state, expires, after: Option<u64>| Told {
            state,
            expires,
            retry_after: after.map(Duration::from_secs),
        };
        assert_eq!(told("active;expires=60"), says(Active, Some(60), None));
        assert_eq!(told("Pending ; retry-after=5"), says(Pending, None, None));
        let ended = |why, after| says(Terminated(why), None, after);
        assert_eq!(told("terminated"), ended(Termination::Unsaid, None));
        let probation = told("terminated;reason=probation;retry-after=7");
        assert_eq!(probation, ended(Termination::Probation, Some(7)));
        let never = told("terminated;reason=new;retry-after=4294967295");
        assert_eq!(never, ended(Termination::Unsaid, Some(86_400)));
        for other in ["", "waiting", "active;expires=x"] {
            assert_eq!(told(other), says(Active, None, None), "{other}");
        }
    }
}
