//! The top layer: dialog usages (RFC 5057 §2) and what is sent outside dialogs. Each hears what
//! concerns it and touches what a [`Cx`] lends, and none knows the others.

mod cx;
mod ended;
mod invite;
mod notifier;
mod pace;
mod publication;
mod registration;
mod single;
mod subscription;
mod usage;

pub(super) use cx::Cx;
pub(super) use ended::Ended;
pub(super) use invite::{InviteUsage, Replaces, Unwanted, is_reliable};
pub(super) use notifier::Notifier;
pub(super) use publication::Publication;
pub(super) use registration::Registration;
pub(super) use single::Single;
pub(super) use subscription::Subscription;
pub(super) use usage::{OneKind, Usage};

/// Whether a REFER, or its 2xx, wants no word of how it goes on. RFC 4488 §4.
fn refuses_subscription(message: &crate::Message) -> bool {
    let value = message.header(crate::HeaderName::ReferSub).unwrap_or_default();
    sip_syntax::Cursor::new(value).token().is_ok_and(|it| it.eq_ignore_ascii_case(b"false"))
}

/// A peer's octets as text for the application.
pub(super) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
