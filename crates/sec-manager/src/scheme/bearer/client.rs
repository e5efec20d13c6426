//! Which Bearer challenges are answered. RFC 8898 §2.1.

use super::challenge::Challenge;
use super::token::TokenWanted;
use super::{Bearer, SCHEME};
use crate::manager::Shared;
use crate::manager::challenge::Challenged;
use crate::params::plain;
use crate::policy::{Account, Policy};
use crate::scheme::client::{Chosen, Client, challenges};
use crate::scheme::given::Wanted;
use ssa::{Response, Why};
use sst::{Call, Mismatch};

impl Client for Bearer {
    fn find<'a>(
        &self, shared: &Shared, policy: &'a Policy, asked: &Challenged<'_>, response: &Response<'a>,
    ) -> Result<Vec<Chosen<'a>>, Option<Why>> {
        let has_tokens = policy.accounts.iter().any(|account| account.scheme == SCHEME);
        if shared.bearer.is_none() || !has_tokens {
            return Err(None);
        }
        let (mut chosen, mut why) = (Vec::new(), None);
        for (list, proxy) in challenges(response, SCHEME) {
            match wanted(policy, asked, list) {
                Ok((account, wanted)) => chosen.push(Chosen {
                    account,
                    proxy,
                    stale: false,
                    wanted: Wanted::Token(wanted),
                }),
                Err(other) => why = why.or(Some(other)),
            }
        }
        if chosen.is_empty() { Err(why) } else { Ok(chosen) }
    }

    /// Names what the challenge is for, where an account's next hop asks for something else.
    fn tell(
        &self, shared: &Shared, policy: &Policy, asked: &Challenged<'_>, response: &Response<'_>,
        _why: Why,
    ) {
        let is_here = |it: &&Account| it.scheme == SCHEME && asked.came_from(it);
        let here: Vec<&Account> = policy.accounts.iter().filter(is_here).collect();
        if here.is_empty() {
            return;
        }
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        for (list, _) in challenges(response, SCHEME) {
            let Ok(Challenge { realm, server }) = Challenge::parse(list) else { continue };
            let (realm, server) = (text(&plain(realm)), text(&plain(server)));
            let for_realm = here.iter().find(|account| account.realm == realm.as_bytes());
            let mismatch = match for_realm {
                None => {
                    let expected = here.iter().map(|account| text(&account.realm)).collect();
                    Mismatch::Realm { offered: realm, expected }
                }
                Some(account) if account.servers.contains(&server) => continue,
                Some(account) => {
                    Mismatch::Server { offered: server, expected: account.servers.clone() }
                }
            };
            return shared.application.mismatch(Call(asked.call.0), mismatch);
        }
    }
}

/// The account that a challenge is for, and what it wants of it.
///
/// # Errors
/// Why nothing leaves.
fn wanted<'a>(
    policy: &'a Policy, asked: &Challenged<'_>, list: &[u8],
) -> Result<(&'a Account, TokenWanted), Why> {
    let challenge = Challenge::parse(list).map_err(|_| Why::MalformedChallenge)?;
    // RFC 8898 §2.1.2. Whoever is on the way could be the user everywhere.
    if !asked.is_proved() {
        return Err(Why::TokenInClear);
    }
    let account = asked.account(policy, &plain(challenge.realm), SCHEME);
    let account = account.ok_or(Why::NotConfigured)?;
    // RFC 8898 §2.1.1: the server is checked against those that are trusted.
    let server = plain(challenge.server);
    let trusted = account.servers.iter().find(|trusted| trusted.as_bytes() == &*server);
    let server = trusted.cloned().ok_or(Why::ForeignServer)?;
    Ok((account, TokenWanted { server }))
}
