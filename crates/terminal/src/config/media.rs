//! `[media]`: which codecs are spoken, whom plain media follows, how long there may be no sign of life,
//! how keys are told, and how media find their way.

use super::relay::Relay;
use super::server::Server;
use media_ctl::Codec;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

/// `[media]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Media {
    /// The codecs that are offered and accepted, preferred first.
    #[serde(deserialize_with = "codecs")]
    pub codecs: Vec<Codec>,
    /// Whether plain RTP follows who speaks; absent: where the peer is reached by way of an account,
    /// or at a private address.
    pub rtp: Option<Rtp>,
    /// Seconds without RTP and RTCP from the peer after which a call is ended; 0: never.
    pub timeout: u32,
    /// How keys that are pressed in a call are told to the peer.
    pub dtmf: Keys,
    /// Whether media find their way by ICE where the peer does it too. RFC 8445.
    pub ice: bool,
    /// A server that says where it sees us, over UDP. RFC 8489.
    pub stun: Option<Server>,
    /// A server that takes media for us. RFC 8656.
    pub turn: Option<Turn>,
}

/// `[media] turn`: a server that takes media for us.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Turn {
    /// Where it is, and how it is reached.
    pub server: Relay,
    /// Our name there.
    pub user: String,
    /// The file with the password, mode 0600.
    pub password_file: PathBuf,
}

/// How keys that are pressed in a call are told to the peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Keys {
    /// As events beside the voice where the peer takes such, else by INFO.
    #[default]
    Auto,
    /// As events, or not at all. RFC 4733.
    Rtp,
    /// By INFO, always.
    Info,
}

/// Where plain RTP goes. Case M10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rtp {
    /// To where the first that speaks sends from.
    Symmetric,
    /// To where the peer's description says.
    Strict,
}

impl Default for Media {
    /// Five intervals between reports, at their longest. RFC 3550 §6.2.
    fn default() -> Self {
        Self {
            codecs: Codec::ALL.to_vec(),
            rtp: None,
            timeout: 32,
            dtmf: Keys::Auto,
            ice: false,
            stun: None,
            turn: None,
        }
    }
}

impl Media {
    /// Why it cannot be so, where it cannot.
    pub(super) const fn flawed(&self) -> Option<&'static str> {
        let servers = self.stun.is_some() || self.turn.is_some();
        if servers && !self.ice {
            return Some(
                "`stun` and `turn` are asked for ICE alone: write `ice = true`, or take them out",
            );
        }
        None
    }

    /// How long there may be no sign of life.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        (self.timeout > 0).then(|| Duration::from_secs(self.timeout.into()))
    }

    /// Whether plain RTP follows who speaks in a call whose signalling is with `peer`, which is an
    /// account's registrar or not.
    pub(crate) fn is_symmetric(&self, peer: IpAddr, by_account: bool) -> bool {
        match self.rtp {
            Some(rtp) => rtp == Rtp::Symmetric,
            None => by_account || is_private(peer),
        }
    }
}

/// Reads names of codecs: at least one, and each once.
fn codecs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Codec>, D::Error> {
    let names = Vec::<String>::deserialize(from)?;
    let mut codecs = Vec::new();
    for name in names {
        let codec = Codec::named(&name).ok_or_else(|| unknown(&name))?;
        if codecs.contains(&codec) {
            return Err(D::Error::custom(format_args!("the codec `{name}` stands twice")));
        }
        codecs.push(codec);
    }
    if codecs.is_empty() {
        return Err(D::Error::custom(format_args!("expected at least one of {}", known())));
    }
    Ok(codecs)
}

fn unknown<E: Error>(name: &str) -> E {
    let name: String = name.chars().take(40).collect();
    E::custom(format_args!("there is no codec `{}`: expected {}", name.escape_debug(), known()))
}

/// The codecs' names.
fn known() -> String {
    let names: Vec<_> =
        Codec::ALL.iter().map(|codec| format!("`{}`", codec.name().to_ascii_lowercase())).collect();
    names.join(", ")
}

