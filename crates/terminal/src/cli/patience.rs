//! A peer that says nothing: it is told once on standard error that it is still tried, and for how
//! long.

use super::person::Person;
use crate::record::clean;
use net::BoxFuture;
use std::io::{self, Write as _};
use std::time::Duration;

/// Silence that is worth a word.
const SHORT: Duration = Duration::from_secs(3);
/// For so long a request is sent again while nothing is answered: 64*T1. RFC 3261 §17.1.1.2.
const TRYING: Duration = Duration::from_secs(32);

/// How long a person waits without a word.
pub(super) struct Patience {
    over: BoxFuture<()>,
    whom: String,
    /// How many addresses are tried, each for [`TRYING`].
    addresses: u32,
    /// Who is asked where the peer asks, and how often that was when the wait began.
    person: Option<(Person, usize)>,
}

impl Patience {
    /// Begins to wait for `whom`, who has so many addresses. Where the `person` is asked meanwhile,
    /// nothing is told: the peer has then answered.
    pub(super) fn with(whom: &str, addresses: u32, person: Option<&Person>) -> Self {
        let over = Box::pin(tokio::time::sleep(SHORT));
        let person = person.map(|person| (person.clone(), person.asked()));
        Self { over, whom: clean(whom), addresses, person }
    }

    /// Something was heard: there is nothing to tell any more.
    pub(super) fn ends(&mut self) {
        self.over = Box::pin(std::future::pending());
    }

    /// Done once it was told that nothing was heard, or need not be. Cancel-safe.
    pub(super) async fn is_over(&mut self) {
        (&mut self.over).await;
        self.ends();
        if self.person.as_ref().is_some_and(|(person, before)| person.asked() > *before) {
            return;
        }
        let left = (TRYING * self.addresses - SHORT).as_secs();
        let line = format!(
            "no answer from {} yet: still trying, and giving up in {left} s if there is none at \
             all (Ctrl-C gives up now)",
            self.whom
        );
        drop(writeln!(io::stderr(), "{line}"));
    }
}
