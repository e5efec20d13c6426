//! sip-core.
pub mod transaction;
