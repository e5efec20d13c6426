//! An account's presence, at a server that writes its datagrams by hand. RFC 3903.

use crate::raw::{Raw, registered};
use crate::world::{CALLER_IP, Change, Watch, World};
use sip_core::manager::RegisterConfig;
use sip_core::packages::presence::{Basic, Presence};
use std::time::Duration;
use terminal::config::{Address, Require};

const SERVER_IP: [u8; 4] = [192, 0, 2, 9];
const ACCOUNT: &str = "sip:alice@192.0.2.9";
const SECOND: Duration = Duration::from_secs(1);

/// A terminal with an account whose presence is to be published, and its server.
struct Server {
    world: World,
    watch: Watch,
    raw: Raw,
    /// What PUBLISH is answered.
    status: &'static str,
    tags: u32,
}

impl Server {
    fn new(status: &'static str) -> Self {
        let change = Change { require: Require::Nothing, ..Change::default() };
        let mut world = World::new(14, change);
        let (watch, _) = world.watch();
        let raw = Raw::new(&world, SERVER_IP);
        let next_hop = Some(Address::udp((SERVER_IP, 5060).into()).into());
        world.caller.publish_presence(ACCOUNT, next_hop.clone()).unwrap();
        let registrar = "sip:192.0.2.9".to_owned();
        let account = RegisterConfig {
            aor: ACCOUNT.to_owned(),
            registrar,
            next_hop,
            ..RegisterConfig::default()
        };
        world.caller.register(account).unwrap();
        Self { world, watch, raw, status, tags: 0 }
    }

    /// Answers what comes in so many seconds; the PUBLISHs.
    fn serve(&mut self, seconds: u32) -> Vec<String> {
        let mut published = Vec::new();
        for _ in 0..seconds * 10 {
            self.world.pass(SECOND / 10);
            for request in self.raw.heard() {
                if request.starts_with("REGISTER ") {
                    self.raw.send(CALLER_IP, &registered(&request, 3_600));
                } else if request.starts_with("PUBLISH ") {
                    self.raw.send(CALLER_IP, &self.answer(&request));
                    self.tags += 1;
                    published.push(request);
                }
            }
        }
        published
    }

    fn answer(&self, publish: &str) -> String {
        let rows = ["Via", "From", "To", "Call-ID", "CSeq", "Expires"];
        let rows = rows.map(|name| format!("{name}: {}\r\n", field(publish, name))).concat();
        let tags = self.tags;
        format!("SIP/2.0 {}\r\n{rows}SIP-ETag: e{tags}\r\nContent-Length: 0\r\n\r\n", self.status)
    }
}

fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let line = message.lines().find(|line| line.starts_with(&format!("{name}: ")));
    line.unwrap_or_else(|| panic!("no {name}: {message}")).split_once(": ").unwrap().1
}

/// What a PUBLISH says: whether the account can be reached, and its notes.
fn said(publish: &str) -> (Option<Basic>, Vec<String>) {
    assert_eq!(field(publish, "Event"), "presence");
    let body = publish.split_once("\r\n\r\n").unwrap().1;
    let known = Presence::parse(body.as_bytes()).unwrap();
    assert_eq!(known.entity, ACCOUNT);
    let [tuple] = &known.tuples[..] else { panic!("{known:?}") };
    (tuple.basic, tuple.notes.iter().map(|note| note.text.clone()).collect())
}

#[test]
fn the_presence_of_an_account_is_published_changed_by_calls_and_taken_back() {
    let mut server = Server::new("200 OK");
    let [first] = &server.serve(2)[..] else { panic!("one PUBLISH") };
    assert!(first.starts_with(&format!("PUBLISH {ACCOUNT} ")), "{first}");
    assert_eq!(said(first), (Some(Basic::Open), Vec::new()));
    assert_eq!(server.watch.seen().within, [format!("published: {ACCOUNT}, 3600")]);

    let call = server.world.call();
    let [busy] = &server.serve(2)[..] else { panic!("one PUBLISH") };
    assert_eq!(field(busy, "SIP-If-Match"), "e0");
    assert_eq!(said(busy), (Some(Basic::Open), vec!["on the phone".to_owned()]));

    server.world.caller.hang_up(call);
    let [free] = &server.serve(2)[..] else { panic!("one PUBLISH") };
    assert_eq!(field(free, "SIP-If-Match"), "e1");
    assert_eq!(said(free), (Some(Basic::Open), Vec::new()));

    let terminal = server.world.caller.clone();
    let (runtime, _) = server.world.sim.host(CALLER_IP.into());
    runtime.spawn(Box::pin(async move { terminal.shutdown(60 * SECOND).await }));
    let [last] = &server.serve(2)[..] else { panic!("one PUBLISH") };
    assert_eq!((field(last, "SIP-If-Match"), field(last, "Expires")), ("e2", "0"));
    let left = server.world.caller.sizes().manager;
    assert_eq!((left.usages, left.registrations), (0, 0));
}

#[test]
fn a_server_that_takes_no_presence_is_told_of_and_asked_no_more() {
    let mut server = Server::new("489 Bad Event");
    assert_eq!(server.serve(60).len(), 1);
    let told = server.watch.seen().within;
    let [told] = &told[..] else { panic!("{told:?}") };
    let refused = format!("not published: {ACCOUNT}, the peer answered 489 Bad Event");
    assert!(told.starts_with(&refused), "{told}");
    let call = server.world.call();
    assert!(server.serve(2).is_empty());
    server.world.caller.hang_up(call);
    assert!(server.serve(2).is_empty());
}
