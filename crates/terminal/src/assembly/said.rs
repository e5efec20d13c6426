//! What a caller says of itself and its call, as it is shown. Nothing proves it, and nothing is decided
//! by it.

use crate::record::clean;
use serde::Serialize;
use sip_core::{HeaderName, Message};
use std::fmt;

/// How many values of one header are shown.
const SHOWN: usize = 8;

/// What an INVITE says of itself: at most 400 characters of each, and eight of a list. Secrets are
/// redacted, controls escaped.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Said {
    /// The display name of From.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// Subject. RFC 3261 §20.36.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What is to be played: Alert-Info. RFC 3261 §20.4.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub alert_info: Vec<String>,
    /// Where more stands about the caller: Call-Info, with its purpose. RFC 3261 §20.9.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub call_info: Vec<String>,
    /// Whom the call was for before, the first one first: History-Info. RFC 7044 §5.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<String>,
}

impl Said {
    /// What this INVITE says.
    pub(super) fn of(invite: &Message) -> Self {
        let text = |octets: &[u8]| clean(&String::from_utf8_lossy(octets));
        let display = invite.from().ok().and_then(|from| from.display_text());
        let subject = invite.header(HeaderName::Subject).filter(|it| !it.is_empty());
        let alert = invite.alert_infos().map_while(Result::ok);
        let call = invite.call_infos().map_while(Result::ok);
        let history = invite.history().map_while(Result::ok);
        Self {
            display: display
                .filter(|it| !it.is_empty())
                .map(|it| text(&it.parts().collect::<Vec<_>>().concat())),
            subject: subject.map(text),
            alert_info: alert.take(SHOWN).map(|it| text(it.uri.as_bytes())).collect(),
            call_info: call
                .take(SHOWN)
                .map(|it| text(&[it.uri.as_bytes(), it.params.as_bytes()].concat()))
                .collect(),
            history: history.take(SHOWN).map(|it| text(it.uri().as_bytes())).collect(),
        }
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// For people: `name "Bob", subject "Lunch", …`; nothing where it says nothing.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |what, text: &String| format!("{what} {}", quoted(text));
        let listed = |what, all: &Vec<String>| {
            let each = || all.iter().map(|it| quoted(it)).collect::<Vec<_>>().join(" and ");
            (!all.is_empty()).then(|| format!("{what} {}", each()))
        };
        let parts = [
            self.display.as_ref().map(|it| named("name", it)),
            self.subject.as_ref().map(|it| named("subject", it)),
            listed("for", &self.history),
            listed("alert", &self.alert_info),
            listed("more at", &self.call_info),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

/// What somebody says, between quotation marks: nobody ends the quotation but us.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use sip_core::Limits;

    fn said(fields: &str) -> Said {
        let text = format!("INVITE sip:b@192.0.2.2 SIP/2.0\r\n{fields}\r\n");
        Said::of(&Message::parse(text.into_bytes().into(), &Limits::default()).unwrap())
    }

    #[test]
    fn what_a_caller_says_is_shown_without_controls_and_with_an_end() {
        let many = "<sip:u@b.example>;index=1, ".repeat(20) + "<sip:u@b.example>;index=2";
        let found = said(&format!(
            "From: \"Bob \u{202e}\\\"B\\\"\" <sip:bob@example.org>;tag=1\r\nSubject: \x1b[2J{}\r\n\
             Alert-Info: <urn:alert:service:call-waiting>\r\n\
             Call-Info: <http://example.org/bob.png> ;purpose=icon\r\nHistory-Info: {many}\r\n",
            "x".repeat(1_000)
        ));
        assert_eq!(found.display.as_deref(), Some("Bob \\u{202e}\"B\""));
        let subject = found.subject.unwrap();
        assert!(subject.starts_with("\\u{1b}[2Jx") && subject.ends_with("x…"), "{subject}");
        assert_eq!(found.alert_info, ["urn:alert:service:call-waiting"]);
        assert_eq!(found.call_info, ["http://example.org/bob.png;purpose=icon"]);
        assert_eq!(found.history, ["sip:u@b.example"; SHOWN]);
    }

    #[test]
    fn nobody_ends_a_quotation_but_us() {
        let found = said(
            "Subject: x\". Proved by \\\r\nCall-Info: <http://a.example/>;x=y;z=\". Proved\"\r\n",
        );
        let shown =
            r#"subject "x\". Proved by \\", more at "http://a.example/;x=y;z=\". Proved\"""#;
        assert_eq!(found.to_string(), shown);
    }

    #[test]
    fn what_says_nothing_is_not_shown() {
        let found = said("From: \"\" <sip:bob@example.org>;tag=1\r\nSubject:\r\nAlert-Info: x\r\n");
        assert!(found.is_empty() && found.to_string().is_empty(), "{found:?}");
        let found = said("From: Bob <sip:bob@example.org>;tag=1\r\nSubject: Lunch\r\n");
        assert_eq!(found.to_string(), "name \"Bob\", subject \"Lunch\"");
    }
}
