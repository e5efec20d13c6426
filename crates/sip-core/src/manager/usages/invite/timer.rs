//! How long a session lasts, and who refreshes it: what requests ask for and responses say. RFC 4028.

use crate::headers::leading_seconds;
use crate::manager::serving::Reply;
use crate::{HeaderName, Message};
use sip_syntax::{Cursor, Params};
use std::time::Duration;

/// The shortest session in seconds, which a request that is not lost twice keeps alive. RFC 4028 §4.
const LEAST: u32 = 90;

/// How long before a session's end it is given up at most. RFC 4028 §10.
const AHEAD: Duration = Duration::from_secs(32);

/// How long a session lasts without a refresh, and whose it is to send one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SessionTimer {
    /// In seconds.
    expires: u32,
    ours: bool,
}

impl SessionTimer {
    /// What a peer's request is answered with; none where it asks for no timer. RFC 4028 §9.
    ///
    /// # Errors
    /// A session that is too short, from a peer that can ask for a longer one: [`too_short`].
    pub(super) fn of_request(request: &Message) -> Result<Option<Self>, ()> {
        let Some((expires, refresher)) = read(request) else { return Ok(None) };
        let supported = supports(request);
        if expires < LEAST && supported {
            return Err(());
        }
        // A peer that knows no timers refreshes nothing; others do unless they ask us to.
        let ours = !supported || refresher == Some(b"uas");
        Ok(Some(Self { expires: expires.max(LEAST), ours }))
    }

    /// What a 2xx to a request of ours says. RFC 4028 §7.2.
    pub(super) fn of_response(response: &Message) -> Option<Self> {
        let (expires, refresher) = read(response)?;
        Some(Self { expires: expires.max(LEAST), ours: refresher != Some(b"uas") })
    }

    /// What a request of ours asked for, where its 2xx says nothing: then the session is refreshed
    /// by us. RFC 4028 §7.2.
    pub(super) fn of_sent(request: &Message) -> Option<Self> {
        let (expires, _) = read(request)?;
        Some(Self { expires, ours: true })
    }

    /// The field of an INVITE that asks for a session this long. Who refreshes it, the callee says.
    pub(super) fn asked_for(expires: Duration) -> (&'static str, Vec<u8>) {
        let seconds = expires.as_secs().max(LEAST.into());
        ("Session-Expires", seconds.to_string().into_bytes())
    }

    /// When the session is given up, and when it is to be refreshed where that is ours to do.
    /// RFC 4028 §10.
    pub(super) fn due(self) -> (Duration, Option<Duration>) {
        let expires = Duration::from_secs(self.expires.into());
        let end = expires.saturating_sub(AHEAD.min(expires / 3));
        (end, self.ours.then_some(expires / 2))
    }

    /// The fields of our 2xx.
    pub(super) fn answer(self, request: &Message) -> Vec<(&'static str, Vec<u8>)> {
        let refresher = if self.ours { "uas" } else { "uac" };
        let value = format!("{};refresher={refresher}", self.expires);
        let mut fields = vec![("Session-Expires", value.into_bytes())];
        if supports(request) {
            fields.push(("Require", b"timer".to_vec()));
        }
        fields
    }

    /// The fields of a request of ours in the session.
    pub(super) fn request(self) -> [(&'static str, Vec<u8>); 2] {
        let refresher = if self.ours { "uac" } else { "uas" };
        let value = format!("{};refresher={refresher}", self.expires);
        [("Supported", b"timer".to_vec()), ("Session-Expires", value.into_bytes())]
    }
}

/// 422, and what is long enough. RFC 4028 §6.
pub(super) fn too_short() -> Reply {
    let mut reply = Reply::new(422);
    reply.fields.push(("Min-SE", LEAST.to_string().into_bytes()));
    reply
}

/// Session-Expires: its seconds, and who is to refresh.
fn read(message: &Message) -> Option<(u32, Option<&[u8]>)> {
    let mut cursor = Cursor::new(message.header(HeaderName::SessionExpires)?);
    let seconds = leading_seconds(&mut cursor).ok()?;
    let params = Params::read(&mut cursor).unwrap_or_default();
    Some((seconds, params.value("refresher")))
}

fn supports(message: &Message) -> bool {
    message.has_token(HeaderName::Supported, "timer")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn message(fields: &str) -> Message {
        let text = format!("INVITE sip:b@192.0.2.2 SIP/2.0\r\n{fields}\r\n");
        Message::parse(text.into_bytes().into(), &Limits::default()).unwrap()
    }

    #[test]
    fn who_refreshes_is_whom_the_request_names_or_who_sent_it() {
        let timer = |fields: &str| {
            let message = message(fields);
            SessionTimer::of_request(&message).map(|it| it.map(|it| (it.expires, it.ours)))
        };
        const TIMER: &str = "Supported: timer\r\n";
        let with = |value: &str| format!("{TIMER}Session-Expires: {value}\r\n");
        assert_eq!(timer(""), Ok(None));
        assert_eq!(timer(TIMER), Ok(None));
        assert_eq!(timer(&with("1800")), Ok(Some((1800, false))));
        assert_eq!(timer(&with("1800;refresher=uac")), Ok(Some((1800, false))));
        assert_eq!(timer(&with("1800 ; refresher=uas")), Ok(Some((1800, true))));
        assert_eq!(timer("x: 1800\r\n"), Ok(Some((1800, true))), "a proxy asks for it");
        assert_eq!(timer(&with("x")), Ok(None));
    }

    #[test]
    fn d10_a_session_that_is_too_short_is_refused_or_made_longer() {
        let short = "Session-Expires: 89\r\n";
        assert_eq!(SessionTimer::of_request(&message(&format!("k: timer\r\n{short}"))), Err(()));
        let longer = SessionTimer { expires: LEAST, ours: true };
        assert_eq!(SessionTimer::of_request(&message(short)), Ok(Some(longer)));
    }
}
