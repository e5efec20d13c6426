//! The configuration: one TOML file, the pins beside it, secrets in files of their own.
//!
//! A wrong file is one line, `FILE:LINE:COLUMN: reason`, that names the key; an unknown key is
//! wrong. Relative paths count from the file's folder. Secrets never stand in the file: they are
//! in files of mode 0600, and a file that others may read is refused (cases O02, O05).

mod address;
mod dial;
mod file;
#[cfg(feature = "digest")]
mod ha1;
mod instance;
mod journal;
mod load;
mod media;
mod network;
mod own;
mod parse;
mod pins;
mod pins_watch;
mod place;
mod private;
mod relay;
mod require;
#[cfg(any(feature = "digest", feature = "ice"))]
mod secret;
mod server;
mod template;
mod tls;
mod trusted;
mod ws;

pub use address::{Address, ListedAlgorithm, SipAor};
pub(crate) use dial::escaped;
pub use file::{
    Account, Agent, Audio, Config, Contact, ContactAs, Identity, MediaSecrecy, Policy, User,
};
#[cfg(feature = "digest")]
pub use ha1::{Enough, Ha1, read_ha1};
pub use instance::instance;
pub use journal::Journal;
pub use load::{default_path, load, load_or_default};
pub use media::{Keys, Media, Rtp, Turn};
pub use network::Network;
pub use own::Own;
pub use pins::{PinnedKey, Pins};
pub use pins_watch::PinsWatch;
pub use place::Place;
pub use relay::{By, Relay};
pub use require::{Require, any_of};
#[cfg(any(feature = "digest", feature = "ice"))]
pub use secret::read_secret;
#[cfg(feature = "digest")]
pub use secret::{read_key, read_token};
pub use server::Server;
pub use template::{Init, NewAccount, write_new};
pub use tls::Tls;
pub use trusted::Trusted;
pub use ws::{Origin, Ws};

#[cfg(test)]
mod tests;
