//! Header values, typed on demand: one file a header, or a family of them.

mod auth;
mod call_id;
mod contact;
mod cseq;
mod numbers;
mod tags;
mod via;

pub use auth::AuthValue;
pub use call_id::CallId;
pub use contact::Contact;
pub use cseq::CSeq;
pub use numbers::delta_seconds;
pub(crate) use numbers::{content_length, max_forwards};
pub use sip_syntax::{ContentDisposition, ContentType, Date, NameAddr};
pub(crate) use tags::read_token;
pub use via::Via;
