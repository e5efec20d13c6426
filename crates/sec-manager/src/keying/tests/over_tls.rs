//! Keys that travel over TLS hops, in calls that nobody signs. RFC 4568 §7.

use super::*;

const OVER_TLS: Standing = Standing { carried: Carried::Tls, by_sdes: Allowed::Offered, ..PLAIN };
const OVER_TCP: Standing = Standing { carried: Carried::Clear, ..OVER_TLS };

impl Sides {
    /// The caller's offer over TLS, as the callee's media controller reads it.
    fn offered_over_tls(&mut self) -> LineSecurity {
        let offer = sdp(&self.caller.offer(AUDIO, OVER_TLS, &self.platform).unwrap());
        let sent = self.caller.fill(Direction::Request, offer, OVER_TLS, &self.platform).unwrap();
        line(&self.callee.empty(Direction::Request, sent, OVER_TLS).unwrap())
    }

    /// The callee's answer likewise.
    fn answered_over_tls(&mut self, offered: &LineSecurity) -> LineSecurity {
        let answer = sdp(&self.callee.answer(AUDIO, OVER_TLS, offered, &self.platform).unwrap());
        let sent = self.callee.fill(Direction::Response, answer, OVER_TLS, &self.platform).unwrap();
        line(&self.caller.empty(Direction::Response, sent, OVER_TLS).unwrap())
    }

    fn agreed_over_tls(&mut self) -> [MediaGuard; 2] {
        let offered = self.offered_over_tls();
        let answered = self.answered_over_tls(&offered);
        self.caller.judge(AUDIO, OVER_TLS, &answered).unwrap();
        [&mut self.caller, &mut self.callee].map(|side| ready(side, OVER_TLS).unwrap())
    }
}

#[test]
fn a_call_over_tls_is_keyed_by_what_travels_and_is_not_said_to_be_secret_later() {
    let mut sides = Sides::default();
    let offered = sides.offered_over_tls();
    assert_eq!(offered.profile, Profile::Savp);
    let names: Vec<_> = offered.attributes.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["crypto", "crypto"], "nothing is agreed on that nobody signs");
    let [mut caller, mut callee] = sides.agreed_over_tls();
    talk(&mut caller, &mut callee, 1).unwrap();
    talk(&mut callee, &mut caller, 1).unwrap();
    for side in [&sides.caller, &sides.callee] {
        let protections = side.protections();
        let [MediaProtection::Srtp { secrecy, .. }] = &protections[..] else {
            panic!("{protections:?}")
        };
        assert_eq!(*secrecy, Secrecy::None);
    }
}

/// M06: what would leave in the clear does not, and what came so is not answered.
#[test]
fn m06_over_another_hop_than_tls_no_key_leaves_and_none_counts() {
    let mut sides = Sides::default();
    let offer = sdp(&sides.caller.offer(AUDIO, OVER_TLS, &sides.platform).unwrap());
    let refused = sides.caller.fill(Direction::Request, offer.clone(), OVER_TCP, &sides.platform);
    assert_eq!(refused.unwrap_err().status, 488);
    let sent = sides.caller.fill(Direction::Request, offer, OVER_TLS, &sides.platform).unwrap();
    let got = sides.callee.empty(Direction::Request, sent.clone(), OVER_TCP).unwrap();
    let answer = sides.callee.answer(AUDIO, OVER_TCP, &line(&got), &sides.platform);
    assert_eq!(answer, Err(Refused::Profile));
    // Nor where policy does not take them.
    let no = Standing { by_sdes: Allowed::No, ..OVER_TLS };
    let got = sides.callee.empty(Direction::Request, sent, no).unwrap();
    assert_eq!(sides.callee.answer(AUDIO, no, &line(&got), &sides.platform), Err(Refused::Profile));
    // An answer in the clear has no keys either.
    let offered = sides.offered_over_tls();
    let answer = sdp(&sides.callee.answer(AUDIO, OVER_TLS, &offered, &sides.platform).unwrap());
    let refused = sides.callee.fill(Direction::Response, answer.clone(), OVER_TCP, &sides.platform);
    assert_eq!(refused.unwrap_err().status, 488);
    let sent = sides.callee.fill(Direction::Response, answer, OVER_TLS, &sides.platform).unwrap();
    let got = line(&sides.caller.empty(Direction::Response, sent, OVER_TCP).unwrap());
    assert_eq!(sides.caller.judge(AUDIO, OVER_TCP, &got), Err(Refused::Attributes));
}

