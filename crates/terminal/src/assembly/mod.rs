//! One terminal, assembled: SIP manager, media controller and security manager on a network, and
//! the calls between them.
//!
//! ```text
//!                      Terminal  (commands, Events)
//!            ┌────────────┼──────────────┐
//!        Endpoint   MediaSession    SecurityManager, or `Open` where none is linked
//!            │            │         ▲ ssa, sst, ssm     │ sma
//!            └─────┬──────┘         └── all three ──┐   ▼
//!        Runtime, Network          every seam watched by a Tap, if there is a recorder
//! ```
//!
//! Nothing here knows whether the network is real: the same terminal runs in `net::sim`.

#[cfg(feature = "isolated")]
mod apart;
mod asserted;
mod assurance;
mod calls;
mod causes;
mod conference;
mod dtmf;
mod events;
mod explained;
mod finder;
#[cfg(feature = "digest")]
mod flows;
mod free_port;
#[cfg(feature = "ice")]
mod helped;
#[cfg(feature = "ice")]
mod helpers;
mod hold;
#[cfg(feature = "watch")]
mod known;
mod life;
#[cfg(feature = "digest")]
mod linked;
mod mailboxes;
mod messages;
mod names;
mod ports;
#[cfg(feature = "watch")]
mod publications;
#[cfg(feature = "watch")]
mod published;
mod pump;
mod reach;
#[cfg(feature = "digest")]
mod refusals;
mod requests;
mod said;
mod security;
mod settings;
mod setup;
mod shared;
mod standing;
mod terminal;
#[cfg(feature = "digest")]
mod tls;
#[cfg(feature = "digest")]
mod tokens;
#[cfg(feature = "watch")]
mod told;
mod transfers;
mod unrelayed;
#[cfg(feature = "watch")]
mod watchers;
#[cfg(feature = "watch")]
mod watches;
#[cfg(feature = "ws")]
mod ws;

pub use assurance::Assurance;
pub use causes::{advice, code, in_words, retry_after};
pub use conference::Party;
pub use dtmf::Digit;
pub use events::{Event, Events, Outcome, Transfer};
pub use finder::Finder;
pub use free_port::{free_loopback_pair, free_pair};
#[cfg(feature = "ice")]
pub use helpers::Helpers;
#[cfg(feature = "watch")]
pub use known::{Known, Package};
pub use names::Names;
pub use ports::{Entropy, Ports, SystemClock, SystemEntropy, WallClock};
pub use requests::Pressed;
pub use said::Said;
#[cfg(feature = "digest")]
pub use settings::TokenFile;
pub use settings::{Settings, Watchers};
#[cfg(feature = "digest")]
pub use setup::pins;
pub use setup::settings;
pub use terminal::{Invitation, Terminal};
#[cfg(feature = "digest")]
pub use tls::tls;
#[cfg(feature = "watch")]
pub(crate) use watchers::{code as gone_code, words as gone_words};
#[cfg(feature = "ws")]
pub use ws::websockets;
