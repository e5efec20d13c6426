//! What answers the challenges of an account's registrar and of proxies: a row for each scheme.

use super::aka::{self, AkaAnswer, AkaWanted};
use super::bearer::{self, TokenAnswer, TokenWanted};
use super::digest::SCHEME;
use super::digest::proofs::{DigestAnswer, DigestWanted};
use super::digest::typed::Typed;
use crate::Platform;
use crate::policy::Account;
use sip_syntax::Text;
use sip_syntax::auth::{Params, Separator};
use ssa::{Request, Response, Why};
use sst::{Proof, TelephonyApplication};
use zeroize::Zeroizing;

/// What a challenge wants of an account.
pub(crate) enum Wanted {
    Digest(DigestWanted),
    Token(TokenWanted),
    Aka(AkaWanted),
}

/// What an answer is made of.
#[derive(Clone)]
pub(crate) enum By {
    Digest(DigestAnswer),
    Token(TokenAnswer),
    Aka(AkaAnswer),
}

/// What answers the challenges of an account, request after request.
#[derive(Clone)]
pub(crate) struct Given<B = By> {
    /// Whether a proxy asked: `Proxy-Authorization` is the answer.
    pub(crate) proxy: bool,
    /// The AOR of the account.
    pub(crate) account: String,
    pub(crate) user: String,
    pub(crate) realm: Vec<u8>,
    /// What it is made of, or what is missing yet.
    pub(crate) by: B,
}

/// An Authorization of ours that left.
pub(crate) struct Proved {
    pub(crate) given: Given,
    /// The field's value; of a token, the secret itself.
    pub(crate) value: Zeroizing<Vec<u8>>,
}

/// What a response shows of who sent it.
pub(crate) enum Shown {
    /// Nothing: what is known is that the account's hop took the request on.
    Nothing,
    /// That it knows what the credentials were made of.
    Proof(Proof),
    /// That it does not, although it says so.
    Wrong,
}

impl By {
    /// What Digest made it of.
    pub(crate) const fn digest(&self) -> Option<&DigestAnswer> {
        match self {
            Self::Digest(answer) => Some(answer),
            Self::Token(_) | Self::Aka(_) => None,
        }
    }
}

impl Wanted {
    /// The scheme's word.
    pub(crate) const fn scheme(&self) -> &'static str {
        match self {
            Self::Digest(_) => SCHEME,
            Self::Token(_) => bearer::SCHEME,
            Self::Aka(_) => aka::SCHEME,
        }
    }

    /// What answers it, where nobody has to be asked; `before` is what this party had, or another of
    /// its realm.
    ///
    /// # Errors
    /// Itself: somebody has to be asked.
    pub(crate) fn known(
        self, account: &Account, before: Option<&By>, typed: &Typed,
    ) -> Result<By, Self> {
        match self {
            Self::Digest(wanted) => {
                let known = wanted.known(account, before.and_then(By::digest), typed);
                known.map(By::Digest).map_err(Self::Digest)
            }
            Self::Token(wanted) => match before {
                Some(By::Token(answer)) if answer.is_of(&wanted) => Ok(By::Token(answer.clone())),
                Some(By::Token(_) | By::Digest(_) | By::Aka(_)) | None => Err(Self::Token(wanted)),
            },
            // Each challenge is the SIM's to answer.
            Self::Aka(_) => Err(self),
        }
    }
}

impl<B> Given<B> {
    /// Of an account.
    pub(crate) fn of(account: &Account, proxy: bool, by: B) -> Self {
        let Account { aor, user, realm, .. } = account;
        Self { proxy, account: aor.clone(), user: user.clone(), realm: realm.clone(), by }
    }
}

impl Given<Wanted> {
    /// The same, once somebody has given what is missing.
    ///
    /// # Errors
    /// Why nobody did.
    pub(crate) async fn asked(self, of: &dyn TelephonyApplication) -> Result<Given, Why> {
        let Self { proxy, account, user, realm, by } = self;
        let by = match by {
            Wanted::Digest(wanted) => By::Digest(wanted.asked(of, &user, &realm).await?),
            Wanted::Token(wanted) => By::Token(wanted.asked(of, &user, &realm).await?),
            Wanted::Aka(wanted) => By::Aka(wanted.asked(&user, &realm).await?),
        };
        Ok(Given { proxy, account, user, realm, by })
    }
}

impl Given {
    /// The scheme's word.
    pub(crate) const fn scheme(&self) -> &'static str {
        match &self.by {
            By::Digest(_) => SCHEME,
            By::Token(_) => bearer::SCHEME,
            By::Aka(_) => aka::SCHEME,
        }
    }

    /// The value of a request's field. `None`: there is no randomness for it.
    pub(crate) fn value(
        &mut self, platform: &dyn Platform, request: &Request<'_>,
    ) -> Option<Vec<u8>> {
        match &mut self.by {
            By::Digest(answer) => answer.value(&self.user, platform, request),
            By::Token(answer) => Some(answer.value()),
            By::Aka(answer) => answer.value(&self.user, platform, request),
        }
    }

    /// Octets that the field will take at most, where the request has a URI of so many.
    pub(crate) fn room(&self, uri: usize) -> usize {
        match &self.by {
            By::Digest(answer) => answer.room() + self.user.len() + uri,
            By::Token(answer) => answer.room(),
            By::Aka(answer) => answer.room() + self.user.len() + uri,
        }
    }

    /// The same, which was accepted, to be said again; with the next nonce, where there is one. `None` of
    /// RES, which is a password for once. RFC 3310 §3.1.
    pub(crate) fn again(&self, next: Option<Text<'_>>) -> Option<Self> {
        let mut again = self.clone();
        match &mut again.by {
            By::Digest(answer) => answer.renew(next),
            By::Token(_) => {}
            By::Aka(_) => return None,
        }
        Some(again)
    }
}

impl Proved {
    /// Whether a request carried it.
    pub(crate) fn is_in(&self, sent: &Request<'_>) -> bool {
        let name = if self.given.proxy { "Proxy-Authorization" } else { "Authorization" };
        (0..8).map_while(|nth| sent.headers.value(name, nth)).any(|value| *value == **self.value)
    }

    /// What a response shows of who sent it.
    pub(crate) fn shown(&self, response: &Response<'_>) -> Shown {
        match &self.given.by {
            By::Digest(answer) => answer.shown(self, response),
            By::Token(_) => Shown::Nothing,
            By::Aka(answer) => answer.shown(self, response),
        }
    }

    /// A parameter of the field that answers it. RFC 7616 §3.5.
    pub(crate) fn info<'a>(&self, response: &Response<'a>, name: &str) -> Option<Text<'a>> {
        let field =
            if self.given.proxy { "Proxy-Authentication-Info" } else { "Authentication-Info" };
        let params = Params::new(response.headers.value(field, 0)?, Separator::Comma).flatten();
        let mut named = params.filter(|param| param.is(name));
        Some(named.next()?.value)
    }
}