/// A call that the peer must sign takes no keys that its servers have read, neither offered nor answered.
#[test]
fn keys_that_servers_read_do_for_no_call_that_the_peer_must_sign() {
    let signed = Standing { require: Requirement::PGP, authenticated: true, ..OVER_TLS };
    let mut sides = Sides::default();
    let offer = sdp(&sides.caller.offer(AUDIO, OVER_TLS, &sides.platform).unwrap());
    let refused = sides.caller.fill(Direction::Request, offer.clone(), signed, &sides.platform);
    assert_eq!(refused.unwrap_err().status, 488);
    let sent = sides.caller.fill(Direction::Request, offer, OVER_TLS, &sides.platform).unwrap();
    let got = line(&sides.callee.empty(Direction::Request, sent.clone(), signed).unwrap());
    assert_eq!(sides.callee.answer(AUDIO, signed, &got, &sides.platform), Err(Refused::Profile));
    // Where it became one only after they had come.
    let got = line(&sides.callee.empty(Direction::Request, sent, OVER_TLS).unwrap());
    assert_eq!(sides.callee.answer(AUDIO, signed, &got, &sides.platform), Err(Refused::Profile));
    let offered = sides.offered_over_tls();
    let answered = sides.answered_over_tls(&offered);
    assert_eq!(sides.caller.judge(AUDIO, signed, &answered), Err(Refused::Profile));
}

/// M09: what was offered with keys is answered with keys, and stays so, whoever offers next.
#[test]
fn m09_media_keyed_over_tls_never_become_plain() {
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    let mut sides = Sides::default();
    sides.offered_over_tls();
    sides.caller.empty(Direction::Response, sdp(&plain), OVER_TLS).unwrap();
    assert_eq!(sides.caller.judge(AUDIO, OVER_TLS, &plain), Err(Refused::Downgrade));
    let mut sides = Sides::default();
    sides.agreed_over_tls();
    sides.callee.empty(Direction::Request, sdp(&plain), OVER_TLS).unwrap();
    let taken = Standing { by_sdes: Allowed::Taken, ..OVER_TLS };
    for standing in [OVER_TLS, taken, PLAIN] {
        let answer = sides.callee.answer(AUDIO, standing, &plain, &sides.platform);
        assert_eq!(answer, Err(Refused::Profile));
        let offer = sides.callee.offer(AUDIO, standing, &sides.platform).unwrap();
        assert_eq!(offer.profile, Profile::Savp, "nor do we offer less: {standing:?}");
    }
}

/// Offer and answer once more, the caller's media and the callee's in these places; what each side is
/// handed out.
fn again(sides: &mut Sides, places: [&str; 2]) -> [ssm::Guard; 2] {
    let Sides { caller, callee, platform } = sides;
    let moved = |body: Body, place: &str| {
        let text = String::from_utf8(body.octets).unwrap();
        Body { octets: text.replace("v=0\r\nm=audio 4000 ", place).into_bytes(), ..body }
    };
    let offer = moved(sdp(&caller.offer(AUDIO, OVER_TLS, platform).unwrap()), places[0]);
    let sent = caller.fill(Direction::Request, offer, OVER_TLS, platform).unwrap();
    let offered = line(&callee.empty(Direction::Request, sent, OVER_TLS).unwrap());
    let answer = callee.answer(AUDIO, OVER_TLS, &offered, platform).unwrap();
    let sent = moved(sdp(&answer), places[1]);
    let sent = callee.fill(Direction::Response, sent, OVER_TLS, platform).unwrap();
    let answered = line(&caller.empty(Direction::Response, sent, OVER_TLS).unwrap());
    caller.judge(AUDIO, OVER_TLS, &answered).unwrap();
    [caller, callee].map(|side| side.guard(AUDIO, OVER_TLS, || ()).unwrap())
}

