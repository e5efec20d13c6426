//! A simulation: its configuration, its hosts, and the loop that runs it.

use super::executor::{Executor, Turn};
use super::host::{Core, SimNetwork, SimRuntime};
use super::link::{Change, Link};
use super::random::Random;
use super::timeline::Event;
use super::world::{Statistics, World};
use crate::lock::lock;
use crate::{Naptr, Network, Runtime, Srv};
use std::fmt;
use std::net::IpAddr;
use std::ops::Range;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

/// What a simulation is like.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// Where all randomness comes from.
    pub seed: u64,
    /// The way between any two hosts for which [`Simulation::set_link`] says nothing else.
    pub link: Link,
    /// The datagrams that a socket keeps for its reader; more are dropped.
    pub inbox: usize,
    /// The datagrams on their way at a time; more are dropped.
    pub in_flight: usize,
    /// The longest segment of a stream, in octets; a longer write arrives in pieces.
    pub segment: usize,
    /// Whether a host tells who sent a datagram to a port where no socket is bound. Many do not.
    pub tells_closed_ports: bool,
    /// How long a connection attempt lasts where the way is cut.
    pub connect_timeout: Duration,
    /// How long a stream lives with unacknowledged octets where the way is cut.
    pub stream_timeout: Duration,
    /// The virtual time at which [`Simulation::block_on`] gives up.
    pub limit: Duration,
}

impl Default for SimConfig {
    /// Seed 0, a [perfect](Link::PERFECT) network, 1024 datagrams a socket, 65 536 in flight,
    /// nothing told of closed ports, segments of 1460 octets, 30 s to connect, 60 s until a stream
    /// breaks, a limit of 1 h.
    fn default() -> Self {
        Self {
            seed: 0,
            link: Link::PERFECT,
            inbox: 1024,
            in_flight: 65_536,
            segment: 1460,
            tells_closed_ports: false,
            connect_timeout: Duration::from_secs(30),
            stream_timeout: Duration::from_secs(60),
            limit: Duration::from_secs(3600),
        }
    }
}

/// Why a simulation did not come to what was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stalled {
    /// No task can go on and nothing is to come: a deadlock.
    Idle {
        /// The virtual time since the start.
        at: Duration,
    },
    /// There was still work at the limit of virtual time.
    Limit {
        /// The limit.
        at: Duration,
    },
    /// Tasks wake one another without end while the time stands still.
    Spinning {
        /// The virtual time since the start.
        at: Duration,
    },
}

impl fmt::Display for Stalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle { at } => write!(f, "nothing is left to happen after {at:?}"),
            Self::Limit { at } => write!(f, "still busy at the limit of {at:?}"),
            Self::Spinning { at } => write!(f, "tasks spin at {at:?}"),
        }
    }
}

impl std::error::Error for Stalled {}

/// The polls at one moment of virtual time after which tasks are said to spin.
const SPINNING: u32 = 1_000_000;

/// A network of hosts and the tasks that run on them, on a virtual clock.
///
/// Dropping it drops all tasks.
pub struct Simulation {
    core: Arc<Core>,
}

