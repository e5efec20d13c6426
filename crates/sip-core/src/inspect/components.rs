//! What a piece of SIP is made of, under names that a tool can print.

use crate::headers::{CSeq, ContentType, NameAddr, Via};
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

pub(super) fn params<'a>(params: impl Iterator<Item = Param<'a>>) -> Value {
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

pub(super) fn via(via: &Via<'_>) -> Components {
    Components::default()
        .with("transport", via.transport())
        .with("host", via.host().as_bytes())
        .with("port", via.port().map(u64::from))
        .with("params", params(via.params().iter()))
}

pub(super) fn cseq(cseq: &CSeq<'_>) -> Components {
    Components::default()
        .with("number", u64::from(cseq.number))
        .with("method", cseq.method.as_bytes())
}

pub(super) fn content_type(content: &ContentType<'_>) -> Components {
    Components::default()
        .with("type", content.kind)
        .with("subtype", content.subtype)
        .with("params", params(content.params.iter()))
}
