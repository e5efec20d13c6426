//! What a stranger does who knows all identifiers of a call: D03, D04.

use crate::meddler::{Meddle, Way};
use crate::world::{CALLEE, Change, Watch, World};
use net::{Datagram, DatagramSocket};
use sip_core::manager::{CallId, EndReason};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;
use terminal::assembly::Outcome;
use terminal::config::Require;

const STRANGER_IP: [u8; 4] = [192, 0, 2, 66];

/// A call that is up, and what a stranger needs to speak in its name.
struct Overheard {
    world: World,
    call: CallId,
    callee: Watch,
    /// The caller's ACK, which names the dialog.
    ack: String,
    signalling: Box<dyn DatagramSocket>,
    media: Box<dyn DatagramSocket>,
}

impl Overheard {
    fn call(require: Require) -> Self {
        let heard: Arc<Mutex<Option<String>>> = Arc::default();
        let seen = Arc::clone(&heard);
        let meddle: Meddle = Arc::new(move |way, octets| {
            if way == Way::In && octets.starts_with(b"ACK ") {
                *seen.lock().unwrap() = Some(String::from_utf8(octets.to_vec()).unwrap());
            }
            vec![octets.to_vec()]
        });
        let change = Change { meddle: Some(meddle), require, ..Change::default() };
        let mut world = World::new(66, change);
        let (_, callee) = world.watch();
        let call = world.call();
        world.pass(Duration::from_secs(1));
        let ack = heard.lock().unwrap().clone().unwrap();
        let ip = IpAddr::from(STRANGER_IP);
        let bind = |port| world.sim.host(ip).1.bind(SocketAddr::new(ip, port)).unwrap();
        let (signalling, media) = (bind(5060), bind(4000));
        Self { world, call, callee, ack, signalling, media }
    }

    /// Sends a request of the caller's dialog, and says how it is answered.
    fn say(&self, method: &str, body: &str) -> String {
        let mut request = String::new();
        for line in self.ack.lines().take_while(|line| !line.is_empty()) {
            let line = match line.split_once(": ") {
                Some(("Authorization" | "Content-Length", _)) => continue,
                Some(("Via", _)) => "Via: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bKs".to_owned(),
                Some(("CSeq", _)) => format!("CSeq: 99 {method}"),
                Some(_) => line.to_owned(),
                None => line.replace("ACK ", &format!("{method} ")),
            };
            request += &(line + "\r\n");
        }
        request += "Contact: <sip:mallory@192.0.2.66>\r\n";
        if !body.is_empty() {
            request += "Content-Type: application/sdp\r\n";
        }
        request += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let callee = SocketAddr::from((crate::world::CALLEE_IP, 5060));
        self.signalling.try_send(callee, request.as_bytes()).unwrap();
        self.world.pass(Duration::from_millis(100));
        let answers = received(&*self.signalling);
        answers.first().and_then(|answer| answer.get(8..11)).unwrap_or_default().to_owned()
    }

    /// Calls in the stranger's own name, to take the caller's place; how that is answered.
    fn replace(&self) -> Vec<String> {
        let field = |name: &str| {
            let line = self.ack.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_once(": ").unwrap().1.to_owned()
        };
        let tag = |name: &str| field(name).split_once("tag=").unwrap().1.to_owned();
        let body = "v=0\r\no=- 1 2 IN IP4 192.0.2.66\r\ns=-\r\nc=IN IP4 192.0.2.66\r\nt=0 0\r\n\
             m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";
        let request = format!(
            "INVITE {CALLEE} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.66;rport;branch=z9hG4bKr\r\n\
             From: <sip:mallory@192.0.2.66>;tag=m\r\nTo: <{CALLEE}>\r\nCall-ID: own\r\n\
             CSeq: 1 INVITE\r\nContact: <sip:mallory@192.0.2.66>\r\n\
             Replaces: {};to-tag={};from-tag={}\r\n\
             Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            field("Call-ID"),
            tag("To"),
            tag("From"),
            body.len()
        );
        let callee = SocketAddr::from((crate::world::CALLEE_IP, 5060));
        self.signalling.try_send(callee, request.as_bytes()).unwrap();
        self.world.pass(Duration::from_millis(400));
        let answers = received(&*self.signalling);
        answers.iter().filter_map(|it| it.get(8..11)).map(str::to_owned).collect()
    }

    /// Has the callee's audio sent to the stranger, if it lets itself.
    fn move_media(&self) -> String {
        self.say(
            "INVITE",
            "v=0\r\no=- 1 2 IN IP4 192.0.2.66\r\ns=-\r\nc=IN IP4 192.0.2.66\r\nt=0 0\r\n\
             m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n",
        )
    }
}

/// What came in, as text where it is text.
fn received(socket: &dyn DatagramSocket) -> Vec<String> {
    let mut batch: Vec<Datagram> = Vec::new();
    _ = socket.poll_receive(&mut Context::from_waker(Waker::noop()), &mut batch);
    batch.iter().map(|it| String::from_utf8_lossy(&it.octets).into_owned()).collect()
}

#[test]
fn d04_a_stranger_who_knows_the_identifiers_cannot_move_the_media() {
    for (require, status) in
        [(Require::Nothing, "403"), (Require::Digest, "401"), (Require::Pgp, "401")]
    {
        let overheard = Overheard::call(require);
        let world = &overheard.world;
        assert_eq!(overheard.move_media(), status, "{require:?}\n{}", world.ladder());
        world.pass(Duration::from_secs(2));
        assert_eq!(received(&*overheard.media).len(), 0, "{require:?}\n{}", world.ladder());
        // Nor where the callee's next request goes.
        world.caller.hang_up(overheard.call);
        world.pass(Duration::from_secs(1));
        let over = overheard.callee.seen().over;
        assert_eq!(over, Some(Outcome::Ended(EndReason::Remote)), "{}", world.ladder());
        world.settle();
    }
}

#[test]
fn d03_a_stranger_who_knows_the_identifiers_can_end_a_call_that_needed_no_signature() {
    for (require, status) in
        [(Require::Nothing, "200"), (Require::Digest, "200"), (Require::Pgp, "401")]
    {
        let overheard = Overheard::call(require);
        let world = &overheard.world;
        assert_eq!(overheard.say("BYE", ""), status, "{require:?}\n{}", world.ladder());
        let over = overheard.callee.seen().over;
        assert_eq!(over.is_some(), require != Require::Pgp, "{}", world.ladder());
        world.caller.hang_up(overheard.call);
        world.settle();
    }
}

#[test]
fn d06_nobody_takes_the_place_of_a_peer_who_proved_more() {
    for (require, taken) in
        [(Require::Nothing, true), (Require::Digest, false), (Require::Pgp, false)]
    {
        let overheard = Overheard::call(require);
        let world = &overheard.world;
        // Whoever calls from now on need prove nothing.
        world.callee.security().configure(&sst::Configuration::default());
        let answers = overheard.replace();
        assert_eq!(answers.contains(&"200".to_owned()), taken, "{answers:?}\n{}", world.ladder());
        assert_eq!(answers.contains(&"403".to_owned()), !taken, "{answers:?}\n{}", world.ladder());
        world.caller.hang_up(overheard.call);
        world.settle();
    }
}
