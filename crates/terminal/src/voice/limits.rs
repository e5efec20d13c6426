//! The figures of `docs/agents.md`.

use std::time::Duration;

/// The version of what is spoken here.
pub(super) const VERSION: u32 = 1;

/// Samples a second that an agent may ask for.
pub(super) const RATES: [u32; 4] = [8_000, 16_000, 24_000, 48_000];

/// Octets of a frame's payload at most.
pub(super) const LONGEST: usize = 65_536;

/// Seconds that may wait to be said.
pub(super) const AHEAD: u32 = 30;

/// Marks that may wait to be reached.
pub(super) const MARKS: usize = 256;

/// Frames of audio that may wait to be read: two seconds.
pub(super) const BEHIND: usize = 100;

/// Objects that may wait to be read.
pub(super) const OBJECTS: usize = 1_024;

/// Octets of objects that may wait to be read, and so of the longest: 1 MiB.
pub(super) const OCTETS: usize = 1 << 20;

/// Connections at one time; one more is told so, and closed.
pub(super) const CONNECTIONS: usize = 64;

/// Calls that may wait for an agent.
pub(super) const WAITING: usize = 64;

/// How long a call waits for an agent.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// How long the opening of a WebSocket may take.
#[cfg(feature = "ws")]
pub(super) const HANDSHAKE: Duration = Duration::from_secs(5);

/// How long what was told last may take to be written.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);
