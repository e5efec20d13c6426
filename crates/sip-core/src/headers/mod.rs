//! The headers: [`table`] has a row for each, [`grammar`] what their values are. Values are typed on
//! demand: one file a header, or a family of them.

mod asserted;
mod auth;
mod call_id;
mod contact;
mod cseq;
mod element;
mod grammar;
mod info;
mod numbers;
mod reason;
mod table;
mod tags;
mod via;

pub use asserted::AssertedIdentity;
pub use auth::AuthValue;
pub use call_id::CallId;
pub use contact::Contact;
pub use cseq::CSeq;
pub(crate) use element::{Count, Element, Part, Parts};
pub use info::InfoUri;
pub use numbers::delta_seconds;
pub(crate) use numbers::{content_length, leading_seconds, max_forwards};
pub use reason::Reason;
pub use sip_syntax::{ContentDisposition, ContentType, Date, NameAddr};
pub use table::HeaderName;
pub(crate) use table::{Header, Need};
pub(crate) use tags::read_token;
pub use via::Via;
