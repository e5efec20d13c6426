//! PeerReason a call ends, as its sides tell each other: Reason in a BYE. RFC 3326.

use super::causes;
use super::events::Outcome;
use super::said::quoted;
use super::shared::Shared;
use crate::record::clean;
use sip_core::Fields;
use sip_core::manager::{CallId, Misuse, PeerReason};

impl Shared {
    /// Hangs up for this reason, and tells the peer of a call that is up.
    ///
    /// # Errors
    /// [`Misuse::Unknown`]: the call is over already.
    pub(super) fn hang_up_for(&self, id: CallId, why: &Outcome) -> Result<(), Misuse> {
        self.endpoint.hang_up_with(id, fields(why))
    }
}

fn fields(why: &Outcome) -> Fields {
    let fields = Fields::default();
    // What stands below is one line.
    reason(why).and_then(|reason| fields.with("Reason", reason).ok()).unwrap_or_default()
}

/// What the BYE of a call says that ends so, unless the user ends it. The words are ours alone: what
/// went wrong here in particular, the peer is not told.
const fn reason(why: &Outcome) -> Option<&'static str> {
    Some(match why {
        // RFC 3326 §3.2: as an offer that came in a response, and is refused.
        Outcome::Media(_) => "SIP;cause=488;text=\"no media could be agreed on or started\"",
        Outcome::NoWay => "SIP;cause=488;text=\"no way was found for the media, or it was lost\"",
        Outcome::NotKeyed(_) => "SIP;cause=488;text=\"the handshake for the media's keys failed\"",
        Outcome::NoMedia => "SIP;cause=408;text=\"no media came any more\"",
        // No status says this.
        Outcome::KeyExhausted => "SIP;text=\"the media key is used up\"",
        Outcome::Ended(_)
        | Outcome::Explained(_)
        | Outcome::Failed(_)
        | Outcome::Unreachable(_)
        | Outcome::Unbelieved
        | Outcome::Refused(_) => return None,
    })
}

/// What a peer says why it hangs up, for the user: controls are escaped, at most 400 characters are
/// shown of each value, and nobody ends the quotation but us. `None` where it says no more than that it
/// hangs up.
pub(super) fn in_words(why: &[PeerReason]) -> Option<String> {
    let telling: Vec<_> = why.iter().filter(|why| !is_clearing(why)).map(one_in_words).collect();
    (!telling.is_empty()).then(|| telling.join("; "))
}

/// Normal call clearing, as PBXs say it of each call: 16 of ITU-T Q.850, 200 of SIP.
fn is_clearing(why: &PeerReason) -> bool {
    let is_of = |protocol| why.protocol.eq_ignore_ascii_case(protocol);
    match why.cause {
        Some(16) => is_of("Q.850"),
        Some(200) => is_of("SIP"),
        _ => false,
    }
}

fn one_in_words(why: &PeerReason) -> String {
    let protocol = clean(&why.protocol);
    let cause = match why.cause {
        Some(status) if why.protocol.eq_ignore_ascii_case("SIP") => causes::in_words(status),
        Some(cause) => format!("{protocol} {cause}"),
        None => protocol,
    };
    match &why.text {
        Some(text) => format!("{} ({cause})", quoted(&clean(text))),
        None => cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_core::manager::EndReason;
    use sip_core::{Limits, Message};

    fn why(protocol: &str, cause: Option<u16>, text: Option<&str>) -> PeerReason {
        PeerReason { protocol: protocol.to_owned(), cause, text: text.map(str::to_owned) }
    }

    #[test]
    fn what_a_peer_says_is_quoted_escaped_and_has_an_end() {
        let told = |why: &[PeerReason]| in_words(why).unwrap();
        let media = why("SIP", Some(488), Some("no \"codec\"\u{202e}\x1b[2J"));
        assert_eq!(
            told(&[media]),
            r#""no \"codec\"\\u{202e}\\u{1b}[2J" (488 Not Acceptable Here)"#
        );
        assert_eq!(told(&[why("Q.850", Some(38), None)]), "Q.850 38");
        assert_eq!(told(&[why("sip", Some(480), None)]), "480 Temporarily Unavailable");
        let two = [why("X.y", None, None), why("SIP", None, Some("a"))];
        assert_eq!(told(&two), "X.y; \"a\" (SIP)");
        let long = why(&"p".repeat(1_000), None, Some(&"x".repeat(1_000)));
        assert_eq!(told(&[long]).chars().count(), 2 * 401 + "\"\" ()".len());
    }

    #[test]
    fn that_a_peer_hangs_up_is_no_reason_why() {
        let clearing = || why("q.850", Some(16), Some("Normal call clearing"));
        assert_eq!(in_words(&[clearing(), why("SIP", Some(200), None)]), None);
        let told = in_words(&[clearing(), why("SIP", Some(16), None)]);
        assert!(told.is_some_and(|told| !told.contains("clearing")));
    }

    #[test]
    fn a_peer_is_told_why_unless_a_user_ends_the_call_and_nothing_particular() {
        for (why, cause) in [
            (Outcome::Media("/home/alice/said.wav: no such file".to_owned()), Some(488)),
            (Outcome::NoWay, Some(488)),
            (Outcome::NotKeyed(ssm::Refused::Fingerprint), Some(488)),
            (Outcome::NoMedia, Some(408)),
            (Outcome::KeyExhausted, None),
        ] {
            let bye = format!("BYE sip:b@h SIP/2.0\r\nReason: {}\r\n\r\n", reason(&why).unwrap());
            let bye = Message::parse(bye.into_bytes().into(), &Limits::default()).unwrap();
            let [said] = bye.reasons().map(Result::unwrap).collect::<Vec<_>>()[..] else {
                panic!("{bye:?}")
            };
            assert_eq!((said.protocol, said.cause), (&b"SIP"[..], cause));
            let text = said.params.text("text").unwrap().octets().collect::<Vec<_>>();
            assert!(text.starts_with(b"no ") || text.starts_with(b"the "), "{text:?}");
        }
        assert_eq!(reason(&Outcome::Ended(EndReason::Local)), None);
        assert_eq!(reason(&Outcome::Refused(486)), None);
    }
}
