//! Without feature `srtp` there are no keys: plain media, or none.

use super::handed::Handed;
use super::names::Names;
use super::standing::Standing;
use crate::Platform;
use ssa::Direction;
use ssm::{Line, LineSecurity, MediaGuard, Refused};
use sst::Secrecy;
use zeroize::Zeroizing;

/// No keys.
#[derive(Debug, Default)]
pub(super) struct Keys;

/// None.
#[derive(Debug)]
pub(crate) enum SrtpKeys {}

impl SrtpKeys {
    pub(crate) const fn guard(&self) -> Result<MediaGuard, Refused> {
        match *self {}
    }
}

/// There is nothing to fill a slot with.
pub(super) struct Unfilled;

impl Keys {
    pub(super) const fn offer(_: bool) -> Result<LineSecurity, Refused> {
        Err(Refused::Profile)
    }

    pub(super) const fn answer(
        &self, _: Line, _: &LineSecurity, _: Secrecy,
    ) -> Result<LineSecurity, Refused> {
        Err(Refused::Profile)
    }

    pub(super) const fn judge(&self, _: Line, _: &LineSecurity, _: Secrecy) -> Result<(), Refused> {
        Err(Refused::Profile)
    }

    pub(super) const fn has_offered(&self, _: Line) -> bool {
        false
    }

    pub(super) const fn secures(&self, _: Line) -> bool {
        false
    }

    pub(super) const fn secure(&self) -> bool {
        false
    }

    pub(super) const fn hand_out(
        &self, _: Line, _: Option<&Names>, _: Secrecy,
    ) -> Result<Handed, Refused> {
        Err(Refused::Unknown)
    }

    pub(super) const fn fill(
        &self, _: Direction, _: &[u8], _: (Standing, &dyn Platform),
    ) -> Result<Zeroizing<Vec<u8>>, Unfilled> {
        Err(Unfilled)
    }

    pub(super) const fn empty(&self, _: Direction, sdp: Vec<u8>, _: Standing) -> Vec<u8> {
        sdp
    }

    pub(super) fn suites(&self) -> impl Iterator<Item = (Line, &'static str, Secrecy)> {
        std::iter::empty()
    }
}
