//! SST: policy and its secrets, what a call is worth, prompts.

mod assurance;
mod policy;
mod told;

pub(crate) use assurance::{Assurance, Assured, CallAssurance};
pub(crate) use policy::{Configuration, configuration, configuration_of};
pub(crate) use told::{
    CallStarted, Credentials, Denial, Mismatch, Password, Pins, Registered, Token, TrustQuestion,
    Waitings, state, state_of,
};
