//! Two terminals in a simulated network, with doubles of their security applications.

use crate::failing::{Failing, Fails};
use crate::meddler::{Meddle, Meddler};
use media_ctl::audio::{Silence, Tone};
use net::sim::{Link, Random, SimConfig, Simulation};
use net::{Network, Runtime, Transport};
use sip_core::manager::{CallId, NextHop, Ours};
use sma::SecurityApplication;
use sma::conformance::{Directory, Double};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use terminal::assembly::{
    Assurance, Entropy, Event, Events, Invitation, Outcome, Ports, Settings, Terminal, Transfer,
    WallClock, Watchers,
};
use terminal::config::{Address, Keys, Network as Addresses, Require};
use terminal::ladder::Ladder;
use terminal::record::{Entry, Limits, Recorder};

pub(crate) const CALLER: &str = "sip:alice@caller.example";
pub(crate) const CALLEE: &str = "sip:bob@callee.example";
pub(crate) const CALLER_IP: [u8; 4] = [192, 0, 2, 1];
pub(crate) const CALLEE_IP: [u8; 4] = [192, 0, 2, 2];

/// The wall clock when the simulation starts.
const UNIX_START: Duration = Duration::from_secs(1_700_000_000);

/// Longer than any timer of SIP: 64*T1 is 32 s, a refused ring 180 s.
pub(crate) const ALL_OVER: Duration = Duration::from_secs(600);

/// Wraps a double, or takes another application's place.
pub(crate) type Agent = Box<dyn Fn(Double) -> Arc<dyn SecurityApplication>>;

/// What a test changes of the usual pair.
pub(crate) struct Change {
    pub(crate) link: Link,
    pub(crate) caller_agent: Agent,
    pub(crate) callee_agent: Agent,
    /// What the way does to the callee's datagrams; TCP is then refused.
    pub(crate) meddle: Option<Meddle>,
    /// What the callee requires of the caller.
    pub(crate) require: Require,
    /// Whose word the callee takes for who calls.
    pub(crate) trusted: Vec<Addresses>,
    /// Who may watch the callee's calls.
    pub(crate) watchers: Watchers,
    /// Whether the callee listens on TLS, too, at port 5061.
    pub(crate) tls: bool,
    /// Who is asked at the callee.
    pub(crate) callee_prompts: Arc<dyn sst::TelephonyApplication>,
    /// Whether the callee takes the caller's signature in the form of RFC 2543.
    pub(crate) rfc2543: bool,
    /// How keys that the callee presses are told.
    pub(crate) keys: Keys,
    /// What fails, at either side.
    pub(crate) fails: Option<Fails>,
}

impl Default for Change {
    fn default() -> Self {
        Self {
            link: Link::PERFECT,
            caller_agent: Box::new(|double| Arc::new(double)),
            callee_agent: Box::new(|double| Arc::new(double)),
            meddle: None,
            require: Require::Pgp,
            trusted: Vec::new(),
            watchers: Watchers::default(),
            tls: false,
            callee_prompts: Arc::new(sst::Deny),
            rfc2543: false,
            keys: Keys::Auto,
            fails: None,
        }
    }
}

/// Two terminals that have each other's keys pinned, or a password in common.
pub(crate) struct World {
    pub(crate) sim: Simulation,
    pub(crate) recorder: Arc<Recorder>,
    pub(crate) caller: Terminal,
    pub(crate) callee: Terminal,
    caller_events: Option<Events>,
    callee_events: Option<Events>,
    runtime: Arc<dyn Runtime>,
    require: Require,
}

/// The simulation's wall clock: virtual time since its start.
pub(crate) struct Wall(Arc<dyn Runtime>, std::time::Instant);

impl Wall {
    pub(crate) fn starting(runtime: &Arc<dyn Runtime>) -> Self {
        Self(Arc::clone(runtime), runtime.now())
    }
}

impl WallClock for Wall {
    fn unix_time(&self) -> Duration {
        UNIX_START + self.0.now().saturating_duration_since(self.1)
    }
}

/// Randomness from the simulation's seed.
pub(crate) struct Seeded(pub(crate) Mutex<Random>);

impl Entropy for Seeded {
    fn fill(&self, buffer: &mut [u8]) -> std::io::Result<()> {
        self.0.lock().unwrap().fill(buffer);
        Ok(())
    }
}

