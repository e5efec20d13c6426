//! The simulator: a seeded network on a virtual clock, with its own executor.
//!
//! Whole terminals run in it unchanged, because it stands behind the same traits as the real
//! thing. One thread runs all tasks; time moves only when no task can go on; every random choice
//! comes from one seed. So the same seed gives the same run, byte for byte.
//!
//! ```text
//!   Simulation::block_on / run_until / run_until_idle
//!        │  1. poll every task that was woken, first woken first
//!        │  2. none left: take the earliest event, move the clock there, act, go to 1
//!        ▼
//!   timeline: (time, sequence) → wake a sleeper │ datagram arrives │ stream moves │ link changes
//! ```
//!
//! Datagrams are lost, delayed (and so reordered) and duplicated by the [`Link`] between two
//! hosts. Streams stay reliable and ordered: there a loss is a delay, as with TCP's
//! retransmissions, and a cut that lasts longer than [`SimConfig::stream_timeout`] breaks the
//! connection. A host may be [behind a gateway](Simulation::translate) that translates its addresses.
//! All queues are bounded.
//!
//! ```
//! use net::sim::{SimConfig, Simulation};
//! use std::time::Duration;
//!
//! let sim = Simulation::new(SimConfig { seed: 7, ..SimConfig::default() });
//! let (runtime, network) = sim.host([192, 0, 2, 1].into());
//! let deadline = runtime.now() + Duration::from_secs(32);
//! sim.block_on(runtime.sleep_until(deadline))?;
//! assert_eq!(sim.elapsed(), Duration::from_secs(32));
//! # drop(network);
//! # Ok::<(), net::sim::Stalled>(())
//! ```

mod connection;
mod datagram;
mod executor;
mod gateway;
mod handshake;
mod host;
mod link;
mod names;
mod random;
mod simulation;
mod stream;
mod timeline;
mod world;

pub use link::Link;
pub use random::Random;
pub use simulation::{SimConfig, Simulation, Stalled};
pub use world::Statistics;

#[cfg(test)]
mod tests;
