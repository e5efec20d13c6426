//! What is told of devices while a call goes on.

use crate::{Unusable, Way};

/// What became of a device. The call goes on, whatever it is.
#[derive(Debug)]
#[non_exhaustive]
pub enum News {
    /// It is gone, or could not be opened: silence is said or heard. It is tried again every second, and
    /// nothing more is told until it is back.
    Lost {
        /// What it is for.
        way: Way,
        /// The name that it was chosen by; `None`: whichever is the default.
        name: Option<String>,
        /// Why.
        why: Unusable,
    },
    /// It is back.
    Back {
        /// What it is for.
        way: Way,
        /// Its name.
        name: String,
    },
    /// What cleaned the microphone's sound has failed by a fault of its own: what is heard is said as it
    /// is from now on, in this call.
    NotCleaned,
}
