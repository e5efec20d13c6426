//! The top layer: dialog usages (RFC 5057 §2) and what is sent outside dialogs. Each hears what
//! concerns it and touches what a [`Cx`] lends, and none knows the others.

mod cx;
mod ended;
mod invite;
mod registration;
mod single;
mod usage;

pub(super) use cx::Cx;
pub(super) use ended::Ended;
pub(super) use invite::{InviteUsage, Unwanted};
pub(super) use registration::Registration;
pub(super) use single::Single;
pub(super) use usage::Usage;

/// A peer's octets as text for the application.
fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
