//! Credentials, parameter by parameter: the right ones, and what is made of them.

use super::aim::Aim;
use super::answer::Offer;
use sec_manager::digest::explain::{self, Exchange};
use sec_manager::digest::{self, Asked};
use sip_syntax::Text;
use sip_syntax::auth::{Params, Separator, of_scheme};

/// The parameters whose values are tokens; those of all others are quoted. RFC 7616 §3.4.
const TOKENS: [&str; 4] = ["algorithm", "qop", "nc", "userhash"];

/// Credentials of Digest that are about to leave.
#[derive(Clone)]
pub(super) struct Credentials {
    /// Names, and values as they stand, quotes included.
    params: Vec<(String, Vec<u8>)>,
    /// Whose they say to be, where `username` may be a hash of it.
    user: String,
}

impl Credentials {
    /// The right answer to an offer, the first that its nonce is used for. `None`: it offers nothing
    /// that is known.
    pub(super) fn right(aim: &Aim, user: &str, offer: &Offer, cnonce: &str) -> Option<Self> {
        let (challenge, uri, asked) = (offer.challenge()?, aim.uri.as_bytes(), aim.asked());
        let (password, cnonce) = (aim.password.expose(), cnonce.as_bytes());
        let value =
            explain::authorization(&challenge, user.as_bytes(), password, uri, asked, cnonce);
        let value = value.ok()?;
        let params = Params::new(of_scheme(&value, digest::SCHEME)?, Separator::Comma).flatten();
        let params = params.map(|param| {
            let name = String::from_utf8_lossy(param.name).into_owned();
            let value = as_it_stands(&name, param.value);
            (name, value)
        });
        Some(Self { params: params.collect(), user: user.to_owned() })
    }

    /// With another value of a parameter, or with one more. The response stays what it is.
    pub(super) fn with(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = as_it_stands(name, Text::plain(value.as_ref()));
        self.put(name, value);
        self
    }

    /// With quotes around a value that has none.
    pub(super) fn quoting(mut self, name: &str) -> Self {
        let value = self.params.iter().find(|(its, _)| its == name).map(|(_, value)| value);
        if let Some(value) = value {
            let value = [b"\"", value.as_slice(), b"\""].concat();
            self.put(name, value);
        }
        self
    }

    /// With the response that they should carry, as they are now.
    pub(super) fn signed(self, aim: &Aim) -> Self {
        self.signed_over(aim, aim.body())
    }

    /// The same, in a request with this body.
    pub(super) fn signed_over(self, aim: &Aim, body: &[u8]) -> Self {
        let asked = Asked { body, ..aim.asked() };
        match self.as_exchange(aim, asked, explain::response) {
            Some(response) => self.with("response", response.as_bytes()),
            None => self,
        }
    }

    /// With a response whose last digit is another one.
    pub(super) fn spoiled(mut self) -> Self {
        let response = self.params.iter_mut().find(|(name, _)| name == "response");
        if let Some([.., digit, b'"']) = response.map(|(_, value)| value.as_mut_slice()) {
            *digit = if *digit == b'0' { b'1' } else { b'0' };
        }
        self
    }

    /// The `rspauth` that answers them. RFC 7616 §3.5.
    pub(super) fn rspauth(&self, aim: &Aim, body: &[u8]) -> Option<digest::Hex> {
        self.as_exchange(aim, aim.asked(), |exchange| explain::rspauth(exchange, body))
    }

    /// The value of the header field.
    pub(super) fn value(&self) -> Vec<u8> {
        let mut value = digest::SCHEME.as_bytes().to_vec();
        for (at, (name, its)) in self.params.iter().enumerate() {
            value.extend_from_slice(if at == 0 { b" " } else { b", " });
            value.extend_from_slice(name.as_bytes());
            value.push(b'=');
            value.extend_from_slice(its);
        }
        value
    }

    fn put(&mut self, name: &str, value: Vec<u8>) {
        match self.params.iter_mut().find(|(its, _)| its == name) {
            Some((_, its)) => *its = value,
            None => self.params.push((name.to_owned(), value)),
        }
    }

    /// What is computed of them, where they can be read.
    fn as_exchange<T>(
        &self, aim: &Aim, asked: Asked<'_>, compute: impl FnOnce(&Exchange<'_>) -> T,
    ) -> Option<T> {
        let value = self.value();
        let list = of_scheme(&value, digest::SCHEME)?;
        Some(compute(&Exchange {
            challenge: None,
            credentials: digest::Credentials::parse(list).ok()?,
            asked,
            request_uri: None,
            user: Some(self.user.as_bytes()),
            password: aim.password.expose(),
        }))
    }
}

/// A value as it stands in the list.
fn as_it_stands(name: &str, value: Text<'_>) -> Vec<u8> {
    if TOKENS.contains(&name) {
        return value.octets().collect();
    }
    let mut quoted = b"\"".to_vec();
    value.escape().for_each(|part| quoted.extend_from_slice(part));
    quoted.push(b'"');
    quoted
}
