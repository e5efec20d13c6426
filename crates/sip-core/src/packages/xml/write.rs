//! From values to octets.

use super::{Root, is_allowed};
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// A document that is being written.
pub(in crate::packages) struct Writer(quick_xml::Writer<Vec<u8>>);

/// An attribute; one without a value is not written.
pub(in crate::packages) type Attribute<'a> = (&'a str, Option<&'a str>);

impl Writer {
    /// A document whose outermost element has these attributes and this content.
    pub(in crate::packages) fn document(
        (namespace, name): Root, attributes: &[Attribute<'_>], content: impl FnOnce(&mut Self),
    ) -> Vec<u8> {
        let mut writer = Self(quick_xml::Writer::new(Vec::new()));
        writer.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let all = [&[("xmlns", Some(namespace))], attributes].concat();
        writer.element(name, &all, content);
        writer.0.into_inner()
    }

    /// An element with this content.
    pub(in crate::packages) fn element(
        &mut self, name: &str, attributes: &[Attribute<'_>], content: impl FnOnce(&mut Self),
    ) {
        let mut tag = BytesStart::new(name);
        for (name, value) in attributes {
            if let Some(value) = value {
                tag.push_attribute((*name, allowed(value).as_str()));
            }
        }
        self.event(Event::Start(tag));
        content(self);
        self.event(Event::End(BytesEnd::new(name)));
    }

    /// An element with this text.
    pub(in crate::packages) fn leaf(&mut self, name: &str, of: &[Attribute<'_>], text: &str) {
        self.element(name, of, |it| it.event(Event::Text(BytesText::new(&allowed(text)))));
    }

    fn event(&mut self, event: Event<'_>) {
        // Memory takes whatever is written.
        drop(self.0.write_event(event));
    }
}

/// A text with U+FFFD in place of the characters that no document may have.
fn allowed(text: &str) -> String {
    text.chars().map(|it| if is_allowed(it) { it } else { char::REPLACEMENT_CHARACTER }).collect()
}
