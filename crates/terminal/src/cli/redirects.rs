//! Whom else to call where the callee has moved, for who wants that followed. RFC 3261 §8.1.3.4.

use sip_core::Uri;

/// So many addresses are called for one call at most: each may name another one.
const MOST: usize = 5;

/// The addresses that were called, and the next.
#[derive(Debug)]
pub(super) struct Redirects {
    /// The hosts at which whom a callee names may be called.
    hosts: Vec<String>,
    called: Vec<String>,
    next: Option<String>,
}

impl Redirects {
    /// Of a call to `uri`; what a callee names is called where `are_followed` at the host of `uri`,
    /// and at those of `elsewhere`.
    pub(super) fn of(uri: &str, are_followed: bool, elsewhere: &[String]) -> Self {
        let own = host(uri).filter(|_| are_followed);
        let hosts = own.into_iter().map(str::to_owned).chain(elsewhere.iter().cloned()).collect();
        Self { hosts, called: vec![uri.to_owned()], next: None }
    }

    /// The callee names these, the most wanted first.
    pub(super) fn on(&mut self, to: &[String]) {
        let is_next = |uri: &&String| self.may_be_called(uri) && !self.called.contains(uri);
        self.next = to.iter().find(is_next).cloned();
    }

    fn may_be_called(&self, uri: &str) -> bool {
        let host = host(uri);
        host.is_some_and(|host| self.hosts.iter().any(|it| it.eq_ignore_ascii_case(host)))
    }

    /// Whom to call now that the call is over; each once.
    pub(super) fn take(&mut self) -> Option<String> {
        let next = self.next.take()?;
        if self.called.len() >= MOST {
            return None;
        }
        self.called.push(next.clone());
        Some(next)
    }
}

/// The host of a URI, without the port.
fn host(uri: &str) -> Option<&str> {
    let host = Uri::parse(uri.as_bytes()).ok()?.host()?;
    std::str::from_utf8(host.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(redirects: &mut Redirects, to: &[&str]) -> Option<String> {
        redirects.on(&to.iter().map(|uri| (*uri).to_owned()).collect::<Vec<_>>());
        redirects.take()
    }

    #[test]
    fn t13_nobody_else_is_called_unless_that_is_wanted() {
        let to = &["sip:b@h"];
        assert_eq!(next(&mut Redirects::of("sip:a@h", false, &[]), to), None);
        assert_eq!(next(&mut Redirects::of("sip:a@h", true, &[]), to).unwrap(), "sip:b@h");
    }

    #[test]
    fn t13_at_another_host_nobody_is_called_unless_it_was_named() {
        let to = &["sip:b@g", "sip:+1900555@premium.example", "sip:b@H:5070;transport=tcp"];
        let called = |own, elsewhere: &[&str]| {
            let elsewhere: Vec<String> = elsewhere.iter().map(|it| (*it).to_owned()).collect();
            next(&mut Redirects::of("sip:a@h", own, &elsewhere), to)
        };
        assert_eq!(called(false, &[]), None);
        assert_eq!(called(true, &[]).as_deref(), Some(to[2]), "the first that may be called");
        assert_eq!(called(false, &["G"]).as_deref(), Some(to[0]));
        assert_eq!(called(false, &["premium.example"]).as_deref(), Some(to[1]));
        assert_eq!(called(false, &["example", "", "b@g"]), None);
    }

    #[test]
    fn t13_no_address_is_called_twice_and_five_at_most() {
        let mut redirects = Redirects::of("sip:0@h", true, &[]);
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
