//! Two sides of a call, from their descriptions to sealed packets; and who stands between them.

mod against_openssl;

use super::super::tests::Counted;
use super::super::*;
use proptest::prelude::*;
use ssm::{Attribute, Guard, Handshake, MediaGuard};
use sst::Requirement;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

const AUDIO: Line = Line(0);
/// Nothing is required, and DTLS is offered.
const OPEN: Standing = Standing {
    require: Requirement::NOTHING,
    authenticated: false,
    carried: Carried::Clear,
    secrecy: Secrecy::None,
    by_dtls: Allowed::Offered,
    by_sdes: Allowed::No,
};
const SIGNED: Standing =
    Standing { require: Requirement::PGP, authenticated: true, carried: Carried::Sealed, ..OPEN };

#[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
fn start() -> Instant {
    Instant::now()
}

type Driven = Box<dyn Handshake>;

#[derive(Default)]
struct Sides {
    caller: CallMedia,
    callee: CallMedia,
    platform: Counted,
}

impl Sides {
    fn offered(&mut self) -> LineSecurity {
        self.caller.offer(AUDIO, OPEN, &self.platform).unwrap()
    }

    fn answered(&mut self, offered: &LineSecurity) -> LineSecurity {
        self.callee.answer(AUDIO, OPEN, offered, &self.platform).unwrap()
    }

    /// Offer and answer, as `meddle` lets them through.
    fn agreed(&mut self, meddle: impl Fn(LineSecurity) -> LineSecurity) -> [Guard; 2] {
        let offered = meddle(self.offered());
        let answered = meddle(self.answered(&offered));
        self.caller.judge(AUDIO, OPEN, &answered).unwrap();
        let caller = self.caller.guard(AUDIO, OPEN, || ()).unwrap();
        [caller, self.callee.guard(AUDIO, OPEN, || ()).unwrap()]
    }
}

fn driven(guard: Guard) -> Driven {
    match guard {
        Guard::Handshake(handshake) => handshake,
        guard => panic!("no handshake: {}", guard.name()),
    }
}

fn value<'a>(line: &'a LineSecurity, name: &str) -> &'a str {
    &line.attributes.iter().find(|attribute| attribute.name == name).unwrap().value
}

fn with(mut line: LineSecurity, name: &str, value: Option<&str>) -> LineSecurity {
    line.attributes.retain(|attribute| attribute.name != name);
    let attribute = value.map(|it| Attribute { name: name.to_owned(), value: it.to_owned() });
    line.attributes.extend(attribute);
    line
}

type Outcome = Option<Result<MediaGuard, Refused>>;

/// Runs handshakes against each other until nothing is left to do, over a way of 10 ms that loses the
/// datagrams that `lost` names by their number. Returns how they ended, and how long it took.
fn run(sides: &mut [Driven; 2], lost: &mut dyn FnMut(u32) -> bool) -> ([Outcome; 2], Duration) {
    let start = start();
    let (mut now, mut number) = (start, 0);
    let mut outcomes = [None, None];
    let mut way: Vec<(Instant, usize, Vec<u8>)> = Vec::new();
    sides.iter_mut().for_each(|side| side.on_timeout(now));
    for _ in 0..10_000 {
        for (from, side) in sides.iter_mut().enumerate() {
            while let Some(datagram) = side.poll_datagram() {
                number += 1;
                if !lost(number) {
                    way.push((now + Duration::from_millis(10), 1 - from, datagram));
                }
            }
            if outcomes[from].is_none() {
                outcomes[from] = side.poll_outcome();
            }
        }
        if outcomes.iter().all(Option::is_some) && way.is_empty() {
            break;
        }
        let timers = sides.iter().filter_map(|side| side.poll_timeout());
        let Some(next) = timers.chain(way.iter().map(|(at, ..)| *at)).min() else { break };
        now = next.max(now);
        let arrived = way.iter().position(|(at, ..)| *at <= now);
        if let Some(place) = arrived {
            let (_, to, datagram) = way.remove(place);
            sides[to].on_datagram(now, &datagram);
        } else {
            sides
                .iter_mut()
                .filter(|it| it.poll_timeout() <= Some(now))
                .for_each(|it| it.on_timeout(now));
        }
    }
    (outcomes, now - start)
}