impl World {
    pub(crate) fn new(seed: u64, change: Change) -> Self {
        let sim = Simulation::new(SimConfig { seed, link: change.link, ..SimConfig::default() });
        let (runtime, caller_network) = sim.host(IpAddr::from(CALLER_IP));
        let (_, callee_network) = sim.host(IpAddr::from(CALLEE_IP));
        let callee_network: Arc<dyn Network> = match change.meddle {
            Some(meddle) => Arc::new(Meddler::new(callee_network, meddle)),
            None => callee_network,
        };
        let recorder = Recorder::new(Arc::clone(&runtime), UNIX_START, Limits::default());
        let directory = Directory::new(seed);
        let alice = double(&directory, &runtime);
        let bob = double(&directory, &runtime);
        let keys = (alice.add_key(CALLER), bob.add_key(CALLEE));
        let keys = (keys.0.to_string(), keys.1.to_string());
        let fails = change.fails;
        let start = |name, settings: &Settings, network, application, prompts| {
            let (mut network, mut entropy): (Arc<dyn Network>, Arc<dyn Entropy>) =
                (network, Arc::new(Seeded(Mutex::new(sim.random()))));
            if let Some(fails) = &fails {
                network = Arc::new(Failing::new(network, fails.clone()));
                entropy = Arc::new(Failing::new(entropy, fails.clone()));
            }
            let ports = Ports {
                wall_clock: Arc::new(Wall::starting(&runtime)),
                entropy,
                application: Some(application),
                prompts,
                tap: Some(recorder.tap(name)),
                ..Ports::of(Arc::clone(&runtime), network)
            };
            Terminal::start(settings, ports).unwrap()
        };
        let require = change.require;
        let mut of_caller = settings((CALLER, &keys.0), (CALLEE, &keys.1), CALLER_IP, require);
        let mut of_callee = settings((CALLEE, &keys.1), (CALLER, &keys.0), CALLEE_IP, require);
        of_callee.media.dtmf = change.keys;
        of_callee.trusted = change.trusted;
        of_callee.security.rfc2543.extend(change.rfc2543.then(|| CALLER.to_owned()));
        of_callee.watchers = change.watchers;
        if change.tls {
            let address = (CALLEE_IP, 5061).into();
            of_callee.binds.push(Address { transport: Transport::Tls, address });
        }
        if require == Require::Digest {
            share_password(&mut of_caller.security, &mut of_callee.security);
        }
        let prompts = change.callee_prompts;
        let nobody: Arc<dyn sst::TelephonyApplication> = Arc::new(sst::Deny);
        let (caller, caller_events) =
            start("caller", &of_caller, caller_network, (change.caller_agent)(alice), nobody);
        let (callee, callee_events) =
            start("callee", &of_callee, callee_network, (change.callee_agent)(bob), prompts);
        Self {
            caller,
            callee,
            caller_events: Some(caller_events),
            callee_events: Some(callee_events),
            recorder,
            runtime,
            require: change.require,
            sim,
        }
    }

    /// Places the call to the callee.
    pub(crate) fn call(&self) -> CallId {
        self.try_call(false).unwrap()
    }

    /// The same, where the callee may be left to make the offer.
    pub(crate) fn try_call(&self, late_offer: bool) -> terminal::Result<CallId> {
        let invitation = Invitation {
            to: CALLEE.to_owned(),
            next_hop: Some(self.way_to_callee()),
            // Whom the callee challenges by Digest need not challenge the callee.
            require: match self.require {
                Require::Pgp => sst::Requirement::PGP,
                _ => sst::Requirement::NOTHING,
            },
            late_offer,
            source: Box::new(Tone::new(440.0, 8_000)),
            sink: Box::new(Silence),
        };
        self.caller.call(invitation)
    }

    pub(crate) fn way_to_callee(&self) -> NextHop {
        Address::udp((CALLEE_IP, 5060).into()).into()
    }

    /// Both sides' events from now on, the callee answering every call.
    pub(crate) fn watch(&mut self) -> (Watch, Watch) {
        (self.watch_caller(), self.watch_callee())
    }

    /// The caller's events from now on.
    pub(crate) fn watch_caller(&mut self) -> Watch {
        let caller = Watch::default();
        let events = self.caller_events.take().unwrap();
        self.runtime.spawn(Box::pin(follow(self.caller.clone(), events, caller.clone())));
        caller
    }

    /// Both sides' events from now on, the callee refusing every call with `status`.
    pub(crate) fn watch_refusing(&mut self, status: u16) -> (Watch, Watch) {
        let sides = [
            (self.caller.clone(), self.caller_events.take()),
            (self.callee.clone(), self.callee_events.take()),
        ];
        let [caller, callee] = sides.map(|(terminal, events)| {
            let watch = Watch { answer: Answer::Refuse(status), ..Watch::default() };
            self.runtime.spawn(Box::pin(follow(terminal, events.unwrap(), watch.clone())));
            watch
        });
        (caller, callee)
    }

