//! What keeps to the grammar of RFC 8866 §9, and what does not.

use super::Sections;

/// The description of RFC 8866 §5, but for its invented hosts.
const WHOLE: &str = "v=0\r\n\
    o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\r\n\
    s=Call to John Smith\r\n\
    i=SDP Offer #1\r\n\
    u=http://www.jdoe.example.com/home.html\r\n\
    e=Jane Doe <jane@jdoe.example.com>\r\n\
    p=+1 617 555-6011\r\n\
    c=IN IP4 198.51.100.1\r\n\
    t=0 0\r\n\
    m=audio 49170 RTP/AVP 0\r\n\
    m=audio 49180 RTP/AVP 0\r\n\
    m=video 51372 RTP/AVP 99\r\n\
    c=IN IP6 2001:db8::2\r\n\
    a=rtpmap:99 h263-1998/90000\r\n";

/// What is said of `WHOLE` with one line in another's place, or after the last.
fn fault(line: &str) -> Option<(usize, &'static str)> {
    let kind = line.get(..2).unwrap();
    let mut lines: Vec<&str> = WHOLE.lines().collect();
    match lines.iter().position(|it| it.starts_with(kind)) {
        Some(at) => lines[at] = line,
        None if kind == "a=" || kind == "b=" => lines.push(line),
        None => lines.insert(9, line),
    }
    refused(&(lines.join("\r\n") + "\r\n"))
}

fn refused(description: &str) -> Option<(usize, &'static str)> {
    Sections::parse(description.as_bytes()).err().map(|error| (error.line, error.expected))
}

#[test]
fn the_description_of_the_rfc_is_cut_into_its_sections() {
    let read = Sections::parse(WHOLE.as_bytes()).unwrap();
    assert_eq!((read.session.len(), read.session[8]), (9, ('t', &b"0 0"[..])));
    let firsts: Vec<_> = read.media.iter().map(|section| section[0]).collect();
    let media = |text: &'static str| ('m', text.as_bytes());
    let expected = ["audio 49170 RTP/AVP 0", "audio 49180 RTP/AVP 0", "video 51372 RTP/AVP 99"];
    assert_eq!(firsts, expected.map(media));
    assert_eq!(read.media[2].len(), 3);
    assert_eq!(Sections::parse(WHOLE.replace('\r', "").as_bytes()), Ok(read));
}

#[test]
fn what_each_line_may_say() {
    for good in [
        "o=- 0 0 IN IP6 ::1",
        "s= ",
        "c=IN IP4 233.252.0.1/127",
        "c=IN IP4 pc.example.org",
        "t=3034423619 3042462419",
        "b=X-YZ:128",
        "r=7d 1h 0 25h",
        "k=prompt",
        "k=clear:x",
        "k=base64:QUI=",
        "k=uri:https://example.org/k",
        "a=inactive",
        "a=fmtp:96 a=1; b=2",
        "m=audio 49170/2 RTP/AVP 31 telephone",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    ] {
        assert_eq!(fault(good), None, "{good}");
    }
    for bad in [
        "v=1",
        "v=a",
        "o=- 0 0 IN IP6",
        "o=- a 0 IN IP6 ::1",
        "o=- 0 b IN IP6 ::1",
        "o=a b 0 0 IN IP6 ::1",
        "o=- 0 0 IN IP6 ::1 ",
        "s=",
        "i=",
        "u=a b",
        "e=",
        "p=",
        "c=IN IP4",
        "c=IN IP4 192.0.2.1 x",
        "c= IN IP4 192.0.2.1",
        "c=I(N IP4 192.0.2.1",
        "b=TIAS",
        "b=TIAS:1:2",
        "b=:1",
        "t=0",
        "t=0 0 0",
        "t=a 0",
        "t=0 303442361",
        "t=0303442361 0",
        "r=7d 1h",
        "r=0 1h 0",
        "r=7d 1x 0",
        "r=7d 1h -1",
        "k=clear",
        "k=clear:",
        "k=base64:-",
        "k=uri:a b",
        "k=other:x",
        "a=",
        "a=rtcp:",
        "a=sendrecv foobar",
        "a=:x",
        "m=audio 49170 RTP/AVP",
        "m=audio 49170 RTP/AVP ",
        "m=audio x RTP/AVP 0",
        "m=audio 49170/0 RTP/AVP 0",
        "m=audio 49170/2/2 RTP/AVP 0",
        "m=audio 49170 RTP//AVP 0",
        "m=au:dio 49170 RTP/AVP 0",
        "m=audio 49170 RTP/AVP 0 (1)",
        "f=invalid:yes",
    ] {
        assert!(fault(bad).is_some(), "{bad}");
    }
    assert_eq!(fault("c=IN IP4"), Some((8, "IN, IP4 or IP6, and an address")));
}

