//! What whoever keeps a device open is told.

use crate::Unusable;

/// What a keeper is told.
#[derive(Debug)]
pub(crate) enum Note {
    /// The device can be used no more.
    Lost(Unusable),
    /// The call wants it no more.
    Over,
}
