//! What a call's peer has proved in the course of it: a security manager that was restarted, or is not
//! there, may know less, and says so; that takes nothing back.

use super::assurance::Assurance;
use sst::Requirement;

/// The best that was told of a call's peer, the first of its kind.
#[derive(Default)]
pub(super) struct Standing(Option<Assurance>);

impl Standing {
    /// Takes in what is told now, where it is more than before, and gives what stands.
    pub(super) fn learn(&mut self, told: &Assurance) -> Assurance {
        match &self.0 {
            Some(before) if worth(told.proof) <= worth(before.proof) => before.clone(),
            _ => self.0.insert(told.clone()).clone(),
        }
    }
}

/// How much a proof is worth beside others. It is no order among those that name a peer: what was
/// proved first is held to.
pub(super) fn worth(proof: &str) -> u8 {
    match proof {
        "none" => 0,
        "account" => 1,
        "digest" => 2,
        "tls" => 3,
        "rfc2543" => 4,
        _ => 5,
    }
}

/// What is required of whom we call in the stead of a call's peer: no less than that one proved.
pub(super) fn no_less(peer: &Assurance, require: Requirement) -> Requirement {
    match peer.proof {
        "pgp" | "rfc2543" => require.and(Requirement::PGP),
        "tls" => require.and(Requirement::TLS_NAME),
        _ => require,
    }
}

/// Whether both are the same by the same proof. Where nobody proved anything, they are.
pub(super) fn are_one(caller: &Assurance, peer: &Assurance) -> bool {
    (caller.proof, &caller.peer, &caller.account) == (peer.proof, &peer.peer, &peer.account)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proved(proof: &'static str, peer: &str) -> Assurance {
        Assurance { proof, peer: Some(peer.to_owned()), ..Assurance::none() }
    }

    /// As a manager says that was restarted, or that is not there.
    #[test]
    fn what_a_peer_has_proved_stays_when_its_manager_knows_no_more() {
        let mut standing = Standing::default();
        assert_eq!(standing.learn(&Assurance::none()), Assurance::none());
        let bob = proved("pgp", "sip:bob@bob.example");
        assert_eq!(standing.learn(&bob), bob);
        let vouched = Assurance { account: Some("sip:a@b".to_owned()), ..proved("account", "x") };
        for less in [Assurance::none(), vouched, proved("tls", "bob.example")] {
            assert_eq!(standing.learn(&less), bob);
        }
        assert_eq!(standing.learn(&proved("pgp", "sip:mallory@bob.example")), bob);
    }

    #[test]
    fn who_proved_nothing_does_not_take_the_place_of_one_that_did() {
        let mut standing = Standing::default();
        let bob = proved("pgp", "sip:bob@bob.example");
        standing.learn(&bob);
        let peer = standing.learn(&Assurance::none());
        assert!(are_one(&bob, &peer));
        assert!(!are_one(&Assurance::none(), &peer));
        assert_eq!(no_less(&peer, Requirement::NOTHING), Requirement::PGP);
    }

    #[test]
    fn where_nobody_proved_anything_nothing_is_required() {
        let peer = Standing::default().learn(&Assurance::none());
        assert!(are_one(&Assurance::none(), &peer));
        assert_eq!(no_less(&peer, Requirement::NOTHING), Requirement::NOTHING);
    }
}
