//! What is known of a call, in one sentence of plain English: what is proved by what, and no more.

use sst::{Assurance, HopProtection, MediaProtection, Proof, Secrecy, Trust};

/// One sentence that says who the peer is, by what that is proved, and what becomes of the media;
/// `called` is the URI that our user called, where it is a call of ours.
///
/// What is not proved is said to be so: a registrar or a domain's server that vouches for a peer is
/// named as that, and media are encrypted *for the peer* only where their keys stand under the
/// peer's own proof. Of several media lines the worst counts.
pub fn sentence(assurance: &Assurance, called: Option<&str>) -> String {
    let who = who(&assurance.proof, called);
    let hop = match (&assurance.proof, assurance.hop) {
        // It says so already.
        (Proof::Tls { .. }, _) | (_, HopProtection::Clear) => "",
        (_, HopProtection::Tls) => "; the signalling is encrypted as far as the next server",
    };
    format!("{who}{hop}; {}.", media(&assurance.media, &assurance.proof))
}

fn who(proof: &Proof, called: Option<&str>) -> String {
    match proof {
        Proof::None => "Nobody has proved who this is".to_owned(),
        Proof::AccountHop { account } => format!(
            "Nobody has proved who this is, only the registrar or proxy of {account} vouches for it"
        ),
        Proof::Digest { user, realm, algorithm } => {
            let (peer, algorithm) = (called.unwrap_or(user), algorithm.name());
            let whose = match called {
                Some(_) => format!("of {user} at {realm}, which both sides know"),
                None => format!("of that user at {realm}"),
            };
            format!("{peer} has proved by Digest ({algorithm}) to know the password {whose}")
        }
        Proof::Pgp { aor, fingerprint, trust: Trust::Pinned } => {
            format!("{aor} has proved who it is by a signature under its pinned key {fingerprint}")
        }
        Proof::Pgp { aor, fingerprint, trust: Trust::Unverified } => format!(
            "Whoever has the key {fingerprint} has signed, and says to be {aor}, but nobody has checked \
             whose key it is"
        ),
        Proof::Rfc2543 { aor, fingerprint } => format!(
            "{aor} has signed in the old form of RFC 2543, under its pinned key {fingerprint}, that it \
             calls, and nothing else in this call is proved"
        ),
        Proof::Tls { name } => format!(
            "The server of {name} has proved by its TLS certificate that it is that, and vouches for who \
             this is"
        ),
    }
}

fn media(lines: &[MediaProtection], proof: &Proof) -> String {
    let mut worst: Option<Secrecy> = None;
    for line in lines {
        match line {
            MediaProtection::None => {}
            MediaProtection::Rtp => return "its media are not encrypted".to_owned(),
            MediaProtection::Srtp { secrecy, .. } => {
                worst = Some(worst.map_or(*secrecy, |worst| worst.min(*secrecy)));
            }
        }
    }
    let Some(secrecy) = worst else { return "there are no media yet".to_owned() };
    let for_whom = match proof {
        Proof::Pgp { trust: Trust::Pinned, .. } => "encrypted for it alone",
        Proof::Pgp { trust: Trust::Unverified, .. } => "encrypted for whoever has that key",
        Proof::None
        | Proof::AccountHop { .. }
        | Proof::Digest { .. }
        | Proof::Rfc2543 { .. }
        | Proof::Tls { .. } => return unproved(secrecy),
    };
    let later = match secrecy {
        Secrecy::None => "can be heard later by who records them and gets a key of either side",
        Secrecy::Forward => {
            "stay secret from who records them and gets the keys of both sides later, unless with a \
             quantum computer"
        }
        Secrecy::PostQuantum => {
            "stay secret from who records them and gets the keys of both sides later, even with a \
             quantum computer"
        }
    };
    format!("its media are {for_whom}, and {later}")
}