fn talk([from, to]: [&mut MediaGuard; 2], sequence: u8) -> Result<(), ssm::PacketError> {
    let plain = [0x80, 0, 0, sequence, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9];
    let mut buffer = [plain.as_slice(), &[0; 20]].concat();
    let length = from.sealer.seal_rtp(&mut buffer, plain.len())?;
    assert_ne!(buffer[12..16], plain[12..]);
    let opened = to.opener.open_rtp(&mut buffer[..length])?;
    assert_eq!(buffer[..opened], plain);
    Ok(())
}

fn keyed(outcomes: [Outcome; 2]) -> [MediaGuard; 2] {
    outcomes.map(|outcome| outcome.expect("it has ended").expect("with keys"))
}

fn refused(outcome: &Outcome) -> Option<Refused> {
    outcome.as_ref().and_then(|outcome| outcome.as_ref().err().copied())
}

#[test]
fn a_handshake_ends_in_keys_that_both_sides_have() {
    let mut sides = Sides::default();
    let handshakes = sides.agreed(|line| line).map(driven);
    for side in [&sides.caller, &sides.callee] {
        assert_eq!(side.protections(), [MediaProtection::None], "there are no keys yet");
    }
    let (outcomes, took) = run(&mut { handshakes }, &mut |_| false);
    let [mut caller, mut callee] = keyed(outcomes);
    talk([&mut caller, &mut callee], 1).unwrap();
    talk([&mut callee, &mut caller], 1).unwrap();
    assert!(took < Duration::from_millis(100), "{took:?}");
    let srtp = MediaProtection::Srtp { suite: "AEAD_AES_256_GCM", secrecy: Secrecy::Forward };
    for side in [&sides.caller, &sides.callee] {
        assert_eq!(side.protections(), [srtp]);
    }
}

/// RFC 4145 §4.1: who answers and names no role waits for the other side.
#[test]
fn an_answer_without_a_role_is_passive() {
    let mut sides = Sides::default();
    let offered = with(sides.offered(), "setup", Some("active"));
    let answered = with(sides.answered(&offered), "setup", None);
    sides.caller.judge(AUDIO, OPEN, &answered).unwrap();
    let guards = [&mut sides.caller, &mut sides.callee].map(|it| it.guard(AUDIO, OPEN, || ()));
    let (outcomes, _) = run(&mut guards.map(|guard| driven(guard.unwrap())), &mut |_| false);
    keyed(outcomes);
}

#[test]
fn either_side_may_begin() {
    for (offers, answers) in [("actpass", "active"), ("active", "passive"), ("passive", "active")] {
        let mut sides = Sides::default();
        let offered = with(sides.offered(), "setup", Some(offers));
        let answered = sides.answered(&offered);
        assert_eq!(value(&answered, "setup"), answers);
        sides.caller.judge(AUDIO, OPEN, &answered).unwrap();
        let caller = sides.caller.guard(AUDIO, OPEN, || ()).unwrap();
        let callee = sides.callee.guard(AUDIO, OPEN, || ()).unwrap();
        let (outcomes, _) = run(&mut [caller, callee].map(driven), &mut |_| false);
        let [mut caller, mut callee] = keyed(outcomes);
        talk([&mut caller, &mut callee], 1).unwrap();
        talk([&mut callee, &mut caller], 1).unwrap();
    }
}

/// M14, RFC 8844: a fingerprint names one call. Whoever copies it into another has no key for it, nor has
/// whoever made it, in that other call.
#[test]
fn m14_each_call_has_a_certificate_of_its_own() {
    let [one, other] = [Sides::default().offered(), Sides::default().offered()];
    assert_ne!(value(&one, "fingerprint"), value(&other, "fingerprint"));
}

