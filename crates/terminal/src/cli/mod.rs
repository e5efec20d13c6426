//! The command line: arguments in, one exit status out.
//!
//! 0: done. 1: failed, with the reason in one line on standard error. 2: wrong usage. Standard output
//! that nobody reads any more is a failure: what goes on is ended as by Ctrl-C.

mod agents;
pub mod args;
mod ask;
mod audio;
#[cfg(feature = "digest")]
mod auth;
mod binds;
mod bulk;
mod call;
mod calls;
mod command;
mod conference;
mod control;
#[cfg(feature = "digest")]
mod demo;
mod descriptions;
#[cfg(feature = "devices")]
mod devices;
#[cfg(feature = "digest")]
mod explain;
mod global;
mod hardening;
mod help;
mod init;
mod input;
mod inspect;
mod json;
mod keyboard;
#[cfg(feature = "pgp")]
mod keys;
mod listen;
mod manual;
mod message;
mod network;
#[cfg(not(feature = "devices"))]
mod no_devices;
mod options;
mod output;
#[cfg(feature = "pgp")]
mod own_keys;
#[cfg(feature = "pgp")]
mod passphrase;
mod patience;
mod person;
mod placing;
#[cfg(feature = "digest")]
mod prompts;
mod recording;
mod redirects;
mod register;
#[cfg(feature = "pgp")]
mod repin;
mod run;
mod session;
mod stop;
mod verdicts;
#[cfg(feature = "watch")]
mod watch;
#[cfg(feature = "watch")]
mod watched;

pub use run::run;
