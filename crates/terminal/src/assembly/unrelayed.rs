//! What a user is told of a relay that is not there.

use crate::record::clean;
use media_ctl::RelayLoss;
use media_ctl::driver::MediaSession;

/// Tells that no media of this session go by a relay, or none any more, and why.
pub(super) fn unrelayed(media: &MediaSession, loss: RelayLoss) {
    let why = clean(&media.relay_trouble(loss));
    tracing::warn!("the TURN server takes no media for us: {why}");
}
