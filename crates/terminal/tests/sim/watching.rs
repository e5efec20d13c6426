//! Somebody is watched whose notifier writes its datagrams by hand: RFC 6665, RFC 3863, RFC 3680,
//! RFC 4235.

use crate::raw::Raw;
use crate::world::{CALLER_IP, Change, Watch, World};
use sip_core::packages::Coverage;
use sip_core::packages::dialog_info::{Dialog, DialogInfo, State};
use sip_core::packages::presence::Presence;
use sip_core::packages::reg_info::RegInfo;
use std::time::Duration;
use terminal::assembly::{Known, Package};

const NOTIFIER_IP: [u8; 4] = [192, 0, 2, 9];
const WATCHED: &str = "sip:bob@192.0.2.9";

/// A field of a message.
fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find(|line| line.starts_with(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name}: {message}")).split_once(": ").unwrap().1
}

/// A terminal that watches, and the notifier.
struct Notifier {
    world: World,
    watch: Watch,
    raw: Raw,
    subscribe: String,
    package: Package,
    told: u32,
}

impl Notifier {
    /// Is subscribed to, and grants it.
    fn of(package: Package) -> Self {
        let mut world = World::new(7, Change::default());
        let (watch, _) = world.watch();
        let raw = Raw::new(&world, NOTIFIER_IP);
        world.caller.watch(package, WATCHED, None).unwrap();
        world.pass(Duration::from_secs(1));
        // The first, and a retransmission of it.
        let subscribe = raw.heard().swap_remove(0);
        let mut notifier = Self { world, watch, raw, subscribe, package, told: 0 };
        notifier.grant(&notifier.subscribe.clone(), 3_600);
        notifier
    }

    /// 200 to a SUBSCRIBE.
    fn grant(&mut self, subscribe: &str, seconds: u32) {
        let rows = ["Via", "From", "Call-ID", "CSeq"]
            .map(|name| format!("{name}: {}\r\n", field(subscribe, name)));
        let to = field(subscribe, "To").split(';').next().unwrap();
        self.raw.send(
            CALLER_IP,
            &format!(
                "SIP/2.0 200 OK\r\n{}To: {to};tag=n\r\nContact: <{WATCHED}>\r\n\
                 Expires: {seconds}\r\nContent-Length: 0\r\n\r\n",
                rows.concat()
            ),
        );
    }

    /// Tells this; what came in meanwhile, but for the answer, which is 200.
    fn notify(&mut self, state: &str, kind: &str, body: &[u8]) -> Vec<String> {
        self.told += 1;
        let subscribe = &self.subscribe;
        let uri = field(subscribe, "Contact").trim_matches(['<', '>']);
        let to = field(subscribe, "To");
        let [from, call_id, event] =
            ["From", "Call-ID", "Event"].map(|name| field(subscribe, name));
        let told = self.told;
        self.raw.send(
            CALLER_IP,
            &format!(
                "NOTIFY {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;rport;branch=z9hG4bKn{told}\r\n\
                 Max-Forwards: 70\r\nFrom: {to};tag=n\r\nTo: {from}\r\nCall-ID: {call_id}\r\n\
                 CSeq: {told} NOTIFY\r\nContact: <{WATCHED}>\r\nEvent: {event}\r\n\
                 Subscription-State: {state}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{}",
                body.len(),
                String::from_utf8_lossy(body)
            ),
        );
        self.world.pass(Duration::from_millis(200));
        let (answers, requests): (Vec<_>, Vec<_>) =
            self.raw.heard().into_iter().partition(|it| it.starts_with("SIP/2.0 "));
        assert!(answers.iter().all(|it| it.starts_with("SIP/2.0 200 ")), "{answers:?}");
        assert_eq!(answers.len(), 1);
        requests
    }

    fn tell(&mut self, body: &[u8]) -> Vec<String> {
        let kind = match self.package {
            Package::Presence => Presence::MEDIA_TYPE,
            Package::Dialog => DialogInfo::MEDIA_TYPE,
            Package::Reg => RegInfo::MEDIA_TYPE,
        };
        self.notify("active;expires=3600", kind, body)
    }

    /// What is known after the last notification.
    fn known(&self) -> Known {
        self.watch.seen().watched.pop().unwrap().unwrap()
    }

    /// The terminal stops: it unsubscribes, and nothing is left.
    fn ends(mut self) {
        let terminal = self.world.caller.clone();
        let (runtime, _) = self.world.sim.host(CALLER_IP.into());
        runtime.spawn(Box::pin(async move { terminal.shutdown(Duration::from_secs(60)).await }));
        self.world.pass(Duration::from_millis(200));
        let [last] = &self.raw.heard()[..] else { panic!("one SUBSCRIBE") };
        assert_eq!(field(last, "Expires"), "0");
        self.grant(last, 0);
        self.notify("terminated;reason=timeout", "text/plain", b"");
        let left = self.world.caller.sizes().manager;
        assert_eq!((left.usages, left.dialogs), (0, 0));
    }
}

