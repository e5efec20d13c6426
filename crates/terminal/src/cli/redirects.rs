//! Whom else to call where the callee has moved, for who wants that followed. RFC 3261 §8.1.3.4.

/// So many addresses are called for one call at most: each may name another one.
const MOST: usize = 5;

/// The addresses that were called, and the next.
#[derive(Debug)]
pub(super) struct Redirects {
    are_followed: bool,
    called: Vec<String>,
    next: Option<String>,
}

impl Redirects {
    /// Of a call to `uri`; what a callee names is called only where they are followed.
    pub(super) fn of(uri: &str, are_followed: bool) -> Self {
        Self { are_followed, called: vec![uri.to_owned()], next: None }
    }

    /// The callee names these, the most wanted first.
    pub(super) fn on(&mut self, to: &[String]) {
        self.next = to.iter().find(|uri| !self.called.contains(uri)).cloned();
    }

    /// Whom to call now that the call is over; each once.
    pub(super) fn take(&mut self) -> Option<String> {
        let next = self.next.take()?;
        if !self.are_followed || self.called.len() >= MOST {
            return None;
        }
        self.called.push(next.clone());
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(redirects: &mut Redirects, to: &[&str]) -> Option<String> {
        redirects.on(&to.iter().map(|uri| (*uri).to_owned()).collect::<Vec<_>>());
        redirects.take()
    }

    #[test]
    fn nobody_else_is_called_unless_that_is_wanted() {
        assert_eq!(next(&mut Redirects::of("sip:a@h", false), &["sip:b@h"]), None);
        assert_eq!(next(&mut Redirects::of("sip:a@h", true), &["sip:b@h"]).unwrap(), "sip:b@h");
    }

    #[test]
    fn no_address_is_called_twice_and_five_at_most() {
        let mut redirects = Redirects::of("sip:0@h", true);
        assert_eq!(next(&mut redirects, &["sip:0@h"]), None);
        assert_eq!(next(&mut redirects, &["sip:0@h", "sip:1@h"]).unwrap(), "sip:1@h");
        assert_eq!(redirects.take(), None, "once");
        for number in 2..5 {
            let uri = format!("sip:{number}@h");
            assert_eq!(next(&mut redirects, &[&uri]), Some(uri));
        }
        assert_eq!(next(&mut redirects, &["sip:5@h"]), None);
    }
}
