//! Without feature `dtls` no line is keyed by a handshake.

use super::keys::SrtpKeys;
use crate::Platform;
use ssm::{Handshake, Line, LineSecurity, Refused};

/// No lines.
#[derive(Debug, Default)]
pub(crate) struct Dtls;

impl Dtls {
    pub(super) const fn offer(&self, _: Line, _: &dyn Platform) -> Result<LineSecurity, Refused> {
        Err(Refused::Profile)
    }

    pub(super) const fn answer(
        &self, _: Line, _: &LineSecurity, _: &dyn Platform,
    ) -> Result<LineSecurity, Refused> {
        Err(Refused::Profile)
    }

    pub(super) const fn has_offered(&self, _: Line) -> bool {
        false
    }

    pub(super) const fn judge(&self, _: Line, _: &LineSecurity) -> Result<(), Refused> {
        Err(Refused::Profile)
    }

    pub(super) const fn secures(&self, _: Line) -> bool {
        false
    }

    pub(super) const fn secure(&self) -> bool {
        false
    }

    pub(super) const fn moved(&self, _: Line) {}

    pub(super) fn guard(
        &self, _: Line, _: impl Fn() + Send + Sync + 'static,
    ) -> Result<Option<Box<dyn Handshake<SrtpKeys>>>, Refused> {
        Err(Refused::Unknown)
    }

    pub(super) fn suites(&self) -> impl Iterator<Item = (Line, Option<&'static str>)> {
        std::iter::empty()
    }
}
