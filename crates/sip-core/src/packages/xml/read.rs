//! From octets to elements, within limits.

use super::element::Element;
use super::error::{DocumentError, Wanted};
use super::{Root, is_allowed};
use crate::Limits;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};
use quick_xml::reader::NsReader;

/// Elements within elements at most, those of other namespaces included.
const DEEPEST: usize = 32;
/// Elements of a document at most, those of other namespaces included.
const ELEMENTS: usize = 1_024;
/// Attributes of an element at most.
const ATTRIBUTES: usize = 32;
/// Declarations of namespaces that hold at one place, at most.
const NAMESPACES: usize = 32;

/// The namespace of `xml:lang`, whose prefix is never declared.
const XML: Namespace<'static> = Namespace("http://www.w3.org/XML/1998/namespace");

/// Reads a document of a namespace whose outermost element has this name.
///
/// # Errors
/// It is longer or deeper than may be, no UTF-8, not well-formed, has a document type, or is another
/// one.
pub(in crate::packages) fn read(body: &[u8], root: Root) -> Result<Element, DocumentError> {
    if body.len() > Limits::default().body {
        return Err(too_much(0, "no more than 64 KiB", body.len()));
    }
    let text = std::str::from_utf8(body).map_err(|why| {
        DocumentError::telling(why.valid_up_to(), Wanted::Words("UTF-8"), "other octets")
    })?;
    check(text, 0)?;
    let mut xml = NsReader::from_str(text);
    xml.config_mut().enable_all_checks(true);
    xml.resolver_mut().set_max_namespace_bindings(NAMESPACES);
    let mut reading =
        Reading { root, xml, at: 0, elements: 0, open: Vec::new(), passed: 0, done: None };
    while reading.on_event()? {}
    let missing = || DocumentError::telling(text.len(), Wanted::Element(root.1), "the end");
    reading.done.ok_or_else(missing)
}

/// A document that is being read.
struct Reading<'a> {
    root: Root,
    xml: NsReader<&'a [u8]>,
    /// Where the last event began.
    at: usize,
    elements: usize,
    /// Elements that are open, the outermost first.
    open: Vec<Element>,
    /// Open elements that are passed over, all within the last of `open`.
    passed: usize,
    /// The outermost element, once it is closed.
    done: Option<Element>,
}

