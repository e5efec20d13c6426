//! Which subscription a NOTIFY is of: the value of Event. RFC 6665 §8.2.1.

use crate::{HeaderName, Message};
use sip_syntax::{Cursor, Params};

/// An event package, and the id that tells its subscriptions in one dialog apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::manager) struct EventType {
    package: Box<[u8]>,
    id: Option<Box<[u8]>>,
}

impl EventType {
    /// One of this package, with this id where there is one.
    pub(in crate::manager) fn new(package: &str, id: Option<&str>) -> Self {
        let boxed = |text: &str| text.as_bytes().into();
        Self { package: boxed(package), id: id.map(boxed) }
    }

    /// What a value of Event says; `None` where it is no such value.
    pub(in crate::manager) fn parse(value: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(value);
        let package = cursor.token().ok()?.into();
        let params = Params::read(&mut cursor).ok()?;
        cursor.end().ok()?;
        Some(Self { package, id: params.value("id").map(Into::into) })
    }

    /// What a message's Event says.
    pub(in crate::manager) fn of(message: &Message) -> Option<Self> {
        Self::parse(message.header(HeaderName::Event)?)
    }

    /// The package's name.
    pub(in crate::manager) fn package(&self) -> &[u8] {
        &self.package
    }

    /// As Event says it.
    pub(in crate::manager) fn value(&self) -> Vec<u8> {
        match &self.id {
            Some(id) => [&*self.package, b";id=", id].concat(),
            None => self.package.to_vec(),
        }
    }

    /// Whether both name the same package.
    pub(in crate::manager) fn is_of(&self, other: &Self) -> bool {
        self.package.eq_ignore_ascii_case(&other.package)
    }

    /// Whether both are of one subscription.
    pub(in crate::manager) fn is(&self, other: &Self) -> bool {
        self.is_of(other) && self.id == other.id
    }

    /// The id, where it says one.
    pub(in crate::manager) fn id(&self) -> Option<&[u8]> {
        self.id.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_with_an_id_never_is_one_without() {
        let read = |value: &str| EventType::parse(value.as_bytes()).unwrap();
        assert!(read("presence").is(&read("presence")));
        assert!(read("presence;id=7").is(&read("Presence ; x=y; id=7")));
        for other in ["presence", "presence;id=8", "presence.winfo;id=7", "dialog;id=7"] {
            assert!(!read("presence;id=7").is(&read(other)), "{other}");
        }
        assert_eq!(read("dialog;id=7").value(), b"dialog;id=7");
        for bad in ["", ";id=7", "two words", "a, b", "a;id=\r\nX: y"] {
            assert_eq!(EventType::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
