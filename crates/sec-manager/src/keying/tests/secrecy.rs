//! What is agreed on beside the keys that travel, and what it is worth later.

use super::*;
use crate::srtp::{SrtpOpener, Suite};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const KEM: &str = "cs1-kem";

/// Policy: no media whose keys were not agreed on afresh.
const STRICT: Standing = Standing { secrecy: Secrecy::PostQuantum, ..SECURED };

/// A line of a media controller, or a peer, that knows nothing of it.
fn without(mut line: LineSecurity) -> LineSecurity {
    line.attributes.retain(|attribute| attribute.name != KEM);
    line
}

fn secrecy(media: &CallMedia) -> Vec<Secrecy> {
    let of = |protection: &MediaProtection| match protection {
        MediaProtection::Srtp { secrecy, .. } => *secrecy,
        other => panic!("{other:?}"),
    };
    media.protections().iter().map(of).collect()
}

/// The bodies of a call as whoever has both long-lived keys reads them, and both sides' guards.
struct Recorded {
    sides: Sides,
    offer: Vec<u8>,
    answer: Vec<u8>,
    caller: MediaGuard,
    callee: MediaGuard,
}

/// A call whose bodies are changed on their way to the other side's media controller.
fn recorded(callers: fn(LineSecurity) -> LineSecurity) -> Recorded {
    let mut sides = Sides::default();
    let offer =
        sdp(&callers(CallMedia::default().offer(AUDIO, SECURED, &Counted::default()).unwrap()));
    let offer = sides.caller.fill(Direction::Request, offer, SECURED, &sides.platform).unwrap();
    let got = sides.callee.empty(Direction::Request, offer.clone(), SECURED).unwrap();
    let answer = sdp(&sides.callee.answer(AUDIO, SECURED, &line(&got), &sides.platform).unwrap());
    let answer = sides.callee.fill(Direction::Response, answer, SECURED, &sides.platform).unwrap();
    let got = sides.caller.empty(Direction::Response, answer.clone(), SECURED).unwrap();
    sides.caller.judge(AUDIO, SECURED, &line(&got)).unwrap();
    sides.name("1");
    let caller = sides.caller.guard(AUDIO, SECURED, || ()).unwrap().ready().unwrap();
    let callee = sides.callee.guard(AUDIO, SECURED, || ()).unwrap().ready().unwrap();
    Recorded { sides, offer: offer.octets, answer: answer.octets, caller, callee }
}

/// The key of the caller's packets as a body carries it.
fn carried(offer: &[u8], suite: Suite) -> Vec<u8> {
    let text = std::str::from_utf8(offer).unwrap();
    let row = text.lines().find(|row| row.contains(suite.name())).unwrap();
    STANDARD.decode(row.split_once("inline:").unwrap().1).unwrap()
}

/// Whether somebody who has recorded the call and reads its bodies opens a packet of the caller.
fn is_overheard(call: &mut Recorded) -> bool {
    let suite = Suite::AeadAes128Gcm;
    let key = carried(&call.offer, suite);
    let mut packet = [0x80, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9].to_vec();
    packet.extend([0; 20]);
    let length = call.caller.sealer.seal_rtp(&mut packet, 16).unwrap();
    let mut eavesdropper = SrtpOpener::new(suite, &key).unwrap();
    let heard = ssm::Opener::open_rtp(&mut eavesdropper, &mut packet.clone()[..length]);
    // Whom it is for hears it in any case.
    call.callee.opener.open_rtp(&mut packet[..length]).unwrap();
    heard.is_ok()
}

#[test]
fn a_recorded_call_stays_secret_when_both_long_lived_keys_are_given_away() {
    let mut agreed = recorded(|line| line);
    assert!(find(&agreed.offer, b"a=cs1-kem:1 ") && find(&agreed.answer, b"a=cs1-kem:1 "));
    assert!(!is_overheard(&mut agreed));
    assert_eq!(secrecy(&agreed.sides.caller), [Secrecy::PostQuantum]);
    assert_eq!(secrecy(&agreed.sides.callee), [Secrecy::PostQuantum]);

    // Without the agreement the same eavesdropper hears the call, and nobody is told otherwise.
    let mut carried = recorded(without);
    assert!(!find(&carried.answer, KEM.as_bytes()));
    assert!(is_overheard(&mut carried));
    assert_eq!(secrecy(&carried.sides.caller), [Secrecy::None]);
    assert_eq!(secrecy(&carried.sides.callee), [Secrecy::None]);
}