impl Reading<'_> {
    /// Takes the next event; whether there are more.
    fn on_event(&mut self) -> Result<bool, DocumentError> {
        self.at = octets(self.xml.buffer_position());
        let event = self.xml.read_event().map_err(|why| {
            let at = octets(self.xml.error_position());
            DocumentError::telling(at, Wanted::Words("well-formed XML"), &why.to_string())
        })?;
        match event {
            Event::Start(tag) => self.on_start(&tag)?,
            Event::Empty(tag) => {
                self.on_start(&tag)?;
                self.on_end();
            }
            Event::End(_) => self.on_end(),
            Event::Text(text) => self.on_text(&text.xml10_content())?,
            Event::CData(text) => self.on_text(&text.xml10_content())?,
            Event::GeneralRef(reference) => self.on_reference(&reference)?,
            Event::Decl(declaration) => self.on_declaration(&declaration)?,
            Event::DocType(_) => return Err(self.telling("no document type", "one")),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof if self.open.is_empty() => return Ok(false),
            Event::Eof => return Err(self.telling("the end of each element", "the end")),
        }
        Ok(true)
    }

    fn on_start(&mut self, tag: &BytesStart<'_>) -> Result<(), DocumentError> {
        self.elements += 1;
        if self.elements > ELEMENTS {
            return Err(too_much(self.at, "no more than 1024 elements", self.elements));
        }
        if self.open.len() + self.passed >= DEEPEST {
            return Err(self.telling("elements no deeper than 32", "one more"));
        }
        if self.done.is_some() {
            return Err(DocumentError::quoting(self.at, Wanted::Words("the end"), tag.name().0));
        }
        // The library lets it be part of a name or a value.
        if tag.contains('<') {
            return Err(self.telling("well-formed XML", "`<` in a tag"));
        }
        let (namespace, name) = self.xml.resolver().resolve_element(tag.name());
        let is_ours = namespace == ResolveResult::Bound(Namespace(self.root.0));
        self.check_prefix(&namespace)?;
        if self.open.is_empty() && !(is_ours && name.as_ref() == self.root.1) {
            return Err(self.of_another(tag, &namespace));
        }
        let attributes = self.attributes(tag)?;
        if is_ours && self.passed == 0 {
            let name = name.as_ref().to_owned();
            self.open.push(Element { name, at: self.at, attributes, ..Element::default() });
        } else {
            self.passed += 1;
        }
        Ok(())
    }

    /// That the document is another one.
    fn of_another(&self, tag: &BytesStart<'_>, namespace: &ResolveResult<'_>) -> DocumentError {
        let error = DocumentError::quoting(self.at, Wanted::Element(self.root.1), tag.name().0);
        let of = match namespace {
            ResolveResult::Bound(Namespace(uri)) if *uri == self.root.0 => return error,
            ResolveResult::Bound(Namespace(uri)) => {
                DocumentError::quoting(0, error.expected, uri).found
            }
            ResolveResult::Unbound | ResolveResult::Unknown(_) => "none".to_owned(),
        };
        DocumentError { found: format!("{} of the namespace {of}", error.found), ..error }
    }

    /// The attributes that count. All are looked at, so that there are neither two of one name nor
    /// too many.
    fn attributes(&self, tag: &BytesStart<'_>) -> Result<Vec<(String, String)>, DocumentError> {
        let mut kept = Vec::new();
        for (attribute, number) in tag.attributes().zip(1..) {
            let attribute = attribute.map_err(|why| self.ill_formed(&why))?;
            if number > ATTRIBUTES {
                return Err(too_much(self.at, "no more than 32 attributes", number));
            }
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let (namespace, name) = self.xml.resolver().resolve_attribute(attribute.key);
            self.check_prefix(&namespace)?;
            let name = match namespace {
                ResolveResult::Unbound => name.as_ref(),
                ResolveResult::Bound(XML) if name.as_ref() == "lang" => "xml:lang",
                _ => continue,
            };
            kept.push((name.to_owned(), self.value(&attribute)?));
        }
        Ok(kept)
    }

    fn value(&self, attribute: &Attribute<'_>) -> Result<String, DocumentError> {
        let value = attribute.normalized_value(XmlVersion::Implicit1_0);
        let value = value.map_err(|why| self.ill_formed(&why))?;
        check(&value, self.at)?;
        Ok(value.into_owned())
    }

    fn on_end(&mut self) {
        if self.passed > 0 {
            self.passed -= 1;
            return;
        }
        // The library holds tags against one another: none ends that is not open.
        let Some(ended) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(around) => around.within.push(ended),
            None => self.done = Some(ended),
        }
    }

    fn on_text(&mut self, text: &str) -> Result<(), DocumentError> {
        match self.open.last_mut() {
            Some(_) if self.passed > 0 => {}
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => {
                return Err(DocumentError::quoting(self.at, Wanted::Words("an element"), text));
            }
        }
        Ok(())
    }

    /// A character by its number, or one of the five that XML itself names.
    fn on_reference(&mut self, reference: &BytesRef<'_>) -> Result<(), DocumentError> {
        let named = resolve_predefined_entity(reference).map(str::to_owned);
        let numbered = reference.resolve_char_ref().map_err(|why| self.ill_formed(&why))?;
        let Some(text) = numbered.map(String::from).or(named) else {
            let known = Wanted::Words("an entity that XML defines");
            return Err(DocumentError::quoting(self.at, known, reference));
        };
        check(&text, self.at)?;
        self.on_text(&text)
    }

    /// XML 1.0, and UTF-8. RFC 4235 §4, RFC 3680 §5.1.
    fn on_declaration(&self, declaration: &BytesDecl<'_>) -> Result<(), DocumentError> {
        let version = declaration.version().map_err(|why| self.ill_formed(&why))?;
        if version != "1.0" {
            return Err(DocumentError::quoting(self.at, Wanted::Words("XML 1.0"), &version));
        }
        let Some(encoding) = declaration.encoding() else { return Ok(()) };
        let encoding = encoding.map_err(|why| self.ill_formed(&why))?;
        if ["UTF-8", "US-ASCII"].iter().any(|it| encoding.eq_ignore_ascii_case(it)) {
            return Ok(());
        }
        Err(DocumentError::quoting(self.at, Wanted::Words("UTF-8"), &encoding))
    }

    fn check_prefix(&self, namespace: &ResolveResult<'_>) -> Result<(), DocumentError> {
        match namespace {
            ResolveResult::Unknown(prefix) => {
                let declared = Wanted::Words("a prefix that is declared");
                Err(DocumentError::quoting(self.at, declared, prefix))
            }
            ResolveResult::Bound(_) | ResolveResult::Unbound => Ok(()),
        }
    }

    fn ill_formed(&self, why: &impl std::error::Error) -> DocumentError {
        let well_formed = Wanted::Words("well-formed XML");
        DocumentError::telling(self.at, well_formed, &why.to_string())
    }

    fn telling(&self, expected: &'static str, found: &str) -> DocumentError {
        DocumentError::telling(self.at, Wanted::Words(expected), found)
    }
}

fn octets(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

fn too_much(at: usize, expected: &'static str, found: usize) -> DocumentError {
    DocumentError::telling(at, Wanted::Words(expected), &found.to_string())
}

/// Holds characters to those that XML allows.
fn check(text: &str, at: usize) -> Result<(), DocumentError> {
    match text.char_indices().find(|(_, it)| !is_allowed(*it)) {
        Some((offset, it)) => {
            let allowed = Wanted::Words("a character that XML allows");
            Err(DocumentError::quoting(at + offset, allowed, it.encode_utf8(&mut [0; 4])))
        }
        None => Ok(()),
    }
}
