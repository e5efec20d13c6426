//! In place of devices, where none are linked.

use super::output::Output;
use crate::config::Audio;
use crate::error::{Error, Result};
use media_ctl::audio::Ends;

/// There are none.
#[derive(Clone, Copy, Debug)]
pub(super) enum Devices {}

impl Devices {
    /// Says so.
    ///
    /// # Errors
    /// Always.
    pub(super) async fn choose(_: &Audio, _: Output) -> Result<Self> {
        Err(Error::invalid(
            "this build has no microphone and no loudspeaker (`device`); one that is built with \
             `--features devices` has (on Linux, that takes libasound2-dev and pkg-config)",
        ))
    }

    /// The ends of a call.
    pub(super) const fn ends(&self) -> Ends {
        match *self {}
    }
}
