//! Whom `call bob` and `call 123` mean, and as whom.

use super::address::SipAor;
use super::file::{Account, Config, Identity};
use crate::error::{Error, Result};
use sip_core::Uri;
use std::collections::BTreeMap;
use std::fmt::Write as _;

impl Config {
    /// The URI that a person means by `text`: itself, or by a name without an address the contact
    /// or pinned peer of that name, or else that user in the domain of our account.
    ///
    /// # Errors
    /// Several are called so, there is no account whose domain it could be in, or its user part is
    /// not escaped.
    pub fn dial(&self, text: &str) -> Result<String> {
        if has_scheme(text) {
            return as_written(text.to_owned());
        }
        if text.contains('@') {
            return as_written(format!("sip:{text}"));
        }
        let contacts = self.contacts.iter().map(|contact| &contact.aor);
        let pinned = self.pins.pins.iter().map(|pin| &pin.aor);
        let named = contacts.chain(pinned).filter(|aor| aor.user() == text);
        let named: BTreeMap<String, &SipAor> = named.map(|aor| (aor.contact(), aor)).collect();
        match named.values().collect::<Vec<_>>().as_slice() {
            [] => self.in_our_domain(text),
            [one] => Ok(one.to_string()),
            several => Err(Error::invalid(format!(
                "{text} may be {}: say which",
                several.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
            ))),
        }
    }

    fn in_our_domain(&self, user: &str) -> Result<String> {
        let is_user = !user.is_empty() && !user.contains([':', '/']);
        match self.own_account().filter(|_| is_user) {
            Some(account) => Ok(format!("sip:{}@{}", escaped(user), account.aor.domain())),
            None => Err(Error::invalid(format!(
                "{user}: not a SIP URI, not the name of a contact, and there is no account whose \
                 domain it could be in"
            ))),
        }
    }

    /// The account of the identity.
    pub fn own_account(&self) -> Option<&Account> {
        let own = &self.identity.as_ref()?.aor;
        self.accounts.iter().find(|account| account.aor.matches(own.as_str()))
    }

    /// Lets the account that `name` names be the one that calls: by its address, its user or its
    /// domain.
    ///
    /// # Errors
    /// There is none of that name, or several.
    pub fn call_as(&mut self, name: &str) -> Result<()> {
        let is_named = |account: &&Account| {
            let aor = &account.aor;
            aor.matches(name)
                || [aor.user(), aor.host(), aor.domain()].contains(&name)
                || account.user.as_deref() == Some(name)
        };
        let named: Vec<&Account> = self.accounts.iter().filter(is_named).collect();
        let [account] = named.as_slice() else {
            let all: Vec<String> = self.accounts.iter().map(|it| it.aor.to_string()).collect();
            let few = if named.is_empty() { "no account is" } else { "several accounts are" };
            let there = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
            return Err(Error::invalid(format!("{few} called {name}; there is {there}")));
        };
        let aor = account.aor.clone();
        // Its key is its own.
        let own = self.identities().into_iter().find(|own| aor.matches(own.aor.as_str()));
        self.identity = own.or(Some(Identity { aor, fingerprint: None }));
        Ok(())
    }
}

