//! The ladder folded: what stands on one line, and the picture.

use super::Ladder;
use super::fold::{Line, Stay, fold};
use super::tests::{call, recorder, send};
use crate::record::{Lifeline, Tap};

/// The names of both sides, line by line.
fn names(lines: &[Line]) -> Vec<[String; 2]> {
    let name =
        |line: &Line| line.sides.clone().map(|step| step.map(|step| step.name).unwrap_or_default());
    lines.iter().map(name).collect()
}

fn folded(tell: impl Fn(&Tap, &Tap)) -> (Vec<Line>, Vec<Stay>) {
    let recorder = recorder();
    let (a, b) = (recorder.tap("caller"), recorder.tap("callee"));
    tell(&a, &b);
    fold(&Ladder::of_two(&recorder.entries(), "caller", "callee"))
}

#[test]
fn a_question_its_answer_and_what_was_asked_on_the_way_are_one_line() {
    use Lifeline::{SecurityApplication, SecurityManager, SipManager, TelephonyApplication};
    let (lines, stays) = folded(|a, _| {
        a.signal(SipManager, SecurityManager, "authorize", "");
        a.signal(SecurityManager, SecurityApplication, "sign", "704 bytes");
        a.signal(SecurityApplication, SecurityManager, "sign", "512 bytes");
        a.state(None, "idle", "authorized");
        a.signal(SecurityManager, TelephonyApplication, "assurance", "Pgp");
        a.signal(SecurityManager, SipManager, "authorize", "Authorization");
        a.signal(SipManager, TelephonyApplication, "answered", "");
        a.signal(SipManager, SecurityManager, "request_received", "INVITE");
        a.signal(SecurityManager, SipManager, "send_www_authenticate", "");
    });
    let left = [
        "authorize (sign, assurance) → Authorization",
        "answered",
        "request_received → send_www_authenticate",
    ];
    assert_eq!(names(&lines), left.map(|name| [name.to_owned(), String::new()]));
    let spans = &lines[0].sides[0].as_ref().unwrap().spans;
    let ends: Vec<_> = spans.iter().map(|span| (span.from, span.to, span.answered)).collect();
    assert_eq!(ends, [(3, 1, true), (1, 0, true), (1, 2, false)]);
    let idle = |from, to| Stay { column: 1, state: "idle".to_owned(), from, to };
    assert_eq!(stays, [idle(0, 0), idle(0, 3)]);
}

#[test]
fn a_question_that_is_asked_again_before_its_answer_keeps_its_own() {
    use Lifeline::{SecurityManager, SipManager};
    let (lines, _) = folded(|a, _| {
        a.signal(SipManager, SecurityManager, "decrypt", "");
        a.signal(SipManager, SecurityManager, "decrypt", "");
        a.signal(SecurityManager, SipManager, "decrypt", "9 bytes");
    });
    assert_eq!(names(&lines).concat().join("|"), "decrypt||decrypt → 9 bytes|");
}

#[test]
fn both_terminals_share_a_line_until_something_is_on_the_wire() {
    use Lifeline::{MediaController, SipManager, TelephonyApplication};
    let (lines, _) = folded(|a, b| {
        b.signal(SipManager, TelephonyApplication, "confirmed", "");
        a.signal(TelephonyApplication, MediaController, "start", "");
        a.signal(MediaController, TelephonyApplication, "start", "RTP/AVP at 127.0.0.1:1");
        send(a, b, (5060, 5070), b"BYE sip:bob@example.org SIP/2.0\r\n\r\n");
        send(b, a, (5070, 5060), b"SIP/2.0 401 Unauthorized\r\n\r\n");
        send(a, b, (5060, 5070), b"ACK sip:bob@example.org SIP/2.0\r\n\r\n");
        b.signal(SipManager, TelephonyApplication, "ended", "");
    });
    let expected = [
        ["start → RTP/AVP at 127.0.0.1:1", "confirmed"],
        ["BYE", ""],
        ["ACK", "401 Unauthorized"],
        ["", "ended"],
    ];
    assert_eq!(names(&lines), expected.map(|line| line.map(str::to_owned)));
    assert!(lines[1].wire.is_some() && lines[0].wire.is_none());
}

#[test]
fn media_both_ways_is_one_line() {
    let (lines, _) = folded(call);
    let names = names(&lines);
    assert!(names.contains(&["RTP × 50", "RTP × 50"].map(str::to_owned)), "{names:?}");
    let messages = [["INVITE", ""], ["", "401 Unauthorized"], ["BYE", ""]];
    for message in messages.map(|line| line.map(str::to_owned)) {
        assert!(names.contains(&message), "{message:?} {names:?}");
    }
}

/// The values of an attribute.
fn values<'a>(svg: &'a str, attribute: &str) -> Vec<&'a str> {
    let begin = format!(" {attribute}=\"");
    svg.split(&begin).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Of the call that the README shows, and of one that is drawn now.
#[test]
fn the_short_picture_can_be_read_at_the_width_of_a_page() {
    let recorder = recorder();
    call(&recorder.tap("caller"), &recorder.tap("callee"));
    let drawn = Ladder::of_two(&recorder.entries(), "caller", "callee").to_short_svg("A call");
    for svg in [drawn.as_str(), include_str!("../../../../docs/ladder-short.svg")] {
        assert!(values(svg, "viewBox")[0].starts_with("0 0 830 "), "{}", values(svg, "viewBox")[0]);
        assert_eq!(values(svg, "width")[0], "830");
        let height: u32 = values(svg, "height")[0].parse().unwrap();
        assert!(height < 760, "{height}");
        let sizes: Vec<f64> =
            values(svg, "font-size").iter().map(|size| size.parse().unwrap()).collect();
        assert!(sizes.len() > 20 && sizes.iter().all(|size| *size >= 11.0), "{sizes:?}");
        let (bold, rest) = svg.split_once(">INVITE</tspan>").unwrap();
        assert!(bold.rsplit("<tspan").next().unwrap().contains("font-weight=\"700\""), "{rest}");
        for word in ["got_401_unauthorized", "CALLER", "CALLEE", "wait for authorization"] {
            assert!(svg.contains(word), "{word}");
        }
        assert!(!svg.contains("<script") && !svg.contains("href"));
    }
}
