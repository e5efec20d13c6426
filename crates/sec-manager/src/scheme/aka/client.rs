//! Which AKA challenges are answered. RFC 3310 §3.

use super::SCHEME;
use super::answer::AkaWanted;
use super::challenge::{is_aka, read};
use crate::digest;
use crate::manager::Shared;
use crate::manager::challenge::Challenged;
use crate::params::plain;
use crate::policy::Policy;
use crate::scheme::client::{Chosen, Client, challenges};
use crate::scheme::given::{By, Proved, Wanted};
use ssa::{Response, Why};

/// The scheme's rules; what it is given is [`super::Aka`].
pub(crate) struct BySim;

impl Client for BySim {
    fn find<'a>(
        &self, shared: &Shared, policy: &'a Policy, asked: &Challenged<'_>, response: &Response<'a>,
    ) -> Result<Vec<Chosen<'a>>, Option<Why>> {
        let aka = shared.aka.as_ref().ok_or(None)?;
        let inner = shared.lock();
        let proved = inner.records.get(asked.call.0).map_or(&[][..], |record| &record.proved);
        let (mut chosen, mut why) = (Vec::new(), None);
        for (list, proxy) in challenges(response, digest::SCHEME).filter(|(list, _)| is_aka(list)) {
            let Some((challenge, sim)) = read(list) else {
                why = why.or(Some(Why::MalformedChallenge));
                continue;
            };
            let Some(account) = asked.account(policy, &plain(challenge.realm), SCHEME) else {
                why = why.or(Some(Why::NotConfigured));
                continue;
            };
            // After an AUTS the network asks again: the SIM's answer was not refused. RFC 3310 §3.4.
            let counted_anew = |proved: &Proved| {
                let given = &proved.given;
                let auts = matches!(&given.by, By::Aka(answer) if answer.resynchronizes());
                auts && given.proxy == proxy && given.realm == account.realm
            };
            let stale = challenge.stale || proved.iter().any(counted_anew);
            let wanted = AkaWanted { list: list.to_vec(), challenge: sim, sim: aka.sim.clone() };
            chosen.push(Chosen { account, proxy, stale, wanted: Wanted::Aka(wanted) });
        }
        if chosen.is_empty() { Err(why) } else { Ok(chosen) }
    }

    /// What Digest tells of realms goes for its challenges, too.
    fn tell(
        &self, _shared: &Shared, _policy: &Policy, _asked: &Challenged<'_>,
        _response: &Response<'_>, _why: Why,
    ) {
    }
}
