//! `application/simple-message-summary`: how many messages wait. RFC 3842 §5.2.

use crate::{Expected, ParseError};
use sip_syntax::Cursor;
use std::fmt;

/// Classes of messages that are counted apart: RFC 3458 §6.2 names fewer.
const MAX_CLASSES: usize = 16;

/// What a mailbox says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageSummary {
    /// Whether messages wait.
    pub waiting: bool,
    /// Whose mailbox it is, or where it is listened to: a URI, as it says.
    pub account: Option<String>,
    /// What it counts, by class, in its order; it need not count at all.
    pub counts: Vec<Count>,
}

/// The messages of one class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// The class in lower case, such as `voice-message`.
    pub class: String,
    /// New ones, urgent ones included.
    pub new: u32,
    /// Old ones, urgent ones included.
    pub old: u32,
    /// New and old ones that are urgent, where that is told.
    pub urgent: Option<(u32, u32)>,
}

impl MessageSummary {
    /// The event package.
    pub const EVENT: &str = "message-summary";
    /// The media type.
    pub const MEDIA_TYPE: &str = "application/simple-message-summary";

    /// Reads a body. Lines that are of no class that counts, and what follows an empty line, are
    /// passed over.
    ///
    /// # Errors
    /// Where it does not say whether messages wait, or a count is none; the offset is that of the
    /// line.
    pub fn parse(body: &[u8]) -> Result<Self, ParseError> {
        let mut summary = Self::default();
        let mut said = false;
        let mut at = 0;
        for line in body.split_inclusive(|octet| *octet == b'\n') {
            let text = line.trim_ascii();
            if text.is_empty() {
                break;
            }
            let read = summary.read(text).map_err(|error| error.within(at))?;
            said |= read;
            at += line.len();
        }
        if said { Ok(summary) } else { Err(ParseError::new(at, Expected::Token)) }
    }

    /// Reads a line; whether it says that messages wait, or that none do.
    fn read(&mut self, line: &[u8]) -> Result<bool, ParseError> {
        let mut cursor = Cursor::new(line);
        let name = cursor.token()?.to_ascii_lowercase();
        cursor.separator(b':')?;
        match name.as_slice() {
            b"messages-waiting" => {
                self.waiting = match cursor.token()? {
                    word if word.eq_ignore_ascii_case(b"yes") => true,
                    word if word.eq_ignore_ascii_case(b"no") => false,
                    _ => return Err(cursor.error(Expected::Token)),
                };
                return Ok(true);
            }
            b"message-account" => {
                self.account = Some(String::from_utf8_lossy(cursor.rest()).into_owned());
            }
            class if class.ends_with(b"-message") && self.counts.len() < MAX_CLASSES => {
                self.counts.push(Count::read(class, &mut cursor)?);
            }
            _ => {}
        }
        Ok(false)
    }

    /// The messages of a class, such as `voice-message`.
    pub fn count(&self, class: &str) -> Option<&Count> {
        self.counts.iter().find(|count| count.class == class)
    }
}

impl Count {
    /// `newmsgs SLASH oldmsgs [ LPAREN new-urgentmsgs SLASH old-urgentmsgs RPAREN ]`.
    fn read(class: &[u8], cursor: &mut Cursor<'_>) -> Result<Self, ParseError> {
        let (new, old) = pair(cursor)?;
        let mut urgent = None;
        if cursor.eat_separator(b'(') {
            urgent = Some(pair(cursor)?);
            cursor.separator(b')')?;
        }
        let class = String::from_utf8_lossy(class).into_owned();
        Ok(Self { class, new, old, urgent })
    }
}

impl fmt::Display for Count {
    /// For example `2 new and 8 old messages`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} new and {} old messages", self.new, self.old)
    }
}

fn pair(cursor: &mut Cursor<'_>) -> Result<(u32, u32), ParseError> {
    let one = number(cursor)?;
    cursor.separator(b'/')?;
    Ok((one, number(cursor)?))
}

fn number(cursor: &mut Cursor<'_>) -> Result<u32, ParseError> {
    let number = cursor.number(u64::from(u32::MAX))?;
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3842 §3.5 and §5.2.
    #[test]
    fn a_summary_is_read_with_its_counts() {
        let body = "Messages-Waiting: yes\r\n\
                    Message-Account: sip:alice@vmail.example.com\r\n\
                    Voice-Message: 2/8 (0/2)\r\n\
                    fax-message : 1/0\r\n\
                    X-Else: whatever\r\n\
                    \r\n\
                    To: <alice@atlanta.example.com>\r\n";
        let summary = MessageSummary::parse(body.as_bytes()).unwrap();
        assert!(summary.waiting);
        assert_eq!(summary.account.as_deref(), Some("sip:alice@vmail.example.com"));
        let voice = summary.count("voice-message").unwrap();
        assert_eq!((voice.new, voice.old, voice.urgent), (2, 8, Some((0, 2))));
        assert_eq!(voice.to_string(), "2 new and 8 old messages");
        assert_eq!(summary.count("fax-message").map(|it| (it.new, it.old)), Some((1, 0)));
        assert_eq!(summary.counts.len(), 2);
        let none = MessageSummary::parse(b"messages-waiting: NO").unwrap();
        assert_eq!(none, MessageSummary::default());
    }

    #[test]
    fn what_does_not_say_whether_messages_wait_is_no_summary() {
        for bad in [
            "",
            "\r\nMessages-Waiting: yes\r\n",
            "Voice-Message: 2/8\r\n",
            "Messages-Waiting: perhaps\r\n",
            "Messages-Waiting\r\n",
            "Messages-Waiting: yes\r\nVoice-Message: 2\r\n",
            "Messages-Waiting: yes\r\nVoice-Message: 4294967296/0\r\n",
            "Messages-Waiting: yes\r\nVoice-Message: 1/2 (3/4\r\n",
        ] {
            assert!(MessageSummary::parse(bad.as_bytes()).is_err(), "{bad:?}");
        }
        let many = "a-message: 1/1\r\n".repeat(1000) + "Messages-Waiting: yes\r\n";
        assert_eq!(MessageSummary::parse(many.as_bytes()).unwrap().counts.len(), MAX_CLASSES);
    }
}
