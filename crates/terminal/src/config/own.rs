//! `[own]`: whom requests may be for, beside the identity and the accounts.

use super::address::SipAor;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use sip_core::Host;
use sip_core::manager::Ours;

/// What stands for every user.
const ANYBODY: &str = "*";

/// `[own]`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Own {
    /// Users, as they stand in URIs and as telephone numbers; `*`: anybody.
    #[serde(default, deserialize_with = "users")]
    pub users: Vec<String>,
    /// Host names and addresses.
    #[serde(default, deserialize_with = "hosts")]
    pub hosts: Vec<String>,
}

fn users<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let is_user = |user: &String| {
        let aor: Result<SipAor, _> = format!("sip:{user}@host").parse();
        aor.is_ok_and(|aor| aor.user() == user)
    };
    each(deserializer, is_user, |user| {
        format!(
            "`{user}` is not the user part of a SIP address, such as alice or +49301234, nor \
             \"*\" for anybody"
        )
    })
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let is_host = |host: &String| {
        host.parse::<std::net::Ipv6Addr>().is_ok() || Host::parse(host.as_bytes()).is_ok()
    };
    each(deserializer, is_host, |host| {
        format!("`{host}` is not a host name or an address, without scheme and port")
    })
}

/// A list each of whose texts is as it should be.
fn each<'de, D: Deserializer<'de>>(
    deserializer: D, fits: impl Fn(&String) -> bool, wrong: impl Fn(&str) -> String,
) -> Result<Vec<String>, D::Error> {
    let listed = Vec::deserialize(deserializer)?;
    match listed.iter().find(|text| !fits(text)) {
        Some(text) => Err(D::Error::custom(wrong(text))),
        None => Ok(listed),
    }
}

impl Own {
    /// Whom requests may be for: the users of these addresses at their domains, and what is listed;
    /// where there is nobody, anybody at this host.
    pub(super) fn beside<'a>(&self, aors: impl Iterator<Item = &'a SipAor>) -> Ours {
        let mut ours = Ours::of(aors.map(SipAor::as_str));
        let users = ours.users.get_or_insert_default();
        users.extend(self.users.iter().cloned());
        if users.is_empty() || self.users.iter().any(|user| user == ANYBODY) {
            ours.users = None;
        }
        ours.hosts.extend(self.hosts.iter().cloned());
        ours
    }
}
