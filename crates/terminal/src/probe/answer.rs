//! A response, and what it says of authentication.

use sec_manager::digest::Challenge;
use sip_core::{Message, StatusCode};
use sip_syntax::auth::{Params, Separator, of_scheme};

/// A response to a request of the probe's.
#[derive(Clone)]
pub(super) struct Answer(pub(super) Message);

/// What became of the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// They were taken: what the request was answered has nothing to do with them any more.
    Accepted,
    /// They were not, or were not looked at. RFC 3261 §22.1, RFC 7616 §3.4.
    Refused,
    /// The server says that it could not do its work.
    Failed,
}

/// A challenge by Digest under an algorithm that is known, as it came.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// Its parameters.
    list: Vec<u8>,
    /// Whether a proxy asks: 407.
    pub(super) is_proxys: bool,
}

impl Offer {
    /// The challenge; it was read before.
    pub(super) fn challenge(&self) -> Option<Challenge<'_>> {
        Challenge::parse(&self.list).ok().flatten()
    }

    /// The field that answers it.
    pub(super) const fn answered_in(&self) -> &'static str {
        if self.is_proxys { "Proxy-Authorization" } else { "Authorization" }
    }
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.0.status().map_or(0, StatusCode::as_u16)
    }

    /// What became of the credentials.
    pub(super) fn outcome(&self) -> Outcome {
        match self.status() {
            400 | 401 | 403 | 407 => Outcome::Refused,
            500.. => Outcome::Failed,
            _ => Outcome::Accepted,
        }
    }

    /// The values that challenge, by whatever scheme, as they came; and whether a proxy's.
    pub(super) fn challenges(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let asked = match self.status() {
            401 => Some(("WWW-Authenticate", false)),
            407 => Some(("Proxy-Authenticate", true)),
            _ => None,
        };
        asked
            .into_iter()
            .flat_map(|(name, is_proxys)| self.0.named(name).map(move |value| (value, is_proxys)))
    }

    /// The challenges by Digest that can be answered, in their order.
    pub(super) fn offers(&self) -> Vec<Offer> {
        let lists = self.challenges().filter_map(|(value, is_proxys)| {
            Some(Offer { list: of_scheme(value, "Digest")?.to_vec(), is_proxys })
        });
        let can_be_answered =
            |offer: &Offer| offer.challenge().is_some_and(|it| it.choose_qop().is_ok());
        lists.filter(can_be_answered).collect()
    }

    /// Whether it says that the nonce was at fault, not the password. RFC 7616 §3.3.
    pub(super) fn is_stale(&self) -> bool {
        self.offers().iter().any(|offer| offer.challenge().is_some_and(|it| it.stale))
    }

    /// A parameter of what tells of an authentication that succeeded. RFC 7616 §3.5.
    pub(super) fn info(&self, name: &str) -> Option<Vec<u8>> {
        let fields = ["Authentication-Info", "Proxy-Authentication-Info"];
        let values = fields.into_iter().flat_map(|field| self.0.named(field));
        let mut params = values.flat_map(|value| Params::new(value, Separator::Comma).flatten());
        params.find(|param| param.is(name)).map(|param| param.value.octets().collect())
    }

    /// Status and reason, and `stale=true` where it says so.
    pub(super) fn words(&self) -> String {
        let reason = String::from_utf8_lossy(self.0.reason().unwrap_or_default()).into_owned();
        let stale = if self.is_stale() { ", stale=true" } else { "" };
        format!("{} {reason}{stale}", self.status())
    }

    /// All by which one refusal can be told from another: but for nonce and opaque, which are new each
    /// time, and what belongs to the transaction.
    pub(super) fn looks(&self) -> Vec<String> {
        let challenges = self.offers().into_iter().filter_map(|offer| {
            let its = offer.challenge()?;
            let (algorithm, qops) = (its.algorithm.name(), its.qops);
            Some(format!("{:?} {algorithm} {qops:?} stale={}", its.realm, its.stale))
        });
        let names = self.0.fields().map(|(name, _)| String::from_utf8_lossy(name).to_lowercase());
        let mut looks = vec![self.words()];
        looks.extend(challenges);
        looks.extend(names);
        looks
    }
}