/// Media whose keys stand under nobody's proof: whoever can put in another fingerprint on the way of the
/// signalling can stand between.
fn unproved(secrecy: Secrecy) -> String {
    let for_whom = "its media are encrypted, but for whom is not proved: whoever can change what is \
                    signalled on the way can hear them";
    match secrecy {
        Secrecy::None => {
            "its media are encrypted, but not for the peer alone: each SIP server on the way \
                          reads their keys, and can hear them"
                .to_owned()
        }
        Secrecy::Forward => {
            format!("{for_whom}; who only listens cannot, unless with a quantum computer")
        }
        Secrecy::PostQuantum => format!("{for_whom}; who only listens cannot"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sst::Algorithm;

    const KEY: &str = "d8692123c4065dea5e0f3ab5249b39d24f25e3b6";
    const BOB: &str = "sip:bob@example.org";

    fn proofs() -> Vec<Proof> {
        let pgp = |trust| Proof::Pgp { aor: BOB.to_owned(), fingerprint: KEY.to_owned(), trust };
        let digest = |algorithm| Proof::Digest {
            user: "alice".into(),
            realm: "example.org".into(),
            algorithm,
        };
        let mut all = vec![
            Proof::None,
            Proof::AccountHop { account: "sip:alice@example.org".to_owned() },
            pgp(Trust::Pinned),
            pgp(Trust::Unverified),
            Proof::Tls { name: "example.org".to_owned() },
        ];
        all.extend(Algorithm::ALL.map(digest));
        all.push(Proof::Rfc2543 { aor: BOB.to_owned(), fingerprint: KEY.to_owned() });
        all
    }

    fn lines() -> Vec<MediaProtection> {
        let srtp = |secrecy| MediaProtection::Srtp { suite: "AEAD_AES_128_GCM", secrecy };
        vec![
            MediaProtection::None,
            MediaProtection::Rtp,
            srtp(Secrecy::None),
            srtp(Secrecy::Forward),
            srtp(Secrecy::PostQuantum),
        ]
    }

    /// No line, each line, each two and each three of them.
    fn streams() -> Vec<Vec<MediaProtection>> {
        let mut all = vec![Vec::new()];
        for _ in 0..3 {
            let longer = |known: &Vec<MediaProtection>| {
                let known = known.clone();
                lines().into_iter().map(move |line| [known.clone(), vec![line]].concat())
            };
            let more: Vec<_> = all.iter().flat_map(longer).collect();
            all.extend(more);
        }
        all
    }

    fn told(
        proof: &Proof, media: Vec<MediaProtection>, hop: HopProtection, called: bool,
    ) -> String {
        let notes = Vec::new();
        let assurance = Assurance { proof: proof.clone(), hop, media, refused: None, notes };
        sentence(&assurance, called.then_some(BOB))
    }

    /// Promise 20, over all that can be known of a call.
    #[test]
    fn a_sentence_says_no_more_than_holds() {
        let mut said = 0;
        for proof in proofs() {
            for media in streams() {
                for (hop, called) in [
                    (HopProtection::Clear, false),
                    (HopProtection::Clear, true),
                    (HopProtection::Tls, false),
                    (HopProtection::Tls, true),
                ] {
                    let told = told(&proof, media.clone(), hop, called);
                    let all = |fits: fn(&MediaProtection) -> bool| {
                        let mut lines =
                            media.iter().filter(|line| **line != MediaProtection::None).peekable();
                        lines.peek().is_some() && lines.all(fits)
                    };
                    let says = |words: &str| told.contains(words);
                    let sealed = all(|line| matches!(line, MediaProtection::Srtp { .. }));
                    let forward = all(
                        |line| matches!(line, MediaProtection::Srtp { secrecy, .. } if *secrecy > Secrecy::None),
                    );
                    let quantum = all(|line| {
                        let best = Secrecy::PostQuantum;
                        matches!(line, MediaProtection::Srtp { secrecy, .. } if *secrecy == best)
                    });
                    let pinned = matches!(proof, Proof::Pgp { trust: Trust::Pinned, .. });
                    assert_eq!(says("media are encrypted"), sealed, "{told}");
                    let signed = matches!(proof, Proof::Pgp { .. });
                    assert_eq!(says("stay secret"), forward && signed, "{told}");
                    assert_eq!(says("even with a quantum computer"), quantum && signed, "{told}");
                    // What nobody has proved, whoever is on the way of the signalling can undo.
                    assert_eq!(says("can hear them"), sealed && !signed, "{told}");
                    assert_eq!(says("who only listens cannot"), forward && !signed, "{told}");
                    assert_eq!(says("for it alone"), sealed && pinned, "{told}");
                    assert_eq!(says("has proved who it is"), pinned, "{told}");
                    let by_password = matches!(proof, Proof::Digest { .. });
                    assert_eq!(says("to know the password"), by_password, "{told}");
                    let vouched = matches!(proof, Proof::AccountHop { .. } | Proof::Tls { .. });
                    assert_eq!(says("vouches"), vouched, "{told}");
                    let old = matches!(proof, Proof::Rfc2543 { .. });
                    assert_eq!(says("nothing else in this call is proved"), old, "{told}");
                    let over_tls = hop == HopProtection::Tls || matches!(proof, Proof::Tls { .. });
                    assert!(over_tls || !says("signalling") && !says("TLS"), "{told}");
                    assert!(told.ends_with('.') && told.matches(". ").count() == 0, "{told}");
                    said += 1;
                }
            }
        }
        assert_eq!(said, 9 * (1 + 5 + 30 + 180) * 4);
    }

    #[test]
    fn the_sentences() {
        use HopProtection::{Clear, Tls};
        let proofs = proofs();
        let lines = lines();
        for (proof, line, hop, called, expected) in [
            (0, 1, Clear, false, "Nobody has proved who this is; its media are not encrypted."),
            (
                0,
                0,
                Tls,
                false,
                "Nobody has proved who this is; the signalling is encrypted as far as the next server; there are no media yet.",
            ),
            (
                1,
                1,
                Clear,
                true,
                "Nobody has proved who this is, only the registrar or proxy of sip:alice@example.org vouches for it; its media are not encrypted.",
            ),
            (
                2,
                4,
                Clear,
                true,
                "sip:bob@example.org has proved who it is by a signature under its pinned key d8692123c4065dea5e0f3ab5249b39d24f25e3b6; its media are encrypted for it alone, and stay secret from who records them and gets the keys of both sides later, even with a quantum computer.",
            ),
            (
                2,
                2,
                Clear,
                true,
                "sip:bob@example.org has proved who it is by a signature under its pinned key d8692123c4065dea5e0f3ab5249b39d24f25e3b6; its media are encrypted for it alone, and can be heard later by who records them and gets a key of either side.",
            ),
            (
                3,
                3,
                Clear,
                false,
                "Whoever has the key d8692123c4065dea5e0f3ab5249b39d24f25e3b6 has signed, and says to be sip:bob@example.org, but nobody has checked whose key it is; its media are encrypted for whoever has that key, and stay secret from who records them and gets the keys of both sides later, unless with a quantum computer.",
            ),
            (
                4,
                1,
                Tls,
                true,
                "The server of example.org has proved by its TLS certificate that it is that, and vouches for who this is; its media are not encrypted.",
            ),
            (
                0,
                3,
                Clear,
                true,
                "Nobody has proved who this is; its media are encrypted, but for whom is not proved: whoever can change what is signalled on the way can hear them; who only listens cannot, unless with a quantum computer.",
            ),
            (
                0,
                2,
                Clear,
                true,
                "Nobody has proved who this is; its media are encrypted, but not for the peer alone: each SIP server on the way reads their keys, and can hear them.",
            ),
            (
                6,
                1,
                Clear,
                false,
                "alice has proved by Digest (SHA-256) to know the password of that user at example.org; its media are not encrypted.",
            ),
            (
                6,
                1,
                Clear,
                true,
                "sip:bob@example.org has proved by Digest (SHA-256) to know the password of alice at example.org, which both sides know; its media are not encrypted.",
            ),
            (
                8,
                1,
                Clear,
                false,
                "sip:bob@example.org has signed in the old form of RFC 2543, under its pinned key d8692123c4065dea5e0f3ab5249b39d24f25e3b6, that it calls, and nothing else in this call is proved; its media are not encrypted.",
            ),
        ] {
            assert_eq!(told(&proofs[proof], vec![lines[line]], hop, called), expected);
        }
    }
}
