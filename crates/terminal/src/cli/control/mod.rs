//! Obeys the commands that come in while calls go on. Each is answered once: that it is done, or why
//! it is not.
//!
//! What asks the peer of a call for something waits until what was asked before is answered: so it
//! comes in order, and a dialog has one request of ours to sign at a time.
//!
//! `state` is what there is, and what those who run the calls say of it; `obey` begins what a command
//! wants, `joins` what it wants of several calls; `settle` takes in what happens, for which commands may
//! wait in `waits`; `replies` answers them.

mod joins;
mod obey;
mod replies;
mod settle;
mod state;
mod waits;

pub(super) use state::{Control, Wanted};
