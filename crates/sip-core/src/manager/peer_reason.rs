//! PeerReason a peer says that it hangs up. RFC 3326.

use crate::{Message, Reason};
use std::fmt;

/// How many values are told of.
const MOST: usize = 4;

/// One value of the Reason in a BYE, as the peer says it: nobody vouches for it.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerReason {
    /// Whose cause it is: `SIP`, `Q.850`, or another's.
    pub protocol: String,
    /// The cause: of SIP a status, of Q.850 a number of its own.
    pub cause: Option<u16>,
    /// What it says in words.
    pub text: Option<String>,
}

impl PeerReason {
    /// What a request says, in order: four values at most, and none behind one that cannot be read.
    pub(super) fn of(request: &Message) -> Vec<Self> {
        request.reasons().map_while(Result::ok).take(MOST).map(Self::read).collect()
    }

    fn read(reason: Reason<'_>) -> Self {
        let text = reason.params.text("text").filter(|text| !text.is_empty());
        Self {
            protocol: String::from_utf8_lossy(reason.protocol).into_owned(),
            cause: reason.cause,
            text: text.map(|text| {
                String::from_utf8_lossy(&text.octets().collect::<Vec<_>>()).into_owned()
            }),
        }
    }
}

impl fmt::Debug for PeerReason {
    /// Prints no words: what peers write is theirs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.protocol, self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn told(fields: &str) -> Vec<(String, Option<u16>, Option<String>)> {
        let text = format!("BYE sip:b@192.0.2.2 SIP/2.0\r\n{fields}\r\n");
        let message = Message::parse(text.into_bytes().into(), &Limits::default()).unwrap();
        PeerReason::of(&message).into_iter().map(|it| (it.protocol, it.cause, it.text)).collect()
    }

    fn one(
        protocol: &str, cause: Option<u16>, text: Option<&str>,
    ) -> (String, Option<u16>, Option<String>) {
        (protocol.to_owned(), cause, text.map(str::to_owned))
    }

    /// The examples of RFC 3326 §2, and what its grammar allows besides.
    #[test]
    fn each_value_is_read_and_what_cannot_be_is_left_out() {
        let both = "Reason: SIP ;cause=580 ;text=\"Precondition Failure\"\r\n\
                    Reason: Q.850 ;cause=16 ;text=\"Terminated\"\r\n";
        assert_eq!(
            told(both),
            [
                one("SIP", Some(580), Some("Precondition Failure")),
                one("Q.850", Some(16), Some("Terminated"))
            ]
        );
        let bare = "Reason: X.y, SIP;text=\"a \\\"b\\\"\";text=c, SIP;cause=1;text=\"\"\r\n";
        let read =
            [one("X.y", None, None), one("SIP", None, Some("a \"b\"")), one("SIP", Some(1), None)];
        assert_eq!(told(bare), read);
        for nothing in ["", "Reason:\r\n", "Reason: SIP;cause=x\r\n", "Reason: SIP;cause=70000\r\n"]
        {
            assert_eq!(told(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn no_more_are_told_than_somebody_would_read() {
        assert_eq!(told(&"Reason: SIP;cause=200\r\n".repeat(50)).len(), MOST);
    }
}
