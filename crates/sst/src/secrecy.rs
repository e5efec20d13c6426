//! What becomes of recorded media once somebody has the long-lived keys.

/// What somebody who has recorded a stream can do who gets both sides' long-lived keys later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Secrecy {
    /// Hear it: its keys travelled under those.
    #[default]
    None,
    /// Nothing, unless with a quantum computer: its keys were agreed on, and are gone with the call.
    Forward,
    /// Nothing, with a quantum computer either: they were agreed on by a hybrid of both kinds.
    PostQuantum,
}
