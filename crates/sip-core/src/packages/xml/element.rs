//! An element that was read, and what is looked for in it.

use super::error::{DocumentError, Wanted};

/// An element of the document's namespace.
#[derive(Debug, Default)]
pub(in crate::packages) struct Element {
    /// Its name, without a prefix.
    pub(super) name: String,
    /// Where its tag begins.
    pub(super) at: usize,
    /// Its attributes that have no prefix, and `xml:lang`.
    pub(super) attributes: Vec<(String, String)>,
    /// What stands in it and not in elements within it.
    pub(super) text: String,
    /// The elements in it.
    pub(super) within: Vec<Self>,
}

impl Element {
    /// Its text, without the white space around it.
    pub(in crate::packages) fn text(&self) -> &str {
        self.text.trim()
    }

    /// The elements of this name directly in it.
    pub(in crate::packages) fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Self> {
        self.within.iter().filter(move |it| it.name == name)
    }

    /// The first element of this name directly in it.
    pub(in crate::packages) fn first(&self, name: &str) -> Option<&Self> {
        self.all(name).next()
    }

    /// The first element of this name directly in it.
    ///
    /// # Errors
    /// There is none.
    pub(in crate::packages) fn element(&self, name: &'static str) -> Result<&Self, DocumentError> {
        self.first(name).ok_or_else(|| self.lacks(Wanted::Element(name)))
    }

    /// The value of an attribute.
    pub(in crate::packages) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The value of an attribute, kept.
    pub(in crate::packages) fn owned(&self, name: &str) -> Option<String> {
        self.attribute(name).map(str::to_owned)
    }

    /// The value of an attribute.
    ///
    /// # Errors
    /// There is none.
    pub(in crate::packages) fn required(&self, name: &'static str) -> Result<&str, DocumentError> {
        self.attribute(name).ok_or_else(|| self.lacks(Wanted::Attribute(name)))
    }

    /// An attribute that is one of these words.
    ///
    /// # Errors
    /// It is none of them.
    pub(in crate::packages) fn choice<T: Copy>(
        &self, name: &str, words: &[(T, &str)], expected: &'static str,
    ) -> Result<Option<T>, DocumentError> {
        self.attribute(name).map(|it| value(self.at, it, words, expected)).transpose()
    }

    /// An attribute that is a number.
    ///
    /// # Errors
    /// It is none.
    pub(in crate::packages) fn count(&self, name: &str) -> Result<Option<u64>, DocumentError> {
        self.attribute(name).map(|it| number(self.at, it)).transpose()
    }

    /// Where its tag begins.
    pub(in crate::packages) const fn at(&self) -> usize {
        self.at
    }

    /// That it lacks something.
    pub(in crate::packages) fn lacks(&self, expected: Wanted) -> DocumentError {
        let found = format!("none in `{}`", self.name);
        DocumentError::telling(self.at, expected, &found)
    }
}

/// What one of these words stands for.
///
/// # Errors
/// It is none of them.
pub(in crate::packages) fn value<T: Copy>(
    at: usize, found: &str, words: &[(T, &str)], expected: &'static str,
) -> Result<T, DocumentError> {
    let known = words.iter().find(|(_, word)| *word == found.trim());
    let known = known.map(|(value, _)| *value);
    known.ok_or_else(|| DocumentError::quoting(at, Wanted::Words(expected), found))
}

/// The word for a value.
pub(in crate::packages) fn word<T: Copy + PartialEq>(
    value: T, words: &[(T, &'static str)],
) -> &'static str {
    words.iter().find(|(it, _)| *it == value).map_or("", |(_, word)| *word)
}

/// A number in decimal digits.
///
/// # Errors
/// It is none, or too large.
pub(in crate::packages) fn number(at: usize, found: &str) -> Result<u64, DocumentError> {
    let digits = found.trim();
    let are_digits = digits.bytes().all(|it| it.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| are_digits);
    number.ok_or_else(|| DocumentError::quoting(at, Wanted::Words("a number"), found))
}