#[test]
fn zones_come_after_what_repeats() {
    let at = |lines: &str| refused(&WHOLE.replace("t=0 0\r\n", &format!("t=0 0\r\n{lines}")));
    const ZONE: &str = "z=2882844526 -1h 2898848070 0\r\n";
    assert_eq!(at(ZONE), Some((10, "r= before z=")));
    assert_eq!(at(&format!("r=7d 1h 0\r\n{ZONE}")), None);
    for bad in ["z=2882844526\r\n", "z=1 -1h\r\n", "z=2882844526 --1h\r\n"] {
        assert!(at(&format!("r=7d 1h 0\r\n{bad}")).is_some(), "{bad}");
    }
}

#[test]
fn how_often_a_line_may_stand_and_where() {
    for once in ["v=0", "o=- 0 0 IN IP4 h", "s=-", "i=x", "u=x", "c=IN IP4 h"] {
        let twice = WHOLE.replace("t=0 0\r\n", &format!("{once}\r\nt=0 0\r\n"));
        assert_eq!(refused(&twice), Some((9, "a line of this type once only")), "{once}");
    }
    for here in ["v=0", "o=- 0 0 IN IP4 h", "s=-", "u=x", "e=x", "p=1", "t=0 0", "r=1 2 3"] {
        let late = format!("{WHOLE}{here}\r\n");
        assert_eq!(refused(&late), Some((15, "no line of this type here")), "{here}");
    }
    for twice in ["i=x\r\ni=y\r\n", "k=prompt\r\nk=prompt\r\n"] {
        assert_eq!(refused(&format!("{WHOLE}{twice}")).map(|(line, _)| line), Some(16));
    }
    for any in ["c=IN IP4 h\r\nc=IN IP4 h\r\n", "b=AS:1\r\nb=AS:1\r\n"] {
        assert_eq!(refused(&format!("{WHOLE}{any}")), None);
    }
}

#[test]
fn what_must_be_there() {
    for (line, at) in [
        ("v=0\r\n", (1, "v=0")),
        ("s=Call to John Smith\r\n", (0, "an s= line")),
        ("t=0 0\r\n", (0, "a t= line")),
    ] {
        assert_eq!(refused(&WHOLE.replace(line, "")), Some(at), "{line}");
    }
    let lines: Vec<&str> = WHOLE.lines().collect();
    let late = [&lines[..1], &lines[2..3], &lines[1..2], &lines[3..]].concat().join("\r\n");
    assert_eq!(refused(&late), Some((2, "an o= line after v=")));
    assert_eq!(refused(&WHOLE.replace("t=0", "t = 0")), Some((9, "a letter, = and a value")));
    assert_eq!(refused(&format!("{WHOLE}\r\n")), Some((15, "a letter, = and a value")));
    assert_eq!(refused(&format!("\r\n {WHOLE}")), None);
    assert_eq!(refused(&format!("\r\n {}", WHOLE.replace("t=0", "t=1"))).map(|it| it.0), Some(10));
}