    /// The callee's events from now on; it answers every call. Nobody reads the caller's.
    pub(crate) fn watch_callee(&mut self) -> Watch {
        let callee = Watch::default();
        let events = self.callee_events.take().unwrap();
        self.runtime.spawn(Box::pin(follow(self.callee.clone(), events, callee.clone())));
        callee
    }

    /// The callee's events from now on; it leaves every call ringing.
    pub(crate) fn watch_leaving(&mut self) -> Watch {
        let callee = Watch { answer: Answer::Leave, ..Watch::default() };
        let events = self.callee_events.take().unwrap();
        self.runtime.spawn(Box::pin(follow(self.callee.clone(), events, callee.clone())));
        callee
    }

    /// Lets virtual time pass.
    pub(crate) fn pass(&self, time: Duration) {
        self.sim.run_until(self.sim.elapsed() + time).unwrap();
    }

    /// Lets all timers run out, and shows that nothing is left.
    pub(crate) fn settle(&self) {
        self.sim.run_until_idle(self.sim.elapsed() + ALL_OVER).unwrap();
        for terminal in [&self.caller, &self.callee] {
            assert_eq!(terminal.sizes(), Default::default(), "{terminal:?}\n{}", self.ladder());
            assert_eq!(terminal.calls(), 0, "{terminal:?}\n{}", self.ladder());
        }
    }

    pub(crate) fn ladder(&self) -> String {
        Ladder::of_two(&self.recorder.entries(), "caller", "callee").to_text()
    }

    /// How many entries of `terminal` have this label.
    pub(crate) fn count(&self, terminal: &str, wanted: impl Fn(&Entry) -> bool) -> usize {
        let entries = self.recorder.entries();
        entries.iter().filter(|e| &*e.terminal == terminal && wanted(e)).count()
    }
}

/// What became of a side's call.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) incoming: usize,
    /// The last call that came in, and who calls as a person is asked.
    pub(crate) last: Option<CallId>,
    pub(crate) caller: Option<String>,
    /// Who calls, as somebody asserts who is trusted.
    pub(crate) asserted: Vec<String>,
    /// Why a call that came in was not answered.
    pub(crate) refused: Option<String>,
    pub(crate) established: Option<Assurance>,
    /// How many of its calls were.
    pub(crate) answered: usize,
    /// The same, once the media had keys of a handshake; and how often they had.
    pub(crate) keyed: Option<Assurance>,
    pub(crate) handshakes: usize,
    /// How the last of its calls ended, and how many have.
    pub(crate) over: Option<Outcome>,
    pub(crate) ended: usize,
    pub(crate) packets_received: u64,
    /// How often an account was registered.
    pub(crate) registered: usize,
    /// Whom a peer asks to call in its stead.
    pub(crate) asked: Option<Transfer>,
    /// Who was refused by the security manager: the claim, from where, and the reason.
    pub(crate) denied: Vec<(String, SocketAddr, &'static str)>,
    /// What happened in a call that is up, in order: hold, texts and keys.
    pub(crate) within: Vec<String>,
    /// What is known of whom is watched, after each notification, and why nothing is.
    #[cfg(feature = "watch")]
    pub(crate) watched: Vec<Result<terminal::assembly::Known, String>>,
}

/// A side's events, as they come.
#[derive(Clone, Default)]
pub(crate) struct Watch {
    seen: Arc<Mutex<Seen>>,
    answer: Answer,
}

/// What becomes of a call that comes in.
#[derive(Clone, Copy, Default)]
enum Answer {
    #[default]
    Accept,
    Refuse(u16),
    Leave,
}

