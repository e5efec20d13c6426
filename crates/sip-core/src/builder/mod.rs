//! Messages that leave. RFC 3261 §8.1.1, §8.2.6.
//!
//! Fields are written in the order in which they are given; Content-Length is always the last,
//! and always there. No value can add a field: CR, LF and NUL are written as spaces.

mod digits;
mod request;
mod response;
mod text;

pub(crate) use digits::{Hex, hex, hex_number, push_address, push_hex};
pub use request::RequestBuilder;
pub use response::ResponseBuilder;
pub(crate) use response::marked;
pub(crate) use text::Text;