/// Every fork has its own keys, whatever else is the same.
#[test]
fn m03_forks_have_keys_of_their_own() {
    let mut sides = Sides::default();
    let offer = sdp(&CallMedia::default().offer(AUDIO, SECURED, &Counted::default()).unwrap());
    let offer = sides.caller.fill(Direction::Request, offer, SECURED, &sides.platform).unwrap();
    let mut guards = Vec::new();
    for _ in 0..2 {
        let mut fork =
            Sides { platform: Counted { drawn: 77.into(), dry: false }, ..Sides::default() };
        let got = fork.callee.empty(Direction::Request, offer.clone(), SECURED).unwrap();
        let answer =
            sdp(&fork.callee.answer(AUDIO, SECURED, &line(&got), &Counted::default()).unwrap());
        fork.callee.fill(Direction::Response, answer, SECURED, &fork.platform).unwrap();
        fork.name(if guards.is_empty() { "one" } else { "other" });
        guards.push(fork.callee.guard(AUDIO, SECURED, || ()).unwrap().ready().unwrap());
    }
    let [one, other] = &mut guards[..] else { panic!() };
    let mut packet = [0x80, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9].to_vec();
    packet.extend([0; 20]);
    let mut twin = packet.clone();
    one.sealer.seal_rtp(&mut packet, 16).unwrap();
    other.sealer.seal_rtp(&mut twin, 16).unwrap();
    assert_ne!(packet, twin);
}

/// Where policy asks for it, a peer that does not do it is refused at each place.
#[test]
fn g_policy_may_ask_for_it_of_either_side() {
    // The peer that calls does not offer it.
    let mut sides = Sides::default();
    let offer =
        sdp(&without(CallMedia::default().offer(AUDIO, SECURED, &Counted::default()).unwrap()));
    let sent = sides.caller.fill(Direction::Request, offer, SECURED, &sides.platform).unwrap();
    let got = sides.callee.empty(Direction::Request, sent, SECURED).unwrap();
    assert_eq!(
        sides.callee.answer(AUDIO, STRICT, &line(&got), &sides.platform),
        Err(Refused::Secrecy)
    );

    // The peer that is called does not answer it.
    let mut sides = Sides::default();
    let offered = sides.offered();
    let answer =
        sdp(&without(sides.callee.answer(AUDIO, SECURED, &offered, &sides.platform).unwrap()));
    let sent = sides.callee.fill(Direction::Response, answer, SECURED, &sides.platform).unwrap();
    let answered = line(&sides.caller.empty(Direction::Response, sent, SECURED).unwrap());
    assert_eq!(sides.caller.judge(AUDIO, STRICT, &answered), Err(Refused::Secrecy));
    sides.caller.judge(AUDIO, SECURED, &answered).unwrap();
    sides.name("1");
    // Our own controller left it out of the answer: nothing was agreed on, and nothing flows.
    assert_eq!(sides.callee.guard(AUDIO, STRICT, || ()).err(), Some(Refused::Secrecy));
    assert_eq!(sides.caller.guard(AUDIO, STRICT, || ()).err(), Some(Refused::Secrecy));
    assert!(sides.caller.guard(AUDIO, SECURED, || ()).is_ok());
    assert_eq!(secrecy(&sides.caller), [Secrecy::None]);

    // Media in the clear have none.
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    let clear = Standing { secrecy: Secrecy::Forward, ..PLAIN };
    let mut media = CallMedia::default();
    assert_eq!(
        CallMedia::default().offer(AUDIO, clear, &Counted::default()),
        Err(Refused::Secrecy)
    );
    assert_eq!(media.answer(AUDIO, clear, &plain, &Counted::default()), Err(Refused::Profile));
    assert_eq!(media.judge(AUDIO, clear, &plain), Err(Refused::Profile));
    assert_eq!(media.guard(AUDIO, clear, || ()).err(), Some(Refused::Downgrade));

    // With it, all is well.
    let mut sides = Sides::default();
    let offered = sides.offered();
    let answer = sdp(&sides.callee.answer(AUDIO, STRICT, &offered, &sides.platform).unwrap());
    let sent = sides.callee.fill(Direction::Response, answer, STRICT, &sides.platform).unwrap();
    let answered = line(&sides.caller.empty(Direction::Response, sent, STRICT).unwrap());
    sides.caller.judge(AUDIO, STRICT, &answered).unwrap();
    sides.name("1");
    assert!(
        sides.caller.guard(AUDIO, STRICT, || ()).is_ok()
            && sides.callee.guard(AUDIO, STRICT, || ()).is_ok()
    );
}