/// Puts what was handed out in the place of what was there.
fn change(guard: &mut MediaGuard, by: ssm::Guard) -> &'static str {
    let name = by.name();
    match by {
        ssm::Guard::Ready(new) => *guard = new,
        ssm::Guard::Sealer(sealer) => guard.sealer = sealer,
        ssm::Guard::Opener(opener) => guard.opener = opener,
        ssm::Guard::Kept => {}
        other => panic!("{}", other.name()),
    }
    name
}

/// RFC 4568 §7.1.4: whose media move makes another key, and what is counted under the other one goes on,
/// M01: what was heard under it is not heard again.
#[test]
fn m01_a_key_that_stays_goes_on_counting() {
    const HERE: &str = "v=0\r\nm=audio 4000 ";
    const PORT: &str = "v=0\r\nm=audio 5000 ";
    const ADDRESS: &str = "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5000 ";
    let mut sides = Sides::default();
    let [mut caller, mut callee] = sides.agreed_over_tls();
    let plain = [0x80, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9];
    let mut recorded = [plain.as_slice(), &[0; 20]].concat();
    let length = callee.sealer.seal_rtp(&mut recorded, plain.len()).unwrap();
    recorded.truncate(length);
    caller.opener.open_rtp(&mut recorded.clone()).unwrap();
    let mut sequence = 1;
    for (places, told) in [
        ([HERE, HERE], ["as before", "as before"]),
        ([PORT, HERE], ["sealer", "opener"]),
        ([PORT, PORT], ["opener", "sealer"]),
        ([PORT, PORT], ["as before", "as before"]),
        ([ADDRESS, PORT], ["sealer", "opener"]),
        ([HERE, HERE], ["sealer and opener", "sealer and opener"]),
    ] {
        let [ours, theirs] = again(&mut sides, places);
        let names = [change(&mut caller, ours), change(&mut callee, theirs)];
        assert_eq!(names, told, "{places:?}");
        sequence += 1;
        talk(&mut caller, &mut callee, sequence).unwrap();
        talk(&mut callee, &mut caller, sequence).unwrap();
        let replayed = caller.opener.open_rtp(&mut recorded.clone());
        assert!(replayed.is_err(), "{places:?}");
    }
}

/// One offer, and answers of two who were called, one of them twice: our key is one, and no sealer begins
/// under it again.
#[test]
fn an_offer_that_is_answered_more_than_once_is_sealed_by_one_sealer() {
    let Sides { mut caller, callee: mut first, platform } = Sides::default();
    let mut second = CallMedia::default();
    let offer = sdp(&caller.offer(AUDIO, OVER_TLS, &platform).unwrap());
    let sent = caller.fill(Direction::Request, offer, OVER_TLS, &platform).unwrap();
    let answer = |callee: &mut CallMedia| {
        let offered = line(&callee.empty(Direction::Request, sent.clone(), OVER_TLS).unwrap());
        let answer = sdp(&callee.answer(AUDIO, OVER_TLS, &offered, &platform).unwrap());
        callee.fill(Direction::Response, answer, OVER_TLS, &platform).unwrap()
    };
    let [one, other] = [answer(&mut first), answer(&mut second)];
    let mut handed = |answer: &Body| {
        let answered = line(&caller.empty(Direction::Response, answer.clone(), OVER_TLS).unwrap());
        caller.judge(AUDIO, OVER_TLS, &answered).unwrap();
        caller.guard(AUDIO, OVER_TLS, || ()).unwrap()
    };
    let mut guard = handed(&one).ready().unwrap();
    assert_eq!(handed(&one).name(), "as before", "early media, and then the 2xx");
    let [mut first, mut second] = [first, second].map(|mut it| ready(&mut it, OVER_TLS).unwrap());
    talk(&mut guard, &mut first, 1).unwrap();
    talk(&mut first, &mut guard, 1).unwrap();
    assert_eq!(change(&mut guard, handed(&other)), "opener");
    talk(&mut guard, &mut second, 2).unwrap();
    talk(&mut second, &mut guard, 2).unwrap();
}

