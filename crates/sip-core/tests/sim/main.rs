//! Two endpoints that call each other in the simulator, and strangers that write by hand.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod abuse;
mod alone;
mod answers;
mod calls;
mod challenges;
mod crossing;
mod datagrams;
mod disorder;
mod double;
mod elsewhere;
mod failover;
mod flows;
mod hops;
mod interleaved;
mod kept;
mod late;
mod loss;
mod odd;
mod offers;
mod ours;
mod places;
mod poor;
mod raw;
mod refreshes;
mod refusals;
mod registering;
mod registrars;
mod registrations;
mod reinvites;
mod reliable;
mod resubscribing;
mod sealed;
mod security;
mod storm;
mod strangers;
mod streams;
mod subscriptions;
mod timers;
mod tls;
mod transfers;
mod trouble;
mod unreachable;
mod world;
