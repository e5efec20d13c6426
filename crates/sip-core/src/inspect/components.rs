//! What a piece of SIP is made of, under names that a tool can print.

use crate::headers::{Element, NameAddr, Part, Parts, Via};
use crate::{Param, Uri};

/// Named parts, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Components(pub Vec<(&'static str, Value)>);

/// One part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// It is not there.
    Absent,
    /// Octets as they stand, escapes and quotes kept.
    Octets(Vec<u8>),
    /// A number.
    Number(u64),
    /// Names with values, as parameters have them.
    Pairs(Vec<(Vec<u8>, Option<Vec<u8>>)>),
    /// Parts of a part.
    Parts(Components),
    /// Several of a kind.
    List(Vec<Self>),
}

impl Components {
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    /// The part of this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        let mut parts = self.0.iter();
        parts.find(|(part, _)| *part == name).map(|(_, value)| value)
    }
}

impl From<&[u8]> for Value {
    fn from(octets: &[u8]) -> Self {
        Self::Octets(octets.to_vec())
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<Components> for Value {
    fn from(parts: Components) -> Self {
        Self::Parts(parts)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

impl<T: Into<Self>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl From<Element<'_>> for Value {
    fn from(element: Element<'_>) -> Self {
        match element {
            Element::Octets(octets) => octets.into(),
            Element::Number(number) => number.into(),
            Element::Address(parsed) => address(&parsed).into(),
            Element::Via(parsed) => via(&parsed).into(),
            Element::Uri(parsed, behind) => Components::default()
                .with("uri", uri(&parsed))
                .with("params", params(behind.iter()))
                .into(),
            Element::Pair(name, value) => Self::Pairs(vec![(name.to_vec(), Some(value.to_vec()))]),
            Element::Tokens(tokens) => {
                let tokens = tokens.split(|&octet| octet == b';');
                tokens.map(<[u8]>::trim_ascii).collect::<Vec<_>>().into()
            }
            Element::Parts(parsed) => parts(&parsed).into(),
        }
    }
}

fn parts(parsed: &Parts<'_>) -> Components {
    let mut components = Components::default();
    for (name, part) in parsed.parts.into_iter().flatten() {
        components = match part {
            Part::Octets(octets) => components.with(name, octets),
            Part::Number(number) => components.with(name, number),
        };
    }
    match parsed.params {
        Some(behind) => components.with("params", params(behind.iter())),
        None => components,
    }
}

fn params<'a>(params: impl Iterator<Item = Param<'a>>) -> Value {
    Value::Pairs(
        params.map(|param| (param.name.to_vec(), param.value.map(<[u8]>::to_vec))).collect(),
    )
}

pub(super) fn uri(uri: &Uri<'_>) -> Components {
    let headers = uri.headers();
    let headers = headers.iter().map(|(name, value)| (name.to_vec(), Some(value.to_vec())));
    Components::default()
        .with("scheme", &*uri.scheme().as_bytes().to_ascii_lowercase())
        .with("user", uri.user())
        .with("password", uri.password())
        .with("host", uri.host().map(|host| host.as_bytes()))
        .with("port", uri.port().map(u64::from))
        .with("params", params(uri.params().iter()))
        .with("headers", Value::Pairs(headers.collect()))
}

pub(super) fn address(address: &NameAddr<'_>) -> Components {
    let display: Option<Vec<u8>> = address.display_text().map(|text| text.octets().collect());
    Components::default()
        .with("display", display.as_deref())
        .with("uri", uri(&address.uri()))
        .with("params", params(address.params().iter()))
}

fn via(via: &Via<'_>) -> Components {
    Components::default()
        .with("transport", via.transport())
        .with("host", via.host().as_bytes())
        .with("port", via.port().map(u64::from))
        .with("params", params(via.params().iter()))
}