impl Simulation {
    /// An empty network at virtual time 0.
    pub fn new(config: SimConfig) -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "the base of the virtual clock; no result depends on its value"
        )]
        let base = Instant::now();
        Self {
            core: Arc::new(Core {
                base,
                executor: Executor::new(),
                world: Mutex::new(World::new(config)),
            }),
        }
    }

    /// A host with this address, as its programs see the world. Asked for again, the same host.
    pub fn host(&self, address: IpAddr) -> (Arc<dyn Runtime>, Arc<dyn Network>) {
        lock(&self.core.world).hosts.insert(address);
        let runtime = SimRuntime(Arc::clone(&self.core));
        let network = SimNetwork { core: Arc::clone(&self.core), host: address };
        (Arc::new(runtime), Arc::new(network))
    }

    /// Puts the host `inside` behind a gateway that others know as `outside`: what it sends is from
    /// there, at a port of the gateway's, and nobody else can send to it otherwise. A port of it that
    /// sends no datagram for `timeout` gets another one then. The gateway's links are the host's.
    pub fn translate(&self, inside: IpAddr, outside: IpAddr, timeout: Duration) {
        let mut world = lock(&self.core.world);
        world.gateways.add(inside, outside, timeout);
        world.links.put_behind(inside, outside);
    }

    /// The gateway at `outside` restarts: it forgets which ports it gave for datagrams.
    pub fn restart_gateway(&self, outside: IpAddr) {
        lock(&self.core.world).gateways.restart(outside);
    }

    /// Gives a name to addresses, for [`Network::resolve`].
    pub fn set_name(&self, name: &str, addresses: &[IpAddr]) {
        lock(&self.core.world).names.of(name).addresses = addresses.to_vec();
    }

    /// Gives a name SRV records, for [`Network::srv`].
    pub fn set_srv(&self, name: &str, records: &[Srv]) {
        lock(&self.core.world).names.of(name).srv = records.to_vec();
    }

    /// Gives a name NAPTR records, for [`Network::naptr`].
    pub fn set_naptr(&self, name: &str, records: &[Naptr]) {
        lock(&self.core.world).names.of(name).naptr = records.to_vec();
    }

    /// From now on nobody answers what is asked about a name.
    pub fn silence_name(&self, name: &str) {
        lock(&self.core.world).names.of(name).is_silent = true;
    }

    /// From now on the way between `a` and `b`, in both directions, is like `link`.
    pub fn set_link(&self, a: IpAddr, b: IpAddr, link: Link) {
        lock(&self.core.world).links.set(a, b, link);
    }

    /// Cuts the way between two hosts. What is in flight still arrives.
    pub fn cut(&self, a: IpAddr, b: IpAddr) {
        self.change(a, b, true);
    }

    /// Heals what [`cut`](Self::cut) has cut.
    pub fn heal(&self, a: IpAddr, b: IpAddr) {
        self.change(a, b, false);
    }

    fn change(&self, a: IpAddr, b: IpAddr, cut: bool) {
        let change = Change { between: (a, b), cut };
        lock(&self.core.world).links.change(change);
    }

    /// The way between two hosts will be cut for a span of virtual time since the start.
    pub fn cut_during(&self, a: IpAddr, b: IpAddr, span: Range<Duration>) {
        let mut world = lock(&self.core.world);
        for (at, cut) in [(span.start, true), (span.end, false)] {
            let change = Change { between: (a, b), cut };
            world.timeline.schedule(at, Event::Link(change));
        }
    }

    /// A source of randomness of its own, for a terminal; which one depends on the seed and on
    /// how many were taken before.
    pub fn random(&self) -> Random {
        lock(&self.core.world).random.fork()
    }

    /// The virtual time since the start.
    pub fn elapsed(&self) -> Duration {
        lock(&self.core.world).timeline.now()
    }

    /// What became of the datagrams so far.
    pub fn statistics(&self) -> Statistics {
        lock(&self.core.world).statistics
    }

    /// The tasks that were spawned and have not finished.
    pub fn running(&self) -> usize {
        self.core.executor.running()
    }

    /// The ends of streams that are open or still have something to send.
    pub fn streams(&self) -> usize {
        lock(&self.core.world).streams.len()
    }

    /// Runs until `future` is done.
    ///
    /// # Errors
    /// [`Stalled`] if it never will be, or not before [`SimConfig::limit`].
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Stalled> {
        let limit = lock(&self.core.world).config.limit;
        let mut future = pin!(future);
        let waker = self.core.executor.root();
        let mut cx = Context::from_waker(&waker);
        waker.wake_by_ref();
        let mut polls = 0;
        loop {
            match self.core.executor.turn() {
                Turn::Root => {
                    if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
                        return Ok(output);
                    }
                    self.count(&mut polls)?;
                }
                Turn::Task => self.count(&mut polls)?,
                Turn::Idle => {
                    self.next_by(limit).ok_or_else(|| self.stalled(limit))?;
                    polls = 0;
                }
            }
        }
    }

    /// Runs everything up to `elapsed` since the start, and moves the clock there.
    ///
    /// # Errors
    /// [`Stalled::Spinning`].
    pub fn run_until(&self, elapsed: Duration) -> Result<(), Stalled> {
        loop {
            self.settle()?;
            if self.next_by(elapsed).is_none() {
                lock(&self.core.world).timeline.skip_to(elapsed);
                return Ok(());
            }
        }
    }

    /// Runs until no task can go on and nothing is to come, and says when that was.
    ///
    /// # Errors
    /// [`Stalled::Limit`] if there is still something to come at `limit` since the start;
    /// [`Stalled::Spinning`].
    pub fn run_until_idle(&self, limit: Duration) -> Result<Duration, Stalled> {
        loop {
            self.settle()?;
            if self.next_by(limit).is_none() {
                return match self.stalled(limit) {
                    Stalled::Idle { at } => Ok(at),
                    stalled => Err(stalled),
                };
            }
        }
    }

    /// Polls tasks until none is woken.
    fn settle(&self) -> Result<(), Stalled> {
        let mut polls = 0;
        while !matches!(self.core.executor.turn(), Turn::Idle) {
            self.count(&mut polls)?;
        }
        Ok(())
    }

    /// Lets the next event happen, if it is due by `limit`.
    fn next_by(&self, limit: Duration) -> Option<()> {
        let mut world = lock(&self.core.world);
        let event = world.timeline.next_by(limit)?;
        world.act(event);
        Some(())
    }

    fn count(&self, polls: &mut u32) -> Result<(), Stalled> {
        *polls += 1;
        if *polls < SPINNING { Ok(()) } else { Err(Stalled::Spinning { at: self.elapsed() }) }
    }

    fn stalled(&self, limit: Duration) -> Stalled {
        let world = lock(&self.core.world);
        if world.timeline.is_empty() {
            Stalled::Idle { at: world.timeline.now() }
        } else {
            Stalled::Limit { at: limit }
        }
    }
}

impl Drop for Simulation {
    fn drop(&mut self) {
        // Tasks hold the core that holds them; this breaks the circle.
        self.core.executor.close();
        let events = lock(&self.core.world).timeline.clear();
        drop(events);
    }
}

impl fmt::Debug for Simulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulation")
            .field("elapsed", &self.elapsed())
            .field("running", &self.running())
            .finish_non_exhaustive()
    }
}
