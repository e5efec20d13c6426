//! URIs: sip, sips and tel typed, others opaque. RFC 3261 §19.1, RFC 3966.

mod components;
mod equality;
mod parse;
mod tel;
mod value;

pub use components::{UriHeaders, UriParams};
pub use equality::unescaped;
pub use value::{Scheme, Uri};
