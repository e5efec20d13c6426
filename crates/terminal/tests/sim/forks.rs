//! A call that a proxy forks to a device that signs and to a gateway that answers unasked: T17.

use crate::meddler::{Meddle, Way};
use crate::world::{Change, Seen, World};
use net::{Datagram, DatagramSocket};
use sip_core::manager::{Cause, EndReason};
use ssa::Why;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;
use terminal::assembly::Outcome;

const GATEWAY_IP: [u8; 4] = [192, 0, 2, 77];

/// The gateway's 200 to the INVITE that the device answers so.
fn gateways(response: &str) -> Vec<u8> {
    let mut text = "SIP/2.0 200 OK\r\n".to_owned();
    for line in response.lines().take_while(|line| !line.is_empty()) {
        match line.split_once(": ") {
            Some(("Via" | "From" | "Call-ID" | "CSeq", _)) => text += &format!("{line}\r\n"),
            Some(("To", to)) => {
                let to = to.split(";tag=").next().unwrap();
                text += &format!("To: {to};tag=gateway\r\n");
            }
            _ => {}
        }
    }
    let body = "v=0\r\no=- 1 1 IN IP4 192.0.2.77\r\ns=-\r\nc=IN IP4 192.0.2.77\r\nt=0 0\r\n\
         m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
    text += "Contact: <sip:gateway@192.0.2.77>\r\nContent-Type: application/sdp\r\n";
    (text + &format!("Content-Length: {}\r\n\r\n{body}", body.len())).into_bytes()
}

/// When the gateway answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    /// Before the device challenges.
    BeforeTheChallenge,
    /// Before the device's signed answer.
    First,
    /// Behind it.
    Second,
}

/// The start lines of what came in.
fn received(socket: &dyn DatagramSocket) -> Vec<String> {
    let mut batch: Vec<Datagram> = Vec::new();
    _ = socket.poll_receive(&mut Context::from_waker(Waker::noop()), &mut batch);
    let line = |it: Datagram| String::from_utf8_lossy(&it.octets).lines().next().map(str::to_owned);
    batch.into_iter().filter_map(line).collect()
}

/// What became of a call to both.
struct Forked {
    /// How it ended by itself, if it did before the caller hung up.
    failed: Option<Outcome>,
    caller: Seen,
    device: Seen,
    /// The start lines of what the gateway got at its SIP port.
    gateway: Vec<String>,
}

/// A call to both that the caller hangs up after three seconds.
fn forked(answers: Answers) -> Forked {
    let meddle: Meddle = Arc::new(move |way, octets| {
        let own = vec![octets.to_vec()];
        let text = String::from_utf8_lossy(octets);
        let at = match answers {
            Answers::BeforeTheChallenge => "SIP/2.0 401 ",
            Answers::First | Answers::Second => "SIP/2.0 200 ",
        };
        if way == Way::In || !text.starts_with(at) || !text.contains(" INVITE\r\n") {
            return own;
        }
        match answers {
            Answers::Second => vec![octets.to_vec(), gateways(&text)],
            _ => vec![gateways(&text), octets.to_vec()],
        }
    });
    let mut world = World::new(17, Change { meddle: Some(meddle), ..Change::default() });
    let (caller, callee) = world.watch();
    let ip = IpAddr::from(GATEWAY_IP);
    let bind = |port| world.sim.host(ip).1.bind(SocketAddr::new(ip, port)).unwrap();
    let (signalling, media, control) = (bind(5060), bind(4000), bind(4001));
    let call = world.call();
    world.pass(Duration::from_secs(3));
    let failed = caller.seen().over;
    world.caller.hang_up(call);
    world.settle();
    for socket in [media, control] {
        assert_eq!(received(&*socket), [""; 0], "{answers:?}\n{}", world.ladder());
    }
    let gateway = received(&*signalling);
    Forked { failed, caller: caller.seen(), device: callee.seen(), gateway }
}

#[test]
fn t17_of_two_forks_the_one_that_signs_has_the_call_and_no_media_goes_to_the_other() {
    let Forked { failed, caller, device, gateway } = forked(Answers::Second);
    assert_eq!(failed, None);
    assert!(caller.established.is_some());
    assert!(caller.packets_received > 100 && device.packets_received > 100);
    assert_eq!(device.over, Some(Outcome::Ended(EndReason::Remote)));
    ended(&gateway);
}

/// Whoever answers first may cost the call, and gets nothing of it.
#[test]
fn t17_a_gateway_that_answers_first_gets_no_media() {
    for answers in [Answers::BeforeTheChallenge, Answers::First] {
        let Forked { failed, caller, device, gateway } = forked(answers);
        let unproved = Outcome::Failed(Cause::Security(Why::ProofMissing));
        assert_eq!((caller.established, failed), (None, Some(unproved)), "{answers:?}");
        assert_eq!(device.packets_received, 0);
        // What the device had answered by then is ended as well.
        let answered = answers == Answers::First;
        assert_eq!(device.over.is_some(), answered, "{:?}", device.over);
        ended(&gateway);
    }
}

/// The gateway's dialog was acknowledged and ended.
fn ended(gateway: &[String]) {
    let of = |method| gateway.iter().filter(|line| line.starts_with(method)).count();
    assert!(of("ACK sip:gateway@192.0.2.77 ") >= 1, "{gateway:?}");
    assert!(of("BYE sip:gateway@192.0.2.77 ") >= 1, "{gateway:?}");
    assert_eq!(of("ACK ") + of("BYE "), gateway.len(), "{gateway:?}");
}
