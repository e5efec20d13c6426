//! What is looked at before calls are brought together, and what is told of it: whether what is said in
//! one that is secured is heard in one that is not. Decision 0063.

use super::agents::Agents;
use super::calls::Table;
use super::json::Object;
use super::output::Output;
use crate::assembly::{Party, Terminal};
use crate::config::Config;
use crate::error::{Error, Result};
use sip_core::manager::CallId;
use std::collections::BTreeSet;

/// A call that is to be in a conference.
struct Member {
    number: u32,
    /// As events name it.
    name: String,
    party: Party,
}

/// The calls that are to be in a conference.
pub(super) struct Members {
    ids: Vec<CallId>,
    known: Vec<Member>,
}

impl Members {
    /// These, and those that are with the first of them that is with others.
    pub(super) fn of(
        calls: &[CallId], table: &Table, config: &Config, terminal: &Terminal,
    ) -> Self {
        let there = calls.iter().map(|id| terminal.joined(*id)).find(|others| !others.is_empty());
        let ids: BTreeSet<CallId> =
            calls.iter().copied().chain(there.into_iter().flatten()).collect();
        let member = |id: &CallId| {
            let ((number, peer), mut party) = table.known(*id).zip(terminal.party(*id))?;
            party.require = party.require.and(config.required_of(peer));
            Some(Member { number, name: id.to_string(), party })
        };
        Self { known: ids.iter().filter_map(member).collect(), ids: ids.into_iter().collect() }
    }

    /// Whether no call of whose peer a proof is required is heard by one who has proved less.
    ///
    /// # Errors
    /// [`Error::Exposed`], with both, and what to say where that is wanted.
    pub(super) fn permit(&self) -> Result<()> {
        let exposed = self.known.iter().find_map(|secured| {
            let exposes = |other: &&Member| !other.party.may_hear(&secured.party);
            Some((secured, self.known.iter().find(exposes)?))
        });
        let Some((secured, other)) = exposed else { return Ok(()) };
        Err(Error::Exposed(format!(
            "the peer of call {} has to prove who it is ({}), and that of call {}, who would hear it, \
             has not proved as much; where that is wanted all the same, say join anyway",
            secured.number, secured.party.require, other.number
        )))
    }

    /// Says that they are together, and who is heard where he may not expect it: to the user, and to
    /// the agents who speak there.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub(super) fn tell(&self, agents: &Agents, out: Output) -> Result<()> {
        let names = |members: &[&Member]| members.iter().map(|it| it.name.clone()).collect();
        let all: Vec<&Member> = self.known.iter().collect();
        let joined = || Object::Joined {
            calls: names(&all),
            not_encrypted: names(&self.parted(|party| party.is_encrypted).1),
            not_proved: names(&self.parted(|party| party.is_proved).1),
        };
        self.ids.iter().for_each(|id| agents.tell(*id, &joined()));
        out.say(&format!("{} are together: each peer hears the others", numbered(&all)), joined())?;
        self.warnings().iter().try_for_each(|line| out.line(line))
    }

    /// What a person may not expect.
    fn warnings(&self) -> Vec<String> {
        let (encrypted, plain) = self.parted(|party| party.is_encrypted);
        let heard = format!(
            "not encrypted: {}; whoever listens on the way there hears what is said in {}, too",
            numbered(&plain),
            numbered(&encrypted)
        );
        let (proved, unproved) = self.parted(|party| party.is_proved);
        let unknown = format!(
            "nobody has proved who is in {}: whoever that is hears what is said in {}, too",
            numbered(&unproved),
            numbered(&proved)
        );
        let lines = [(plain, heard), (unproved, unknown)].into_iter();
        lines.filter(|(of, _)| !of.is_empty()).map(|(_, line)| line).collect()
    }

    /// Those of whom it is so, and the others; nobody where it is the same of all.
    fn parted(&self, is_so: fn(&Party) -> bool) -> (Vec<&Member>, Vec<&Member>) {
        let (so, other): (Vec<_>, Vec<_>) = self.known.iter().partition(|it| is_so(&it.party));
        if so.is_empty() || other.is_empty() { (Vec::new(), Vec::new()) } else { (so, other) }
    }
}

/// `call 1`, `calls 1 and 2`, `calls 1, 2 and 3`.
fn numbered(members: &[&Member]) -> String {
    let numbers: Vec<String> = members.iter().map(|member| member.number.to_string()).collect();
    match numbers.as_slice() {
        [] => String::new(),
        [only] => format!("call {only}"),
        [first @ .., last] => format!("calls {} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sst::Requirement;

    fn members(of: &[(Party, Requirement)]) -> Members {
        let member = |(number, (party, require)): (u32, &(Party, Requirement))| {
            let mut party = *party;
            party.require = *require;
            Member { number, name: format!("0.{number}"), party }
        };
        Members { ids: Vec::new(), known: (1..).zip(of).map(member).collect() }
    }

    const PLAIN: Party = Party::example(false, false);
    const PROVED: Party = Party::example(false, true);
    const SEALED: Party = Party::example(true, true);

    #[test]
    fn who_hears_what_he_did_not_before_is_told_in_plain_words() {
        let told = |of: &[Party]| {
            let all: Vec<_> = of.iter().map(|party| (*party, Requirement::NOTHING)).collect();
            members(&all).warnings()
        };
        for alike in [PLAIN, PROVED, SEALED] {
            assert!(told(&[alike, alike]).is_empty(), "{alike:?}");
        }
        let ways = "not encrypted: call 2; whoever listens on the way there hears what is said in calls \
                    1 and 3, too";
        assert_eq!(told(&[SEALED, PROVED, SEALED]), [ways]);
        let unknown = "nobody has proved who is in calls 1, 2 and 4: whoever that is hears what is said in \
                       call 3, too";
        assert_eq!(told(&[PLAIN, PLAIN, PROVED, PLAIN]), [unknown]);
        assert_eq!(told(&[SEALED, PLAIN]).len(), 2);
    }

    #[test]
    fn what_has_to_be_proved_of_one_has_to_be_proved_of_who_hears_it() {
        let permit = |of: &[(Party, Requirement)]| members(of).permit();
        let (required, free) = (Requirement::PGP, Requirement::NOTHING);
        assert!(permit(&[(SEALED, required), (SEALED, free)]).is_ok());
        assert!(permit(&[(SEALED, free), (PLAIN, free)]).is_ok());
        let refused = permit(&[(PLAIN, free), (SEALED, free), (SEALED, required)]).unwrap_err();
        assert_eq!(refused.code(), "exposed");
        assert_eq!(
            refused.line(),
            "the peer of call 3 has to prove who it is (pgp), and that of call 1, who would hear it, has \
             not proved as much; where that is wanted all the same, say join anyway"
        );
    }
}
