//! The middle layer, client side: a request of ours, whatever its method, from the draft to its
//! outcome, with its challenges, its ways and its CANCEL. RFC 3261 §8.1, §9.1, §22.2; RFC 3263 §4.3.
//!
//! It knows the transactions and the dialogs' sequence numbers; who wants a request and what for,
//! it is told as an [`Owner`] and gives back with the outcome.

mod cancel;
mod challenge;
mod contact;
mod draft;
mod exchange;
mod failover;
mod longer;
mod responses;
mod settle;
mod table;

pub(super) use contact::{Contact, Registered, contact};
pub(super) use draft::{Draft, Proven, Way};
pub(super) use exchange::{Answer, Outcome, Owner, Purpose};
pub(super) use table::{News, Requests};