#[test]
fn policy_says_whether_keys_over_tls_are_offered_and_how_secret_they_must_be() {
    let (mut media, platform) = (CallMedia::default(), Counted::default());
    for (by_sdes, by_dtls, secrecy, offered) in [
        (Allowed::No, Allowed::No, Secrecy::None, Ok(Profile::Avp)),
        (Allowed::Taken, Allowed::No, Secrecy::None, Ok(Profile::Avp)),
        (Allowed::Offered, Allowed::No, Secrecy::None, Ok(Profile::Savp)),
        (Allowed::Offered, Allowed::No, Secrecy::Forward, Err(Refused::Secrecy)),
        (Allowed::Offered, Allowed::Taken, Secrecy::None, Ok(Profile::Savp)),
    ] {
        let standing = Standing { by_sdes, by_dtls, secrecy, ..OVER_TLS };
        let offer = media.offer(AUDIO, standing, &platform).map(|line| line.profile);
        assert_eq!(offer, offered, "{standing:?}");
    }
    let mut sides = Sides::default();
    let offered = sides.offered_over_tls();
    let forward = Standing { secrecy: Secrecy::Forward, ..OVER_TLS };
    let answer = sides.callee.answer(AUDIO, forward, &offered, &sides.platform);
    assert_eq!(answer, Err(Refused::Secrecy));
}

/// A key is of one suite: where another is agreed on, both sides have others.
#[test]
fn another_suite_has_another_key() {
    let mut sides = Sides::default();
    let [mut caller, mut callee] = sides.agreed_over_tls();
    let mut offered = sides.offered_over_tls();
    offered.attributes.remove(0);
    let answered = sides.answered_over_tls(&offered);
    sides.caller.judge(AUDIO, OVER_TLS, &answered).unwrap();
    for (side, guard) in [(&mut sides.caller, &mut caller), (&mut sides.callee, &mut callee)] {
        let new = side.guard(AUDIO, OVER_TLS, || ()).unwrap();
        assert_eq!(change(guard, new), "sealer and opener");
    }
    talk(&mut caller, &mut callee, 2).unwrap();
    talk(&mut callee, &mut caller, 2).unwrap();
}

/// Each line by itself: one without keys is answered as one without.
#[test]
fn a_line_that_was_offered_in_the_clear_is_answered_so_beside_one_with_keys() {
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    let mut sides = Sides::default();
    sides.offered_over_tls();
    assert_eq!(sides.caller.judge(Line(1), OVER_TLS, &plain), Ok(()));
    assert_eq!(sides.caller.judge(AUDIO, OVER_TLS, &plain), Err(Refused::Downgrade));
}

/// M09: nor are media that have keys keyed by a handshake later.
#[cfg(feature = "dtls")]
#[test]
fn m09_what_has_keys_is_not_keyed_by_dtls_later() {
    let by_dtls = Standing { by_dtls: Allowed::Offered, ..PLAIN };
    let platform = Counted::default();
    let offered = CallMedia::default().offer(AUDIO, by_dtls, &platform).unwrap();
    let mut sides = Sides::default();
    sides.agreed_over_tls();
    let both = Standing { by_dtls: Allowed::Taken, ..OVER_TLS };
    let answer = sides.callee.answer(AUDIO, both, &offered, &platform);
    assert_eq!(answer, Err(Refused::Profile));
    // Where the peer must sign, so must what names its certificate.
    let mut media = CallMedia::default();
    let offered = media.offer(AUDIO, by_dtls, &platform).unwrap();
    let answered = CallMedia::default().answer(AUDIO, by_dtls, &offered, &platform).unwrap();
    let signed = Standing { require: Requirement::PGP, authenticated: true, ..by_dtls };
    assert_eq!(media.judge(AUDIO, signed, &answered), Err(Refused::Profile));
    assert_eq!(media.judge(AUDIO, by_dtls, &answered), Ok(()));
}