impl Watch {
    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

pub(crate) async fn follow(terminal: Terminal, mut events: Events, watch: Watch) {
    while let Some(event) = events.next().await {
        let mut answer = None;
        {
            let mut seen = watch.seen.lock().unwrap();
            match event {
                Event::Incoming { id, from, asserted, assurance, .. } => {
                    // It is neither answered nor refused: nothing is known of its media yet.
                    assert!(!assurance.media.iter().any(|line| line == "RTP"), "{assurance:?}");
                    seen.incoming += 1;
                    seen.last = Some(id);
                    seen.caller = Some(assurance.caller(&from));
                    seen.asserted = asserted;
                    answer = Some(id);
                }
                Event::Established { assurance, .. } => {
                    seen.established = Some(assurance);
                    seen.answered += 1;
                }
                Event::Keyed { assurance, .. } => {
                    seen.keyed = Some(assurance);
                    seen.handshakes += 1;
                }
                Event::Over { outcome, stats, .. } => {
                    seen.over = Some(outcome);
                    seen.ended += 1;
                    seen.packets_received = stats.packets_received;
                }
                Event::Held { .. } => seen.within.push("held".to_owned()),
                Event::Resumed { .. } => seen.within.push("resumed".to_owned()),
                Event::PeerHeld { .. } => seen.within.push("peer held".to_owned()),
                Event::PeerResumed { .. } => seen.within.push("peer resumed".to_owned()),
                Event::HoldFailed { hold, cause, .. } => {
                    seen.within.push(format!("hold {hold}: {cause}"));
                }
                Event::Message { within: Some(_), text, .. } => seen.within.push(text),
                Event::Dtmf { digit, .. } => seen.within.push(format!("key {digit}")),
                Event::Pressed { sent, .. } => seen.within.push(format!("sent {sent}")),
                Event::RequestAnswered { outcome: Ok(status), .. } => {
                    seen.within.push(format!("answered {status}"));
                }
                Event::Registered { .. } => seen.registered += 1,
                Event::TransferAsked(transfer) => seen.asked = Some(transfer),
                #[cfg(feature = "watch")]
                Event::Watcher { from, assurance, .. } => {
                    seen.within.push(format!("watcher: {}", assurance.caller(&from)));
                }
                #[cfg(feature = "watch")]
                Event::WatcherGone { who, why } => {
                    seen.within.push(format!("watcher gone: {who}, {why:?}"));
                }
                #[cfg(feature = "watch")]
                Event::Published { aor, expires } => {
                    seen.within.push(format!("published: {aor}, {expires}"));
                }
                #[cfg(feature = "watch")]
                Event::NotPublished { aor, reason } => {
                    seen.within.push(format!("not published: {aor}, {reason}"));
                }
                #[cfg(feature = "watch")]
                Event::Watched { known } => seen.watched.push(Ok(known)),
                #[cfg(feature = "watch")]
                Event::NotWatched { reason, is_over } => {
                    seen.watched.push(Err(format!("{reason}, over: {is_over}")));
                }
                Event::Refused { from, source: Some(source), code, .. } => {
                    seen.denied.push((from, source, code));
                }
                _ => {}
            }
        }
        if let Some(id) = answer {
            let said = Box::new(Tone::new(660.0, 8_000));
            let answered = match watch.answer {
                Answer::Accept => terminal.accept(id, said, Box::new(Silence)),
                Answer::Refuse(status) => terminal.reject(id, status),
                Answer::Leave => Ok(()),
            };
            watch.seen.lock().unwrap().refused = answered.err().map(|error| error.line());
        }
    }
}

pub(crate) fn double(directory: &Directory, runtime: &Arc<dyn Runtime>) -> Double {
    let (start, runtime) = (runtime.now(), Arc::clone(runtime));
    let clock = move || (UNIX_START + runtime.now().duration_since(start)).as_secs();
    Double::new(directory, Arc::new(clock))
}

pub(crate) fn settings(
    own: (&str, &str), peer: (&str, &str), ip: [u8; 4], require: Require,
) -> Settings {
    let realm = own.0.split_once('@').unwrap().1.to_owned();
    let security = sst::Configuration {
        identities: vec![sst::Identity {
            aor: own.0.to_owned(),
            fingerprint: Some(own.1.to_owned()),
        }],
        pins: vec![sst::Pin::new(peer.0.to_owned(), peer.1.to_owned())],
        require: require.into(),
        realm,
        ..sst::Configuration::default()
    };
    let address = (ip, 5060).into();
    Settings {
        ours: Ours { hides_users: require != Require::Nothing, ..Ours::of([own.0]) },
        security,
        ..Settings::of(own.0, vec![Address::udp(address), Address::tcp(address)])
    }
}

/// The caller has an account at the callee.
fn share_password(caller: &mut sst::Configuration, callee: &mut sst::Configuration) {
    let secret = || sst::Password::new(b"secret".to_vec()).into();
    caller.accounts.push(sst::Account {
        aor: CALLER.to_owned(),
        realm: callee.realm.clone(),
        user: "alice".to_owned(),
        secret: Some(secret()),
        hop: sst::HopPolicy::Udp(vec![(CALLEE_IP, 5060).into()]),
        floor: sst::Algorithm::Sha256,
        dtls: None,
        sdes: None,
        require: sst::Requirement::NOTHING,
    });
    callee.users.push(sst::User { name: "alice".to_owned(), secret: secret() });
    callee.algorithms =
        vec![sst::Algorithm::Sha512_256, sst::Algorithm::Sha256, sst::Algorithm::Md5];
    caller.require = sst::Requirement::NOTHING;
}