fn dialogs(version: u32, coverage: Coverage, dialogs: Vec<Dialog>) -> Vec<u8> {
    DialogInfo { version, coverage, entity: Some(WATCHED.to_owned()), dialogs }.to_body()
}

fn states(known: &Known) -> Vec<(&str, State)> {
    let Known::Dialogs(known) = known else { panic!("{known:?}") };
    known.rows().iter().map(|row| (row.id.as_str(), row.state)).collect()
}

#[test]
fn the_calls_of_whom_is_watched_are_known_and_a_gap_is_filled() {
    let mut notifier = Notifier::of(Package::Dialog);
    assert_eq!(field(&notifier.subscribe, "Event"), "dialog");
    assert_eq!(field(&notifier.subscribe, "Accept"), "application/dialog-info+xml");
    let one = vec![Dialog::new("1", State::Early)];
    assert!(notifier.tell(&dialogs(0, Coverage::Full, one)).is_empty());
    assert_eq!(states(&notifier.known()), [("1", State::Early)]);
    let two = vec![Dialog::new("2", State::Trying)];
    assert!(notifier.tell(&dialogs(1, Coverage::Partial, two)).is_empty());
    assert_eq!(states(&notifier.known()), [("1", State::Early), ("2", State::Trying)]);

    // The third is lost, and the fourth asks for all.
    let three = vec![Dialog::new("3", State::Trying)];
    let asked = notifier.tell(&dialogs(3, Coverage::Partial, three));
    let [refresh] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(field(refresh, "CSeq"), "2 SUBSCRIBE");
    assert_eq!(field(refresh, "Call-ID"), field(&notifier.subscribe, "Call-ID"));
    notifier.grant(refresh, 3_600);
    let all = vec![Dialog::new("3", State::Confirmed)];
    assert!(notifier.tell(&dialogs(4, Coverage::Full, all)).is_empty());
    assert_eq!(states(&notifier.known()), [("3", State::Confirmed)]);
    let before = notifier.watch.seen().watched.len();
    assert!(notifier.tell(&dialogs(4, Coverage::Full, Vec::new())).is_empty());
    assert_eq!(notifier.watch.seen().watched.len(), before, "an old one says nothing");
    notifier.ends();
}

#[test]
fn presence_and_registrations_are_watched_too() {
    let mut notifier = Notifier::of(Package::Presence);
    let away = Presence { entity: WATCHED.to_owned(), ..Presence::default() };
    notifier.tell(&away.to_body());
    assert_eq!(notifier.known(), Known::Presence(away));
    notifier.ends();

    let mut notifier = Notifier::of(Package::Reg);
    let init = RegInfo { version: 0, coverage: Coverage::Full, registrations: Vec::new() };
    notifier.tell(&init.to_body());
    assert!(matches!(notifier.known(), Known::Registrations(known) if known.is_complete()));
    notifier.ends();
}

#[test]
fn what_cannot_be_read_or_is_not_told_is_said_and_the_subscription_stands() {
    let mut notifier = Notifier::of(Package::Presence);
    notifier.notify("pending", "text/plain", b"");
    notifier.notify("active", "text/plain", b"");
    notifier.tell(b"<!DOCTYPE presence [<!ENTITY a 'ha'>]>");
    let good = Presence { entity: WATCHED.to_owned(), ..Presence::default() };
    notifier.tell(&good.to_body());
    let told = notifier.watch.seen().watched;
    let expected = [
        "nobody has decided yet whether it is told, over: false",
        "nothing is known there, over: false",
        "what is told cannot be read: expected no document type at octet 0, found one, over: false",
    ]
    .map(|reason| Err(reason.to_owned()));
    assert_eq!(told.get(..3), Some(&expected[..]));
    assert_eq!(told.get(3..), Some(&[Ok(Known::Presence(good))][..]));
    notifier.ends();
}

#[test]
fn a_notifier_that_starts_anew_is_believed_and_one_that_refuses_is_over() {
    let mut notifier = Notifier::of(Package::Dialog);
    let one = vec![Dialog::new("1", State::Early)];
    notifier.tell(&dialogs(70, Coverage::Full, one.clone()));
    let anew = notifier.notify("terminated;reason=deactivated", "text/plain", b"");
    let [subscribe] = &anew[..] else { panic!("{anew:?}") };
    assert_ne!(field(subscribe, "Call-ID"), field(&notifier.subscribe, "Call-ID"));
    notifier.subscribe = subscribe.clone();
    notifier.grant(&notifier.subscribe.clone(), 3_600);
    notifier.tell(&dialogs(0, Coverage::Full, one));
    assert_eq!(notifier.watch.seen().watched.len(), 2, "its versions count from 0");
    notifier.notify("terminated;reason=rejected", "text/plain", b"");
    let told = notifier.watch.seen().watched.pop();
    assert_eq!(told, Some(Err("the server does not grant it, over: true".to_owned())));
    notifier.world.settle();
}