/// Whether an address is of a network behind translators, or of this host. RFC 6890, RFC 4193.
fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => {
            // RFC 6598: between a carrier's translators and its customers'.
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second);
            v4.is_private() || v4.is_link_local() || v4.is_loopback() || shared
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local() || v6.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::relay::By;
    use super::*;

    #[test]
    fn plain_media_follows_by_way_of_an_account_or_at_a_private_address() {
        for (peer, by_account, follows) in [
            ("192.0.2.1", false, false),
            ("192.0.2.1", true, true),
            ("10.1.2.3", false, true),
            ("172.31.0.1", false, true),
            ("172.32.0.1", false, false),
            ("192.168.1.1", false, true),
            ("100.64.0.1", false, true),
            ("100.128.0.1", false, false),
            ("127.0.0.1", false, true),
            ("::ffff:10.0.0.1", false, true),
            ("fd00::1", false, true),
            ("2001:db8::1", false, false),
        ] {
            let peer = peer.parse().unwrap();
            let [absent, symmetric, strict] = [None, Some(Rtp::Symmetric), Some(Rtp::Strict)]
                .map(|rtp| Media { rtp, ..Media::default() }.is_symmetric(peer, by_account));
            assert_eq!((absent, symmetric, strict), (follows, true, false), "{peer} {by_account}");
        }
    }

    #[test]
    fn codecs_are_taken_in_their_order_and_wrong_ones_are_told() {
        let read = |list: &str| toml::from_str::<Media>(&format!("codecs = {list}"));
        let codecs = read("[\"opus\", \"G722\", \"pcma\"]").unwrap().codecs;
        assert_eq!(codecs, [Codec::OPUS, Codec::G722, Codec::PCMA]);
        assert_eq!(toml::from_str::<Media>("").unwrap().codecs, Codec::ALL);
        let all = "`pcmu`, `pcma`, `g722`, `opus`";
        for (list, told) in [
            ("[\"g729\"]", format!("there is no codec `g729`: expected {all}")),
            ("[]", format!("expected at least one of {all}")),
            ("[\"pcmu\", \"PCMU\"]", "the codec `PCMU` stands twice".to_owned()),
        ] {
            let error = read(list).unwrap_err().to_string();
            assert!(error.contains(&told), "{error}");
        }
        assert!(read("\"opus\"").is_err());
    }

    #[test]
    fn servers_stand_beside_ice_alone() {
        let read = |text: &str| toml::from_str::<Media>(text).unwrap();
        let turn =
            "turn = { server = \"turn.example.org\", user = \"alice\", password-file = \"t\" }";
        for servers in ["stun = \"192.0.2.1:3478\"", turn] {
            assert!(read(servers).flawed().is_some_and(|why| why.contains("write `ice = true`")));
            assert_eq!(read(&format!("ice = true\n{servers}")).flawed(), None);
        }
        assert_eq!(
            (read("").ice, read("").flawed(), read("ice = true").flawed()),
            (false, None, None)
        );
        let why = toml::from_str::<Media>("ice = true\nstun = \"stun:192.0.2.1\"").unwrap_err();
        assert!(why.to_string().contains("`stun:192.0.2.1` is no server"), "{why}");
        assert!(toml::from_str::<Media>("turn = \"192.0.2.1\"").is_err());
        let by_tls = read(&format!("ice = true\n{}", turn.replace("turn.e", "turns:turn.e")));
        assert_eq!(by_tls.turn.map(|turn| turn.server.by), Some(By::Tls));
    }

    #[test]
    fn no_timeout_is_none() {
        let read = |text| toml::from_str::<Media>(text).unwrap();
        assert_eq!(read("").timeout(), Some(Duration::from_secs(32)));
        assert_eq!(read("timeout = 0").timeout(), None);
        let strict = read("rtp = \"strict\"\ntimeout = 90");
        assert_eq!((strict.rtp, strict.timeout), (Some(Rtp::Strict), 90));
        assert!(toml::from_str::<Media>("rtp = \"loose\"").is_err());
        assert_eq!((read("").dtmf, read("dtmf = \"info\"").dtmf), (Keys::Auto, Keys::Info));
        let inband = toml::from_str::<Media>("dtmf = \"inband\"").unwrap_err().to_string();
        assert!(inband.contains("expected one of `auto`, `rtp`, `info`"), "{inband}");
    }
}
