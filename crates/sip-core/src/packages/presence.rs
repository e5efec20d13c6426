//! `presence`: whether somebody can be reached, as `application/pidf+xml`. RFC 3856, RFC 3863.
//!
//! Each document tells all. What extends it (RPID and others) is passed over.

use super::priority::Priority;
use super::xml::{DocumentError, Element, Root, Writer, read, value, word};

/// The namespace and the outermost element.
const ROOT: Root = ("urn:ietf:params:xml:ns:pidf", "presence");

/// What is told of somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// The URI of whom it is told.
    pub entity: String,
    /// The means of reaching them.
    pub tuples: Vec<Tuple>,
    /// What is noted of them, for people.
    pub notes: Vec<Note>,
}

/// A means of reaching somebody. RFC 3863 §4.1.2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tuple {
    /// What it is named by.
    pub id: String,
    /// Whether it is open, where that is told.
    pub basic: Option<Basic>,
    /// Its address.
    pub contact: Option<Contact>,
    /// What is noted of it, for people.
    pub notes: Vec<Note>,
    /// When its status changed, as RFC 3339 writes it; what is written there is not looked at.
    pub timestamp: Option<String>,
}

/// Whether somebody can be reached. RFC 3863 §4.1.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basic {
    /// They can be.
    Open,
    /// They cannot be.
    Closed,
}

/// An address. RFC 3863 §4.1.5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The URI.
    pub uri: String,
    /// How much it is preferred; `None`: less than all others.
    pub priority: Option<Priority>,
}

/// A note for people. RFC 3863 §4.1.6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The text, without white space around it.
    pub text: String,
    /// Its language, such as `en`.
    pub lang: Option<String>,
}

const BASIC: &[(Basic, &str)] = &[(Basic::Open, "open"), (Basic::Closed, "closed")];

impl Basic {
    /// The status in its word.
    pub fn word(self) -> &'static str {
        word(self, BASIC)
    }
}

impl Presence {
    /// The event package.
    pub const EVENT: &str = "presence";
    /// The media type.
    pub const MEDIA_TYPE: &str = "application/pidf+xml";

    /// Reads a body.
    ///
    /// # Errors
    /// It is no such document, or longer or deeper than may be.
    pub fn parse(body: &[u8]) -> Result<Self, DocumentError> {
        let root = read(body, ROOT)?;
        Ok(Self {
            entity: root.required("entity")?.to_owned(),
            tuples: root.all("tuple").map(Tuple::read).collect::<Result<_, _>>()?,
            notes: root.all("note").map(Note::read).collect(),
        })
    }

    /// The body. Characters that no document may have, control characters mostly, are U+FFFD there.
    pub fn to_body(&self) -> Vec<u8> {
        Writer::document(ROOT, &[("entity", Some(&self.entity))], |document| {
            self.tuples.iter().for_each(|tuple| tuple.write(document));
            self.notes.iter().for_each(|note| note.write(document));
        })
    }
}

impl Tuple {
    fn read(element: &Element) -> Result<Self, DocumentError> {
        let basic = element.element("status")?.first("basic");
        let basic = basic.map(|it| value(it.at(), it.text(), BASIC, "`open` or `closed`"));
        Ok(Self {
            id: element.required("id")?.to_owned(),
            basic: basic.transpose()?,
            contact: element.first("contact").map(Contact::read),
            notes: element.all("note").map(Note::read).collect(),
            timestamp: element.first("timestamp").map(|it| it.text().to_owned()),
        })
    }

    fn write(&self, document: &mut Writer) {
        document.element("tuple", &[("id", Some(&self.id))], |document| {
            document.element("status", &[], |document| {
                if let Some(basic) = self.basic {
                    document.leaf("basic", &[], basic.word());
                }
            });
            if let Some(contact) = &self.contact {
                contact.write(document);
            }
            self.notes.iter().for_each(|note| note.write(document));
            if let Some(timestamp) = &self.timestamp {
                document.leaf("timestamp", &[], timestamp);
            }
        });
    }
}

impl Contact {
    /// A priority that is none is as if it was not there. RFC 3863 §4.1.5.
    fn read(element: &Element) -> Self {
        let priority = element.attribute("priority").and_then(Priority::read);
        Self { uri: element.text().to_owned(), priority }
    }

    fn write(&self, document: &mut Writer) {
        let priority = self.priority.map(|it| it.to_string());
        document.leaf("contact", &[("priority", priority.as_deref())], &self.uri);
    }
}

impl Note {
    fn read(element: &Element) -> Self {
        Self { text: element.text().to_owned(), lang: element.owned("xml:lang") }
    }

    fn write(&self, document: &mut Writer) {
        document.leaf("note", &[("xml:lang", self.lang.as_deref())], &self.text);
    }
}