/// Whether `text` begins as URIs do. RFC 3986 §3.1. A port behind a domain does not make one.
fn has_scheme(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_word = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    let is_host = scheme.contains('.') && rest.bytes().all(|b| b.is_ascii_digit());
    is_word && !is_host && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// A URI that a person wrote, where its user part is spelled as it goes on the wire.
///
/// # Errors
/// It is not: the error shows how it should be.
fn as_written(uri: String) -> Result<String> {
    let parsed = Uri::parse(uri.as_bytes()).ok().filter(Uri::has_odd_user);
    let user = parsed.and_then(|uri| std::str::from_utf8(uri.user()?).ok());
    if user == Some("") {
        return Err(Error::invalid("no user stands before the @, as bob does in sip:bob@host"));
    }
    // What begins with a percent sign is escaped already.
    let mend = |user: &str| escaped(user).replace("%25", "%");
    let is_odd = |octet: &String| *octet != "%" && mend(octet) != *octet;
    let odd = user.and_then(|user| user.chars().map(String::from).find(is_odd));
    let (Some(user), Some(odd)) = (user, odd) else { return Ok(uri) };
    Err(Error::invalid(format!(
        "{uri}: within the user part of a SIP URI, `{odd}` must be written {}: {}",
        mend(&odd),
        uri.replacen(user, &mend(user), 1)
    )))
}

/// `user` as it stands in a URI. RFC 3261 §25.1: unreserved and user-unreserved.
pub(crate) fn escaped(user: &str) -> String {
    let mut out = String::with_capacity(user.len());
    for octet in user.bytes() {
        if octet.is_ascii_alphanumeric() || b"-_.!~*'()&=+$,;?/".contains(&octet) {
            out.push(char::from(octet));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{octet:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Pins, parse::parse};
    use std::path::Path;

    const ACCOUNTS: &str = "[identity]\naor = \"sip:alice@example.org\"\n\
        [[account]]\naor = \"sip:alice@example.org\"\nregistrar = \"pbx.example.org\"\n\
        [[account]]\naor = \"sip:work@example.com:5070\"\nregistrar = \"pbx.example.com\"\n\
        user = \"4711\"\n[[contact]]\naor = \"sip:bob@example.net\"\n\
        [[contact]]\naor = \"sip:eve@a.example\"\n[[contact]]\naor = \"sip:eve@b.example\"\n";

    fn config(text: &str) -> Config {
        let mut config: Config = parse(Path::new("c.toml"), text).unwrap();
        let mut pins = Pins::default();
        for aor in ["sip:carol@c.example", "sip:bob@example.net"] {
            pins.pin(aor.parse().unwrap(), &"a".repeat(40)).unwrap();
        }
        config.pins = pins;
        config
    }

    #[test]
    fn a_name_is_a_contact_then_a_pinned_peer_then_a_user_of_our_domain() {
        let config = config(ACCOUNTS);
        for (text, uri) in [
            ("sip:bob@192.0.2.1:5070", "sip:bob@192.0.2.1:5070"),
            ("bob@192.0.2.1:5070", "sip:bob@192.0.2.1:5070"),
            ("bob", "sip:bob@example.net"),
            ("carol", "sip:carol@c.example"),
            ("123", "sip:123@example.org"),
            ("+49 30 1", "sip:+49%2030%201@example.org"),
            ("*43#", "sip:*43%23@example.org"),
            ("tel:123", "tel:123"),
            ("nonsense:x", "nonsense:x"),
        ] {
            assert_eq!(config.dial(text).unwrap(), uri);
        }
        let both = config.dial("eve").unwrap_err().line();
        assert!(both.contains("sip:eve@a.example or sip:eve@b.example"), "{both}");
        for none in ["", "192.0.2.1:5070", "host.example:5070"] {
            let why = config.dial(none).unwrap_err().line();
            assert!(why.contains("not a SIP URI"), "{none}: {why}");
        }
    }

    #[test]
    fn a_user_part_that_is_not_escaped_is_shown_as_it_should_be() {
        for (text, hint) in [
            ("sip:*21#@b", "`#` must be written %23: sip:*21%23@b"),
            ("*21#@b;transport=tcp", "`#` must be written %23: sip:*21%23@b;transport=tcp"),
            ("sip:a%25[1]#@b", "`[` must be written %5B: sip:a%25%5B1%5D%23@b"),
        ] {
            let why = config(ACCOUNTS).dial(text).unwrap_err().line();
            assert!(why.ends_with(hint), "{why}");
        }
    }

    #[test]
    fn who_has_no_user_before_the_at_sign_is_asked_for_one() {
        for text in ["sip:@b", "@b", "sip::secret@b"] {
            let why = config(ACCOUNTS).dial(text).unwrap_err().line();
            assert!(why.starts_with("no user stands before the @"), "{why}");
        }
    }

    #[test]
    fn the_account_that_is_named_calls() {
        for name in ["sip:work@example.com:5070", "work", "4711", "example.com"] {
            let mut config = config(ACCOUNTS);
            config.call_as(name).unwrap();
            assert_eq!(config.identity.as_ref().unwrap().aor.as_str(), "sip:work@example.com:5070");
            assert_eq!(config.own_account().unwrap().user.as_deref(), Some("4711"));
            assert_eq!(config.dial("123").unwrap(), "sip:123@example.com:5070");
        }
        let why = config(ACCOUNTS).call_as("home").unwrap_err().line();
        assert!(why.contains("no account is called home") && why.contains("sip:alice@"), "{why}");
        let why = config("").call_as("home").unwrap_err().line();
        assert!(why.contains("there is none"), "{why}");
    }
}