/// What tells a user is told once the keys are there, and not before.
#[test]
fn whoever_handed_it_out_hears_of_the_keys() {
    let mut sides = Sides::default();
    let offered = sides.offered();
    let answered = sides.answered(&offered);
    sides.caller.judge(AUDIO, OPEN, &answered).unwrap();
    let told = std::sync::Arc::new(AtomicU8::new(0));
    let count = std::sync::Arc::clone(&told);
    let tell = move || _ = count.fetch_add(1, Ordering::Relaxed);
    let caller = sides.caller.guard(AUDIO, OPEN, tell).unwrap();
    let callee = sides.callee.guard(AUDIO, OPEN, || ()).unwrap();
    let mut handshakes = [caller, callee].map(driven);
    assert_eq!(told.load(Ordering::Relaxed), 0);
    run(&mut handshakes, &mut |_| false);
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

#[test]
#[cfg_attr(feature = "dtls-openssl", ignore = "takes minutes by the clock that OpenSSL goes by")]
fn a_third_of_all_datagrams_may_be_lost() {
    for seed in 0..20u32 {
        let mut sides = Sides::default();
        let handshakes = sides.agreed(|line| line).map(driven);
        let mut random = seed.wrapping_mul(2_654_435_761) | 1;
        let mut lost = |_| {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            random % 10 < 3
        };
        let (outcomes, took) = run(&mut { handshakes }, &mut lost);
        assert!(took < Duration::from_secs(10), "{seed}: {took:?}");
        let [mut caller, mut callee] = keyed(outcomes);
        talk([&mut caller, &mut callee], 1).unwrap();
        talk([&mut callee, &mut caller], 1).unwrap();
    }
}

#[test]
fn a_peer_that_never_answers_is_given_up_after_ten_seconds() {
    let mut sides = Sides::default();
    let handshakes = sides.agreed(|line| line).map(driven);
    let (outcomes, took) = run(&mut { handshakes }, &mut |_| true);
    for outcome in &outcomes {
        assert_eq!(refused(outcome), Some(Refused::Handshake));
    }
    assert_eq!(took, Duration::from_secs(10));
    // What failed before the call was answered may be tried again.
    let again = sides.caller.guard(AUDIO, OPEN, || ()).unwrap();
    let callee = sides.callee.guard(AUDIO, OPEN, || ()).unwrap();
    keyed(run(&mut [again, callee].map(driven), &mut |_| false).0);
    assert_eq!(sides.caller.guard(AUDIO, OPEN, || ()).err(), Some(Refused::Unknown));
}

/// A DTLS record in plain text, as anybody can make one. RFC 6347 §4.1.
fn record(kind: u8, sequence: u8, body: &[u8]) -> Vec<u8> {
    let header = [kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, sequence, 0, body.len() as u8];
    [&header[..], body].concat()
}

/// RFC 6347 §4.1.2.7: before there are keys, anybody can have sent it. 40 is `handshake_failure`.
#[test]
fn m08_an_alert_that_nobody_signed_ends_no_handshake() {
    let mut sides = Sides::default().agreed(|line| line).map(driven);
    for side in &mut sides {
        side.on_timeout(start());
        side.on_datagram(start(), &record(21, 7, &[2, 40]));
    }
    keyed(run(&mut sides, &mut |_| false).0);
}

/// Where nothing follows, it is believed what it says.
#[test]
fn an_alert_is_told_where_a_handshake_comes_to_nothing() {
    for (alert, told) in [(40, Refused::NothingInCommon), (80, Refused::Handshake)] {
        let [side, _] = Sides::default().agreed(|line| line);
        let mut side = driven(side);
        let start = start();
        side.on_timeout(start);
        side.on_datagram(start, &record(21, 7, &[2, alert]));
        assert!(side.poll_outcome().is_none(), "{alert}");
        while let Some(due) = side.poll_timeout() {
            assert!(due <= start + Duration::from_secs(10));
            side.on_timeout(due);
        }
        assert_eq!(refused(&side.poll_outcome()), Some(told), "{alert}");
    }
}

/// Handshake messages of which those before never come. RFC 6347 §4.2.2.
#[test]
fn m08_more_than_is_waited_with_ends_no_handshake() {
    let [side, _] = Sides::default().agreed(|line| line);
    let mut side = driven(side);
    side.on_timeout(start());
    for number in 0..50 {
        let message = [&[2, 0, 0, 38, 0, 100 + number, 0, 0, 0, 0, 0, 38][..], &[0; 38]].concat();
        side.on_datagram(start(), &record(22, number, &message));
    }
    assert!(side.poll_outcome().is_none());
}

/// A ClientHello and a ServerHello that nobody can read, as anybody can send them under the peer's
/// address: OpenSSL gives up with them, `dimpl` waits for what they stand in the place of.
#[test]
fn a_message_that_cannot_be_read_gives_no_keys() {
    let mut sides = Sides::default().agreed(|line| line).map(driven);
    for (side, kind) in sides.iter_mut().zip([1, 2]) {
        side.on_timeout(start());
        let message = [&[kind, 0, 0, 38, 0, 0, 0, 0, 0, 0, 0, 38][..], &[0xff; 38]].concat();
        side.on_datagram(start(), &record(22, 7, &message));
    }
    let (outcomes, _) = run(&mut sides, &mut |_| false);
    assert_eq!(outcomes.each_ref().map(refused), [Some(Refused::Handshake); 2]);
}

/// However often a stranger begins, and whether or not what is said to it is sent.
#[test]
fn what_waits_to_be_sent_is_bounded() {
    let [passive, active] = Sides::default().agreed(|line| line);
    let [mut passive, mut active] = [passive, active].map(driven);
    active.on_timeout(start());
    let mut hello = active.poll_datagram().unwrap();
    let mut asked = 0;
    for number in 0..200 {
        hello[10] = number;
        passive.on_datagram(start(), &hello);
        asked += usize::from(number == 0 && passive.poll_datagram().is_some());
    }
    assert_eq!(asked, 1, "it is asked for a cookie");
    let waiting = std::iter::from_fn(|| passive.poll_datagram()).count();
    assert!((1..=32).contains(&waiting), "{waiting}");
}

/// M07: whoever changes no description can show no certificate of another.
#[test]
fn m07_another_certificate_than_the_one_that_was_named_gets_no_keys() {
    for passive in [false, true] {
        let (mut sides, mut mallory) = (Sides::default(), Sides::default());
        let [caller, callee] = sides.agreed(|line| line);
        // Mallory answers in the callee's place, or begins in it, and takes whoever is there.
        let honest = if passive { &mut sides.callee } else { &mut sides.caller };
        let shown = honest.offer(AUDIO, OPEN, &sides.platform).unwrap();
        let setup = Some(if passive { "active" } else { "actpass" });
        mallory.answered(&with(shown, "setup", setup));
        let stranger = driven(mallory.callee.guard(AUDIO, OPEN, || ()).unwrap());
        let honest = driven(if passive { callee } else { caller });
        let (outcomes, _) = run(&mut [honest, stranger], &mut |_| false);
        assert_eq!(refused(&outcomes[0]), Some(Refused::Fingerprint));
        assert!(!matches!(outcomes[1], Some(Ok(_))), "nor has Mallory any");
        let side = if passive { &sides.callee } else { &sides.caller };
        assert_eq!(side.protections(), [MediaProtection::None]);
    }
}

/// M07: a description that names no certificate, or only by a hash that can be forged, is refused.
#[test]
fn m07_a_weak_fingerprint_or_none_is_refused() {
    let sha1 = "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB";
    for (name, value) in
        [("fingerprint", None), ("fingerprint", Some(sha1)), ("setup", Some("holdconn"))]
    {
        let mut sides = Sides::default();
        let offered = with(sides.offered(), name, value);
        let answer = sides.callee.answer(AUDIO, OPEN, &offered, &sides.platform);
        assert_eq!(answer, Err(Refused::Attributes), "{name} {value:?}");
        let offered = sides.offered();
        let answered = with(sides.answered(&offered), name, value);
        let judged = sides.caller.judge(AUDIO, OPEN, &answered);
        assert_eq!(judged, Err(Refused::Attributes), "{name} {value:?}");
    }
    let mut sides = Sides::default();
    let offered = sides.offered();
    let undecided = with(sides.answered(&offered), "setup", Some("actpass"));
    assert_eq!(sides.caller.judge(AUDIO, OPEN, &undecided), Err(Refused::Attributes));
}

/// M09: what was offered to be keyed so is not answered otherwise, and does not become plain later.
#[test]
fn m09_media_keyed_by_dtls_never_become_plain_nor_keyed_otherwise() {
    let plain = |profile| LineSecurity { profile, attributes: Vec::new() };
    let mut sides = Sides::default();
    sides.offered();
    for profile in [Profile::Avp, Profile::Avpf, Profile::Savp, Profile::TlsSavpf] {
        let judged = sides.caller.judge(AUDIO, OPEN, &plain(profile));
        let why = if profile.is_secure() { Refused::Profile } else { Refused::Downgrade };
        assert_eq!(judged, Err(why), "{}", profile.name());
    }
    sides.agreed(|line| line);
    for profile in [Profile::Avp, Profile::Avpf, Profile::Savp] {
        for line in [AUDIO, Line(1)] {
            let answer = sides.callee.answer(line, OPEN, &plain(profile), &sides.platform);
            assert_eq!(answer, Err(Refused::Profile), "{}", profile.name());
        }
    }
    assert_eq!(sides.callee.guard(Line(1), OPEN, || ()).err(), Some(Refused::Downgrade));
    let no = Standing { by_dtls: Allowed::Taken, ..OPEN };
    let again = sides.callee.offer(AUDIO, no, &sides.platform).unwrap();
    assert_eq!(again.profile, Profile::TlsSavp, "our own offers go on as well");
}

#[test]
fn policy_says_whether_it_is_offered_and_taken() {
    let standing = |by_dtls, secrecy| Standing { by_dtls, secrecy, ..OPEN };
    let mut sides = Sides::default();
    let offered = sides.offered();
    let platform = Counted::default();
    for (by_dtls, secrecy, offers, takes) in [
        (Allowed::No, Secrecy::None, Ok(Profile::Avp), Err(Refused::ByDtls)),
        (Allowed::No, Secrecy::Forward, Err(Refused::Secrecy), Err(Refused::ByDtls)),
        (Allowed::Taken, Secrecy::None, Ok(Profile::Avp), Ok(Profile::TlsSavp)),
        (Allowed::Taken, Secrecy::Forward, Err(Refused::Secrecy), Ok(Profile::TlsSavp)),
        (Allowed::Offered, Secrecy::Forward, Ok(Profile::TlsSavp), Ok(Profile::TlsSavp)),
        (Allowed::Offered, Secrecy::PostQuantum, Err(Refused::Secrecy), Err(Refused::Secrecy)),
    ] {
        let (standing, mut media) = (standing(by_dtls, secrecy), CallMedia::default());
        let offer = media.offer(AUDIO, standing, &platform).map(|line| line.profile);
        assert_eq!(offer, offers, "{standing:?}");
        let mut media = CallMedia::default();
        let answer = media.answer(AUDIO, standing, &offered, &platform).map(|line| line.profile);
        assert_eq!(answer, takes, "{standing:?}");
    }
}

/// In a call under OpenPGP the key agreement stays what is offered, and a handshake counts only where
/// the fingerprint stands under the peer's signature.
#[test]
fn under_a_signature_it_is_taken_and_not_offered() {
    let platform = Counted::default();
    let offer = CallMedia::default().offer(AUDIO, SIGNED, &platform).unwrap();
    assert_eq!(offer.profile, Profile::Savp);
    let offered = Sides::default().offered();
    let sdp = |octets: &[u8]| Body {
        content_type: Some(b"application/sdp".to_vec()),
        octets: octets.to_vec(),
    };
    for (carried, expected) in
        [(Carried::Sealed, Ok(Profile::TlsSavp)), (Carried::Clear, Err(Refused::Profile))]
    {
        let mut media = CallMedia::default();
        let standing = Standing { carried, ..SIGNED };
        media.empty(Direction::Request, sdp(b"v=0\r\n"), standing).unwrap();
        let answer = media.answer(AUDIO, SIGNED, &offered, &platform);
        assert_eq!(answer.map(|line| line.profile), expected);
    }
    let mut media = CallMedia::default();
    let unproved = Standing { authenticated: false, ..SIGNED };
    assert_eq!(media.guard(AUDIO, unproved, || ()).err(), Some(Refused::NotAuthenticated), "S07");
}

/// RFC 8842 §3.1: what changes neither role nor fingerprint nor tls-id changes no keys.
#[test]
fn a_later_offer_keeps_the_association_or_begins_another() {
    let mut sides = Sides::default();
    let first = sides.offered();
    let _begun = sides.agreed(|line| line);
    let kept = sides.agreed(|line| line);
    assert!(kept.iter().all(|guard| matches!(guard, Guard::Kept)));
    let (again, from_callee) =
        (sides.offered(), sides.callee.offer(AUDIO, OPEN, &sides.platform).unwrap());
    assert_eq!(again, first, "nothing of it is changed");
    assert_eq!(value(&from_callee, "setup"), "actpass");
    let answered = sides.caller.answer(AUDIO, OPEN, &from_callee, &sides.platform).unwrap();
    assert_eq!(value(&answered, "setup"), "passive", "the roles stay");
    sides.callee.judge(AUDIO, OPEN, &answered).unwrap();
    assert!(matches!(sides.callee.guard(AUDIO, OPEN, || ()).unwrap(), Guard::Kept));

    let other = Sides::default().offered();
    for (name, value) in [
        ("fingerprint", value(&other, "fingerprint")),
        ("tls-id", "abc3de65cddef001be82"),
        ("setup", "active"),
    ] {
        let mut sides = Sides::default();
        let _begun = sides.agreed(|line| line);
        let before = sides.callee.offer(AUDIO, OPEN, &sides.platform).unwrap();
        let offered = with(sides.offered(), name, Some(value));
        let answered = sides.answered(&offered);
        let id = |line| self::value(line, "tls-id").to_owned();
        assert_ne!(id(&answered), id(&before), "{name}: RFC 8842 §5.3");
        driven(sides.callee.guard(AUDIO, OPEN, || ()).unwrap());
        sides.caller.judge(AUDIO, OPEN, &answered).unwrap();
        driven(sides.caller.guard(AUDIO, OPEN, || ()).unwrap());
    }
}

/// RFC 8842 §4: of who does not know of `tls-id`, a new address says what that would have.
#[test]
fn without_a_tls_id_a_new_address_begins_another() {
    for (has_id, kept) in [(false, false), (true, true)] {
        let mut sides = Sides::default();
        let legacy = |line: LineSecurity| {
            let id = has_id.then(|| value(&line, "tls-id").to_owned());
            with(line, "tls-id", id.as_deref())
        };
        let offered = legacy(sides.offered());
        let answered = sides.answered(&offered);
        assert_eq!(answered.attributes.iter().any(|it| it.name == "tls-id"), has_id);
        let _begun = sides.callee.guard(AUDIO, OPEN, || ()).unwrap();
        sides.answered(&offered);
        let as_it_was = sides.callee.guard(AUDIO, OPEN, || ()).unwrap();
        assert!(matches!(as_it_was, Guard::Kept));
        sides.answered(&offered);
        sides.callee.moved(AUDIO);
        let moved = sides.callee.guard(AUDIO, OPEN, || ()).unwrap();
        assert_eq!(matches!(moved, Guard::Kept), kept);
    }
}

/// Who gives a handshake up has it begun again under the same agreement.
#[test]
fn a_handshake_that_is_dropped_before_its_end_has_failed() {
    let mut sides = Sides::default();
    let [begun, other] = sides.agreed(|line| line).map(driven);
    drop(begun);
    let again = driven(sides.caller.guard(AUDIO, OPEN, || ()).unwrap());
    let mut handshakes = [again, other];
    keyed(run(&mut handshakes, &mut |_| false).0);
    drop(handshakes);
    assert!(
        sides.caller.guard(AUDIO, OPEN, || ()).is_err(),
        "the one that ended is not begun again"
    );
}

/// Whose last datagram was lost asks again, after the other side has its keys.
#[test]
#[cfg_attr(
    feature = "dtls-openssl",
    ignore = "`what_is_lost_is_sent_again_after_a_second` is by a clock"
)]
fn who_has_ended_answers_who_asks_again() {
    let mut sides = Sides::default();
    let mut handshakes = sides.agreed(|line| line).map(driven);
    let mut number = 0;
    let (outcomes, _) = run(&mut handshakes, &mut |_| {
        number += 1;
        false
    });
    keyed(outcomes);
    let last = number;
    let mut sides = Sides::default();
    let mut handshakes = sides.agreed(|line| line).map(driven);
    let (outcomes, took) = run(&mut handshakes, &mut |number| number == last);
    keyed(outcomes);
    assert!(took > Duration::from_millis(150), "it was sent again: {took:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// P: whatever comes in, nothing panics, and nothing but the peer's handshake gives keys.
    #[test]
    fn what_is_no_handshake_gives_no_keys(
        place in 0..12usize, at in 0..1500usize, bit in 0..8u32, garbage in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let mut sides = Sides::default();
        let mut handshakes = sides.agreed(|line| line).map(driven);
        let now = start();
        handshakes.iter_mut().for_each(|it| it.on_timeout(now));
        handshakes[0].on_datagram(now, &garbage);
        for round in 0..12 {
            for from in 0..2 {
                while let Some(mut datagram) = handshakes[from].poll_datagram() {
                    if round == place && at < datagram.len() {
                        datagram[at] ^= 1 << bit;
                    }
                    handshakes[1 - from].on_datagram(now, &datagram);
                }
            }
        }
        let guards = handshakes.iter_mut().map(|it| it.poll_outcome());
        let keyed: Vec<_> = guards.flatten().flatten().collect();
        if let Ok([mut one, mut other]) = <[MediaGuard; 2]>::try_from(keyed) {
            talk([&mut one, &mut other], 1).unwrap();
        }
    }
}
