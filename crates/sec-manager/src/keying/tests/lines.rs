//! The keys of several lines, and what a new body forgets.

use super::*;

const VIDEO: Line = Line(1);

/// A body with two lines, each as `security` says.
fn two(security: &LineSecurity) -> Body {
    let mut text = "v=0\r\n".to_owned();
    for port in [4000, 4002] {
        text += &format!("m=audio {port} {} 0\r\n", security.profile.name());
        for Attribute { name, value } in &security.attributes {
            text += &format!("a={name}:{value}\r\n");
        }
    }
    Body { content_type: Some(b"application/sdp".to_vec()), octets: text.into_bytes() }
}

#[test]
fn m03_each_line_has_its_own_keys_and_its_own_guard() {
    let mut sides = Sides::default();
    let platform = &sides.platform;
    let offer = CallMedia::default().offer(AUDIO, SECURED, &Counted::default()).unwrap();
    let sent = sides.caller.fill(Direction::Request, two(&offer), SECURED, platform).unwrap();
    sides.callee.empty(Direction::Request, sent, SECURED).unwrap();
    let [one, _] =
        [AUDIO, VIDEO].map(|it| sides.callee.answer(it, SECURED, &offer, &sides.platform).unwrap());
    let sent = sides.callee.fill(Direction::Response, two(&one), SECURED, platform).unwrap();
    sides.caller.empty(Direction::Response, sent, SECURED).unwrap();
    sides.name("8321234356");
    let [mut video, mut audio] = [VIDEO, AUDIO].map(|it| {
        sides.caller.judge(it, SECURED, &one).unwrap();
        let caller = sides.caller.guard(it, SECURED, || ()).unwrap().ready().unwrap();
        (caller, sides.callee.guard(it, SECURED, || ()).unwrap().ready().unwrap())
    });
    talk(&mut audio.0, &mut audio.1, 1).unwrap();
    talk(&mut video.1, &mut video.0, 1).unwrap();
    let crossed = talk(&mut audio.0, &mut video.1, 2);
    assert_eq!(crossed, Err(ssm::PacketError::NotAuthentic));
    let crossed = talk(&mut audio.1, &mut video.0, 2);
    assert_eq!(crossed, Err(ssm::PacketError::NotAuthentic));
}

#[test]
fn a_new_offer_of_ours_forgets_what_the_last_one_came_to() {
    let mut sides = Sides::default();
    let offered = sides.offered();
    let answered = sides.answered(&offered);
    sides.caller.judge(AUDIO, SECURED, &answered).unwrap();
    sides.offered();
    let early = sides.caller.guard(AUDIO, SECURED, || ());
    assert_eq!(early.err(), Some(Refused::Downgrade), "nothing is agreed");
    let judged = sides.caller.judge(AUDIO, SECURED, &answered);
    assert_eq!(judged, Err(Refused::Attributes), "their keys were for the last one");
}

#[test]
fn a_new_offer_of_theirs_forgets_our_keys() {
    let mut sides = Sides::default();
    let offered = sides.offered();
    sides.answered(&offered);
    let offered = sides.offered();
    sides.callee.answer(AUDIO, SECURED, &offered, &sides.platform).unwrap();
    let early = sides.callee.guard(AUDIO, SECURED, || ());
    assert_eq!(early.err(), Some(Refused::Unknown), "our answer has not left");
}

#[test]
fn another_body_of_theirs_is_judged_anew() {
    let mut sides = Sides::default();
    let offered = sides.offered();
    let answered = sides.answered(&offered);
    sides.caller.judge(AUDIO, SECURED, &answered).unwrap();
    sides.answered(&offered);
    let early = sides.caller.guard(AUDIO, SECURED, || ());
    assert_eq!(early.err(), Some(Refused::Downgrade));
}

#[test]
fn m09_a_call_whose_guards_are_out_stays_secured() {
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    let mut sides = Sides::default();
    let offered = sides.offered();
    let _guards = sides.agree(&offered);
    assert_eq!(sides.callee.answer(VIDEO, PLAIN, &plain, &sides.platform), Err(Refused::Profile));
}

#[test]
fn where_nothing_is_required_plain_media_are_offered() {
    let plain = LineSecurity { profile: Profile::Avp, attributes: Vec::new() };
    assert_eq!(CallMedia::default().offer(AUDIO, PLAIN, &Counted::default()), Ok(plain));
}
