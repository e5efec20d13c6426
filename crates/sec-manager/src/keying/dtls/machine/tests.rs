//! OpenSSL with itself and with `dimpl`; and what it would believe from anybody.

use super::dimpl::Dimpl;
use super::openssl::OpenSsl;
use super::{Broken, Machine, Output, made};
use crate::keying::dtls::certificate::Certificate;
use crate::srtp::Suite;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

#[expect(clippy::disallowed_methods, reason = "OpenSSL's clock is the system's")]
fn now() -> Instant {
    Instant::now()
}

/// A machine, and what it has given.
struct Side {
    machine: Box<dyn Machine>,
    own: Vec<u8>,
    certificate: Option<Vec<u8>>,
    keys: Option<(Suite, Vec<u8>)>,
    is_broken: bool,
}

impl Side {
    fn new(
        active: bool,
        make: impl Fn(&Certificate, bool, Instant) -> Result<Box<dyn Machine>, ssm::Refused>,
    ) -> Self {
        let own = Certificate::made().unwrap();
        let machine = make(&own, active, now()).unwrap();
        Self { machine, own: own.der().to_vec(), certificate: None, keys: None, is_broken: false }
    }

    /// Takes a step, and returns what it sends then.
    fn step(&mut self, datagram: Option<&[u8]>) -> Vec<Vec<u8>> {
        let step = self.machine.on_timeout(now());
        let step = step.and_then(|()| datagram.map_or(Ok(()), |it| self.machine.on_datagram(it)));
        self.is_broken |= matches!(step, Err(Broken { by_anybody: false, .. }));
        let mut sent = Vec::new();
        loop {
            match self.machine.poll() {
                Output::Datagram(datagram) => sent.push(datagram),
                Output::Certificate(certificate) => self.certificate = Some(certificate),
                Output::Keys(suite, keys) => self.keys = Some((suite, keys.to_vec())),
                Output::Broken(why) => panic!("{why}"),
                Output::Wait(_) => return sent,
            }
        }
    }
}

fn both() -> [Side; 2] {
    [true, false].map(|active| Side::new(active, made))
}

/// Runs both by the system's clock until they have keys, over a way that does this to each datagram, by
/// its number. Returns how many there were, and how long it took.
fn meet(
    sides: &mut [Side; 2], way: impl Fn(usize, Vec<u8>) -> Option<Vec<u8>>,
) -> (usize, Duration) {
    let (from, mut number) = (now(), 0);
    let mut queue: VecDeque<(usize, Option<Vec<u8>>)> = VecDeque::new();
    while !queue.is_empty() || sides.iter().any(|side| side.keys.is_none()) {
        assert!(now() - from < Duration::from_secs(8), "it comes to nothing");
        let Some((to, datagram)) = queue.pop_front() else {
            std::thread::sleep(Duration::from_millis(10));
            queue.extend([(0, None), (1, None)]);
            continue;
        };
        let sent = sides[to].step(datagram.as_deref());
        assert!(!sides[to].is_broken);
        for sent in sent {
            assert!(sent.len() <= 1200, "{}", sent.len());
            number += 1;
            queue.extend(way(number, sent).map(|sent| (1 - to, Some(sent))));
        }
    }
    (number, now() - from)
}

fn agree(sides: &[Side; 2]) {
    let [one, other] = sides;
    assert_eq!(one.keys, other.keys);
    assert_eq!(
        [&one.certificate, &other.certificate],
        [&Some(other.own.clone()), &Some(one.own.clone())]
    );
}

#[test]
fn openssl_and_dimpl_come_to_the_same_keys() {
    let dimpl = |certificate: &Certificate, active, now| {
        Dimpl::new(certificate, active, now).map(|it| Box::new(it) as Box<dyn Machine>)
    };
    let openssl = |certificate: &Certificate, active, now| {
        OpenSsl::new(certificate, active, now).map(|it| Box::new(it) as Box<dyn Machine>)
    };
    for active in [true, false] {
        let mut sides = [Side::new(active, openssl), Side::new(!active, dimpl)];
        meet(&mut sides, |_, datagram| Some(datagram));
        agree(&sides);
        assert_eq!(sides[0].keys.as_ref().unwrap().0, Suite::AeadAes256Gcm);
    }
}

