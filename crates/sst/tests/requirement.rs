//! What is required of a peer, where one set meets another.

use sst::{Means, Requirement};

fn all() -> impl Iterator<Item = Requirement> {
    let with = |sets: Vec<Requirement>, means| {
        let more: Vec<_> = sets.iter().map(|set: &Requirement| set.or(means)).collect();
        [sets, more].concat()
    };
    let sets = Means::ALL.into_iter().fold(vec![Requirement::NOTHING], with);
    sets.into_iter().chain([Requirement::IMPOSSIBLE])
}

#[test]
fn a_proof_that_does_for_both_does_for_each_of_them() {
    for (one, other) in all().flat_map(|one| all().map(move |other| (one, other))) {
        let both = one.and(other);
        assert_eq!(both, other.and(one));
        assert_eq!(both.is_nothing(), one.is_nothing() && other.is_nothing());
        for means in Means::ALL.into_iter().filter(|means| both.accepts(*means)) {
            let does = |it: Requirement| it.is_nothing() || it.accepts(means);
            // A signature stands in for what has nothing in common with it.
            let signed = both == Requirement::PGP && (does(one) || does(other));
            assert!(does(one) && does(other) || signed, "{one} and {other}: {both}");
        }
    }
}

#[test]
fn what_no_proof_does_for_is_required_all_the_same() {
    let tls = Requirement::TLS_NAME;
    assert_eq!(Requirement::DIGEST.and(tls), Requirement::IMPOSSIBLE);
    assert_eq!(tls.without(Means::TlsName), Requirement::IMPOSSIBLE);
    for other in all() {
        let both = Requirement::IMPOSSIBLE.and(other);
        assert_eq!(both, Requirement::IMPOSSIBLE, "{other}");
    }
    assert!(Means::ALL.into_iter().all(|means| !Requirement::IMPOSSIBLE.accepts(means)));
    assert_eq!(Requirement::NOTHING.without(Means::Pgp), Requirement::NOTHING);
}

#[test]
fn a_set_is_said_in_words() {
    let either = Requirement::PGP.or(Means::TlsName);
    assert_eq!(either.to_string(), "pgp or tls-name");
    assert_eq!(either.without(Means::Pgp).to_string(), "tls-name");
    assert_eq!(Requirement::NOTHING.to_string(), "nothing");
    assert_eq!(Requirement::IMPOSSIBLE.to_string(), "what no proof does for");
}