/// A ciphertext, or a key, that cannot be one ends the call; one that is wrong opens no packet.
#[test]
fn what_was_changed_ends_the_call() {
    let tampered = |change: fn(&str) -> String| {
        let mut sides = Sides::default();
        let offered = sides.offered();
        let answer = sdp(&sides.callee.answer(AUDIO, SECURED, &offered, &sides.platform).unwrap());
        let mut sent =
            sides.callee.fill(Direction::Response, answer, SECURED, &sides.platform).unwrap();
        let text = String::from_utf8(sent.octets).unwrap();
        let (head, row) = text.split_once("a=cs1-kem:1 ").unwrap();
        sent.octets = format!("{head}a=cs1-kem:1 {}\r\n", change(row.trim_end())).into_bytes();
        let answered = line(&sides.caller.empty(Direction::Response, sent, SECURED).unwrap());
        let judged = sides.caller.judge(AUDIO, SECURED, &answered);
        sides.name("1");
        (sides, judged)
    };
    let missing: [fn(&str) -> String; 4] = [
        |_| String::new(),
        |text| text[4..].to_owned(),
        |text| format!("{text}\r\na=cs1-kem:1 {text}"),
        |text| text.replacen('A', "*", 1).replacen('w', "*", 1).replacen('e', "*", 1),
    ];
    for (at, change) in missing.into_iter().enumerate() {
        assert_eq!(tampered(change).1, Err(Refused::Attributes), "{at}");
    }
    let (mut sides, judged) = tampered(|text| {
        let mut octets = STANDARD.decode(text).unwrap();
        octets[600] ^= 1;
        STANDARD.encode(octets)
    });
    judged.unwrap();
    let mut caller = sides.caller.guard(AUDIO, SECURED, || ()).unwrap().ready().unwrap();
    let mut callee = sides.callee.guard(AUDIO, SECURED, || ()).unwrap().ready().unwrap();
    assert_eq!(talk(&mut caller, &mut callee, 1), Err(ssm::PacketError::NotAuthentic));

    // The caller's key, as it comes to the callee.
    for change in [|_: &str| String::new(), |text: &str| format!("{}{}", "////", &text[4..])] {
        let mut sides = Sides::default();
        let offer = sdp(&CallMedia::default().offer(AUDIO, SECURED, &Counted::default()).unwrap());
        let mut sent =
            sides.caller.fill(Direction::Request, offer, SECURED, &sides.platform).unwrap();
        let text = String::from_utf8(sent.octets).unwrap();
        let (head, row) = text.split_once("a=cs1-kem:1 ").unwrap();
        sent.octets = format!("{head}a=cs1-kem:1 {}\r\n", change(row.trim_end())).into_bytes();
        let got = sides.callee.empty(Direction::Request, sent, SECURED).unwrap();
        let answered = sides.callee.answer(AUDIO, SECURED, &line(&got), &sides.platform);
        assert_eq!(answered, Err(Refused::Attributes));
    }

    // What was not asked for is not taken.
    let mut sides = Sides::default();
    let offer =
        sdp(&without(CallMedia::default().offer(AUDIO, SECURED, &Counted::default()).unwrap()));
    let sent = sides.caller.fill(Direction::Request, offer, SECURED, &sides.platform).unwrap();
    let got = sides.callee.empty(Direction::Request, sent, SECURED).unwrap();
    let answer = sdp(&sides.callee.answer(AUDIO, SECURED, &line(&got), &sides.platform).unwrap());
    let mut sent =
        sides.callee.fill(Direction::Response, answer, SECURED, &sides.platform).unwrap();
    sent.octets.extend(format!("a=cs1-kem:1 {}\r\n", STANDARD.encode([1; 1120])).bytes());
    let answered = line(&sides.caller.empty(Direction::Response, sent, SECURED).unwrap());
    assert_eq!(sides.caller.judge(AUDIO, SECURED, &answered), Err(Refused::Attributes));
}

/// The private half is gone once the answer was read, and a second answer finds nothing; a new offer
/// has a pair of its own.
#[test]
fn a_pair_serves_one_answer() {
    let mut call = recorded(|line| line);
    let answer =
        Body { content_type: Some(b"application/sdp".to_vec()), octets: call.answer.clone() };
    let again = call.sides.caller.empty(Direction::Response, answer, SECURED).unwrap();
    assert_eq!(
        call.sides.caller.judge(AUDIO, SECURED, &line(&again)),
        Err(Refused::Attributes),
        "nothing is left to read it with"
    );
    let of = |offer: &[u8]| {
        let text = String::from_utf8(offer.to_vec()).unwrap();
        text.split_once("a=cs1-kem:1 ").unwrap().1.to_owned()
    };
    let offer = sdp(&CallMedia::default().offer(AUDIO, SECURED, &Counted::default()).unwrap());
    let sides = &mut call.sides;
    let offer = sides.caller.fill(Direction::Request, offer, SECURED, &sides.platform).unwrap();
    assert_ne!(of(&call.offer), of(&offer.octets));
}

/// What is agreed on is as fresh as the randomness of who answers: two answers to one offer share nothing.
#[test]
fn an_agreement_is_made_afresh_with_each_answer() {
    let Sides { mut caller, platform, .. } = Sides::default();
    let offer = sdp(&caller.offer(AUDIO, SECURED, &platform).unwrap());
    let sent = caller.fill(Direction::Request, offer, SECURED, &platform).unwrap();
    let answers = [0, 1].map(|_| {
        let mut callee = CallMedia::default();
        let got = line(&callee.empty(Direction::Request, sent.clone(), SECURED).unwrap());
        let answer = sdp(&callee.answer(AUDIO, SECURED, &got, &platform).unwrap());
        let sent = callee.fill(Direction::Response, answer, SECURED, &platform).unwrap();
        let text = String::from_utf8(sent.octets).unwrap();
        text.lines().find(|row| row.starts_with("a=cs1-kem:")).unwrap().to_owned()
    });
    assert_ne!(answers[0], answers[1]);
}
