//! Calls that are brought together: each peer hears all others, and what is said here. RFC 5359 §2.10,
//! with the mixing done here and nothing said of it to the peers.
//!
//! It is the application that moves audio between calls: the security manager keeps each as it is, and
//! knows of no other. What one call's peer hears of another's, [`Terminal::party`] lets be judged before.

use super::assurance::Assurance;
use super::shared::Shared;
use super::standing::worth;
use super::terminal::Terminal;
use crate::error::{Error, Result};
use media_ctl::audio::{Conference, Seat};
use sip_core::manager::{CallId, Prepared};
use sst::{Means, Requirement};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is known of a call that may be heard in others, and others in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Party {
    /// Whether its media are encrypted, or will be before any flow.
    pub is_encrypted: bool,
    /// Whether its peer has proved who it is, by whatever means.
    pub is_proved: bool,
    /// What is required of its peer: what was, when it was placed, and whatever is added.
    pub require: Requirement,
    /// What its peer has proved.
    proof: &'static str,
}

impl Party {
    fn of(now: &Assurance, standing: &Assurance, require: Requirement) -> Self {
        let (is_encrypted, is_proved) = (now.is_encrypted(), standing.peer.is_some());
        Self { is_encrypted, is_proved, require, proof: standing.proof }
    }

    /// One of either kind, its peer proved by OpenPGP or not at all.
    #[cfg(test)]
    pub(crate) const fn example(is_encrypted: bool, is_proved: bool) -> Self {
        let proof = if is_proved { "pgp" } else { "none" };
        Self { is_encrypted, is_proved, require: Requirement::NOTHING, proof }
    }

    /// Whether this call's peer may hear another: it has given a proof that is required of that one, or
    /// an OpenPGP signature, which proves the most, or no less than that one.
    pub fn may_hear(&self, other: &Self) -> bool {
        let require = other.require;
        let given = self.means().is_some_and(|it| it == Means::Pgp || require.accepts(it));
        require.is_nothing() || given || worth(self.proof) >= worth(other.proof)
    }

    /// The proof, where it is one that can be required.
    fn means(&self) -> Option<Means> {
        match self.proof {
            "pgp" => Some(Means::Pgp),
            "digest" | "account" => Some(Means::Digest),
            "tls" => Some(Means::TlsName),
            _ => None,
        }
    }
}

impl Terminal {
    /// Brings calls together that are up, in the conference of the first of them that is in one, or
    /// else in a new one; one that is in another conference leaves that. Who is on hold is silent and
    /// hears nothing until it is resumed.
    ///
    /// # Errors
    /// [`Error::NotNow`] where one is not up, there are not two, or they are too many for one
    /// conference: then all is as it was.
    pub fn join(&self, calls: &[CallId]) -> Result<()> {
        let shared = &self.shared;
        let conference = calls.iter().find_map(|id| shared.calls.conference(*id));
        let conference = conference.unwrap_or_default();
        let members = shared.calls.members(&conference);
        let wanted: BTreeSet<CallId> = calls.iter().copied().collect();
        let mut newcomers = Vec::new();
        for id in wanted.into_iter().filter(|id| !members.contains(id)) {
            if !shared.calls.is_up(id) {
                return Err(Error::NotNow("one of the calls is not up"));
            }
            newcomers.push(id);
        }
        if members.len() + newcomers.len() < 2 {
            return Err(Error::NotNow("it takes two calls that are up"));
        }
        let seats: Option<Vec<Seat>> = newcomers.iter().map(|_| conference.seat()).collect();
        let seats = seats.ok_or(Error::NotNow("a conference has room for 32 calls"))?;
        newcomers.into_iter().zip(seats).for_each(|(id, seat)| shared.sit(id, seat));
        Ok(())
    }

    /// Takes a call out of its conference, which goes on where two others are in it.
    ///
    /// # Errors
    /// [`Error::NotNow`] where it is in none.
    pub fn leave(&self, id: CallId) -> Result<()> {
        let conference =
            self.shared.rise(id).ok_or(Error::NotNow("the call is in no conference"))?;
        self.shared.dissolve(&conference);
        Ok(())
    }