/// Whichever it is: of the last, the side that has ended is asked for again.
#[test]
fn what_is_lost_is_sent_again_after_a_second() {
    let (datagrams, took) = meet(&mut both(), |_, datagram| Some(datagram));
    assert!(took < Duration::from_millis(900), "{took:?}");
    std::thread::scope(|scope| {
        for lost in 1..=datagrams {
            scope.spawn(move || {
                let mut sides = both();
                let (_, took) = meet(&mut sides, |number, it| (number != lost).then_some(it));
                agree(&sides);
                assert!(took >= Duration::from_millis(900), "{lost} of {datagrams}: {took:?}");
            });
        }
    });
}

/// A record in plain text. RFC 6347 §4.1.
fn record(kind: u8, number: usize, body: &[u8]) -> Vec<u8> {
    let header = [kind, 0xfe, 0xfd, 0, 0, 0, 0, 0, 9, 9, number as u8, 0, body.len() as u8];
    [&header[..], body].concat()
}

/// M08: whether it stands before what the peer says, behind it, or alone; and nothing at all, which would
/// be the end of a stream.
#[test]
fn m08_an_alert_in_plain_text_ends_nothing_wherever_it_stands() {
    let alert = |number| record(21, number, &[2, 40]);
    let mut sides = both();
    for side in &mut sides {
        side.step(Some(&[]));
        side.step(Some(&alert(1)));
        side.step(Some(&alert(2)[..9]));
        assert!(!side.is_broken);
    }
    let mut sides = both();
    meet(&mut sides, |number, it| Some([alert(number), it].concat()));
    agree(&sides);
    let mut sides = both();
    meet(&mut sides, |number, it| Some([it, alert(number)].concat()));
    agree(&sides);
}

/// RFC 6347 §4.2.1: the source of a ClientHello is shown before a handshake begins with it, and before
/// more is sent there than came.
#[test]
fn a_client_is_asked_for_a_cookie_and_for_that_of_this_handshake() {
    const HELLO_VERIFY_REQUEST: u8 = 3;
    let asks = |sent: &[Vec<u8>]| matches!(sent, [only] if (only[0], only[13]) == (22, HELLO_VERIFY_REQUEST));
    let [mut client, mut server] = both();
    let [_, mut another] = both();
    let hello = client.step(None).concat();
    let asked = server.step(Some(&hello));
    assert!(asks(&asked) && asked[0].len() < hello.len());
    assert!(asks(&another.step(Some(&hello))));
    let shown = client.step(Some(&asked[0])).concat();
    another.step(Some(&shown));
    assert!(another.is_broken, "it is not its own");
    let answered = server.step(Some(&shown)).concat();
    assert!(!server.is_broken && answered.len() > 500, "{}", answered.len());
}

/// The values of the registries of IANA: what is named here is offered, and nothing else.
#[test]
fn a_hello_offers_what_is_said_and_nothing_else() {
    let [mut client, _] = both();
    let hello = client.step(None).concat();
    // A record's and a message's header, the version, the random octets.
    let mut rest = &hello[13 + 12..];
    assert_eq!(rest[..2], [0xfe, 0xfd]);
    rest = &rest[34..];
    let mut taken = |octets: usize| {
        let (length, after) = rest.split_at(octets);
        let length = length.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet));
        let (taken, after) = after.split_at(length);
        rest = after;
        taken
    };
    assert!(taken(1).is_empty() && taken(1).is_empty(), "no session, no cookie");
    let numbers = |octets: &[u8]| -> Vec<u16> {
        octets.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
    };
    let mut suites = numbers(taken(2));
    suites.sort_unstable();
    // The first is RFC 5746's.
    assert_eq!(suites, [0x00ff, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9]);
    assert_eq!(taken(1), [0], "no compression");
    let mut rest = taken(2);
    let mut extensions = std::collections::BTreeMap::new();
    while let [kind_high, kind_low, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        extensions.insert(u16::from_be_bytes([*kind_high, *kind_low]), &after[..length]);
        rest = &after[length..];
    }
    let [groups, signatures, profiles] = [10, 13, 14].map(|kind| extensions[&kind]);
    assert_eq!(numbers(&groups[2..]), [29, 23, 24], "x25519, secp256r1, secp384r1");
    let (ecdsa, rsa) = ([0x0403, 0x0503, 0x0603, 0x0807], [0x0401, 0x0501, 0x0601]);
    assert_eq!(numbers(&signatures[2..]), [&ecdsa[..], &[0x0804, 0x0805, 0x0806], &rsa].concat());
    // RFC 7714 §14.2, RFC 5764 §4.1.2; and no MKI.
    assert_eq!(profiles, [0, 6, 0, 8, 0, 7, 0, 1, 0]);
    assert!(extensions.contains_key(&23), "extended_master_secret");
    assert!(!extensions.contains_key(&35), "session_ticket");
}
