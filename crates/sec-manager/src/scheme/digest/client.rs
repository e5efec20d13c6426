//! Digest challenges that come in, and our answers. RFC 3261 §22.2–22.3, RFC 7616 §3.4, RFC 8760.

use super::proofs::{DigestAnswer, DigestWanted};
use super::realms::qop;
use super::typed::Typed;
use super::{Digest, SCHEME};
use crate::Platform;
use crate::digest::{Asked, Challenge, Keys, Reply};
use crate::manager::Shared;
use crate::manager::challenge::Challenged;
use crate::params::plain;
use crate::policy::{Account, Policy};
use crate::scheme::client::{Chosen, Client, challenges};
use crate::scheme::given::Wanted;
use sip_syntax::{Text, hex};
use ssa::{Request, Response, Why};
use sst::{Call, Mismatch, TelephonyApplication};
use std::sync::Arc;

/// Octets of an Authorization beside the values that are copied into it.
const OVERHEAD: usize = 320;

/// A challenge that may be answered.
struct Offer<'a> {
    challenge: Challenge<'a>,
    list: &'a [u8],
    proxy: bool,
    account: &'a Account,
}

impl Client for Digest {
    /// For each realm the topmost challenge that its account may answer. RFC 8760 §2.4.
    fn find<'a>(
        &self, shared: &Shared, policy: &'a Policy, asked: &Challenged<'_>, response: &Response<'a>,
    ) -> Result<Vec<Chosen<'a>>, Option<Why>> {
        if shared.digest.is_none() {
            return Err(Some(Why::NotConfigured));
        }
        let (offered, mut why) = offers(policy, asked, response);
        let mut inner = shared.lock();
        offered.iter().for_each(|offer| inner.realms.saw(&offer.account.realm, &offer.challenge));
        let mut chosen = Vec::<Chosen<'a>>::new();
        for offer in offered {
            if !inner.realms.allow(offer.account, &offer.challenge) {
                let unknown = offer.challenge.choose_qop().is_err();
                let other = if unknown { Why::MalformedChallenge } else { Why::BelowFloor };
                // A secret that would do is what the user can give.
                why = why.filter(|why| *why == Why::NoPassword).or(Some(other));
                continue;
            }
            let offer = offer.chosen();
            if !chosen.iter().any(|other| other.is_asked_by_whom(&offer)) {
                chosen.push(offer);
            }
        }
        if chosen.is_empty() { Err(why) } else { Ok(chosen) }
    }

    fn tell(
        &self, shared: &Shared, policy: &Policy, asked: &Challenged<'_>, response: &Response<'_>,
        why: Why,
    ) {
        if why == Why::BelowFloor {
            tell_algorithm(shared, policy, asked, response);
        } else {
            tell_realms(shared, policy, asked, response);
        }
    }
}

/// The challenges that accounts are for, and why others are not answered.
fn offers<'a>(
    policy: &'a Policy, asked: &Challenged<'_>, response: &Response<'a>,
) -> (Vec<Offer<'a>>, Option<Why>) {
    let (mut offered, mut why) = (Vec::new(), None);
    for (list, proxy) in challenges(response, SCHEME) {
        why.get_or_insert(Why::MalformedChallenge);
        let Ok(challenge) = Challenge::parse(list) else { continue };
        // An algorithm that is not known is skipped, not an error.
        let Some(challenge) = challenge else {
            why = Some(Why::BelowFloor);
            continue;
        };
        match asked.account(policy, &plain(challenge.realm), SCHEME) {
            // What its secret cannot answer is as if it were not offered, and pins nothing upward.
            Some(account) if account.lacks(challenge.algorithm.hash) => {
                why = Some(Why::NoPassword);
            }
            Some(account) => offered.push(Offer { challenge, list, proxy, account }),
            None => why = Some(Why::NotConfigured),
        }
    }
    (offered, why)
}

/// Names the realms, where a party that we have credentials for asks in the name of another.
fn tell_realms(shared: &Shared, policy: &Policy, asked: &Challenged<'_>, response: &Response<'_>) {
    let text = |realm: &[u8]| String::from_utf8_lossy(realm).into_owned();
    let here = policy.accounts.iter().filter(|account| asked.came_from(account));
    let expected: Vec<String> = here.map(|account| text(&account.realm)).collect();
    let offered = challenges(response, SCHEME).find_map(|(list, _)| {
        let challenge = Challenge::parse(list).ok().flatten()?;
        Some(text(&plain(challenge.realm)))
    });
    let Some(offered) = offered.filter(|offered| !expected.contains(offered)) else { return };
    if !expected.is_empty() {
        shared.application.mismatch(Call(asked.call.0), Mismatch::Realm { offered, expected });
    }
}