    /// The others in the conference that a call is in; none where it is in none.
    pub fn joined(&self, id: CallId) -> Vec<CallId> {
        let calls = &self.shared.calls;
        let members = calls.conference(id).map(|conference| calls.members(&conference));
        members.into_iter().flatten().filter(|other| *other != id).collect()
    }

    /// What is known of a call that is to be joined with others; `None` where there is no such call.
    pub fn party(&self, id: CallId) -> Option<Party> {
        let shared = &self.shared;
        let call = shared.calls.name(id)?;
        let now = shared.assurance(Prepared { id, call });
        let standing = shared.calls.learn(id, &now)?;
        Some(Party::of(&now, &standing, shared.calls.required(id)))
    }
}

impl Shared {
    /// Gives a call its seat, out of another conference's if need be.
    fn sit(&self, id: CallId, seat: Seat) {
        if let Some(left) = self.rise(id) {
            self.dissolve(&left);
        }
        let seat = Arc::new(seat);
        // Where the call is over meanwhile, the seat goes.
        let Some(sits) = self.calls.sit(id, &seat) else { return };
        seat.set_mute(sits.muted);
        seat.set_unheard(sits.held_by_peer);
        sits.media.exchange_ends(|ends| seat.sit(ends));
        sits.media.set_mute(false);
    }

    /// Takes a call's seat, and gives the call its own ends back; tells which conference it was in.
    fn rise(&self, id: CallId) -> Option<Conference> {
        let (seat, sat) = self.calls.rise(id)?;
        sat.media.set_mute(sat.muted);
        sat.media.exchange_ends(|ends| seat.rise().unwrap_or(ends));
        Some(seat.conference().clone())
    }

    /// Who is left alone in a conference is in none.
    pub(super) fn dissolve(&self, conference: &Conference) {
        if let [only] = self.calls.members(conference).as_slice() {
            self.rise(*only);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A party whose peer has given this proof, over media of this kind.
    fn party(proof: &'static str, media: &str) -> Party {
        let peer = (!["none", "account"].contains(&proof)).then(|| "sip:bob@b.example".to_owned());
        let shown = Assurance { proof, peer, media: vec![media.to_owned()], ..Assurance::none() };
        Party::of(&shown, &shown, Requirement::NOTHING)
    }

    #[test]
    fn what_a_party_has_proved_stands_and_its_media_are_as_they_are_now() {
        let sealed = party("pgp", "SRTP AES_CM_128_HMAC_SHA1_80");
        assert!(sealed.is_encrypted && sealed.is_proved);
        let bob = Assurance {
            proof: "pgp",
            peer: Some("sip:bob@b.example".to_owned()),
            ..Assurance::none()
        };
        // As a manager says that was restarted, and knows nothing any more.
        let party = Party::of(&Assurance::none(), &bob, Requirement::PGP);
        assert!(!party.is_encrypted && party.is_proved);
        // Nothing flows yet.
        let keying = Assurance { media: Vec::new(), ..Assurance::none() };
        let keying = Party::of(&keying, &keying, Requirement::NOTHING);
        assert!(keying.is_encrypted && !keying.is_proved);
    }

    #[test]
    fn who_has_not_proved_as_much_does_not_hear_what_is_required_to_be_proved() {
        let [none, account, digest, tls, pgp] =
            ["none", "account", "digest", "tls", "pgp"].map(|proof| party(proof, "RTP"));
        let may = |who: Party, hear: Party, require| who.may_hear(&Party { require, ..hear });
        for who in [none, account, digest, tls] {
            assert!(!may(who, pgp, Requirement::PGP), "{who:?}");
            assert!(may(who, pgp, Requirement::NOTHING), "{who:?}");
            assert!(may(pgp, who, Requirement::DIGEST), "{who:?}");
            assert!(may(who, who, Requirement::PGP), "{who:?}");
        }
        assert!(may(digest, tls, Requirement::DIGEST.or(Means::TlsName)));
        assert!(!may(digest, tls, Requirement::TLS_NAME));
        // A registrar answers no challenge: that it is the one will do for both.
        assert!(may(account, digest, Requirement::DIGEST));
        assert!(!may(none, digest, Requirement::DIGEST));
    }
}