/// Names the best algorithm that is offered, where an account's floor is above it.
fn tell_algorithm(
    shared: &Shared, policy: &Policy, asked: &Challenged<'_>, response: &Response<'_>,
) {
    let offered = challenges(response, SCHEME).filter_map(|(list, _)| {
        let challenge = Challenge::parse(list).ok().flatten()?;
        let account = asked.account(policy, &plain(challenge.realm), SCHEME)?;
        let below = challenge.algorithm.hash < account.floor;
        below.then_some(challenge.algorithm.hash)
    });
    if let Some(best) = offered.max() {
        shared.application.mismatch(Call(asked.call.0), Mismatch::Algorithm(best));
    }
}

impl<'a> Offer<'a> {
    fn chosen(self) -> Chosen<'a> {
        let Self { challenge, list, proxy, account } = self;
        let wanted = DigestWanted {
            challenge: list.to_vec(),
            algorithm: challenge.algorithm,
            qop: qop(&challenge),
        };
        Chosen { account, proxy, stale: challenge.stale, wanted: Wanted::Digest(wanted) }
    }
}

impl DigestWanted {
    /// The answer, where the password is configured, or was typed and accepted before.
    ///
    /// # Errors
    /// Itself: a person must be asked.
    pub(crate) fn known(
        self, account: &Account, before: Option<&DigestAnswer>, typed: &Typed,
    ) -> Result<DigestAnswer, Self> {
        let before = || before.map(|answer| Arc::clone(&answer.keys));
        let typed = || typed.of(account, self.algorithm.hash);
        match account.keys.clone().or_else(before).or_else(typed) {
            Some(keys) => Ok(self.answer(keys)),
            None => Err(self),
        }
    }

    /// The answer, once a person has typed the password.
    ///
    /// # Errors
    /// Nobody did.
    pub(crate) async fn asked(
        self, of: &dyn TelephonyApplication, user: &str, realm: &[u8],
    ) -> Result<DigestAnswer, Why> {
        let named = String::from_utf8_lossy(realm);
        let password = of.credentials(&named, user).await.ok_or(Why::NoPassword)?;
        let used = [self.algorithm.hash];
        let keys = Keys::new(&used, user.as_bytes(), realm, &password.into());
        Ok(self.answer(Arc::new(keys)))
    }

    fn answer(self, keys: Arc<Keys>) -> DigestAnswer {
        let Self { challenge, algorithm, qop } = self;
        DigestAnswer { challenge, keys, algorithm, qop, next: None, count: 0 }
    }
}

impl DigestAnswer {
    /// The value of a request's Authorization. `None`: there are no random octets for a cnonce.
    pub(crate) fn value(
        &mut self, user: &str, platform: &dyn Platform, request: &Request<'_>,
    ) -> Option<Vec<u8>> {
        self.count += 1;
        let mut challenge = Challenge::parse(&self.challenge).ok()??;
        if let Some(next) = &self.next {
            challenge.nonce = Text::plain(next);
        }
        let mut octets = [0; 16];
        platform.random(&mut octets).ok()?;
        let cnonce = hex::digits(octets);
        let reply = Reply {
            user: user.as_bytes(),
            uri: request.uri,
            asked: Asked { method: request.method, body: request.body },
            cnonce: cnonce.as_flattened(),
            count: self.count,
            qop: self.qop,
        };
        self.keys.answer(&challenge, &reply)
    }

    /// Octets of an Authorization beside the user's name and the request's URI, at most.
    pub(crate) const fn room(&self) -> usize {
        OVERHEAD + self.challenge.len()
    }

    /// The next request is answered with the next nonce, where there is one, else with this one, to
    /// be counted on. RFC 7616 §3.4, §3.5.
    pub(crate) fn renew(&mut self, next: Option<Text<'_>>) {
        if let Some(next) = next {
            (self.next, self.count) = (Some(plain(next).into_owned()), 0);
        }
    }
}
