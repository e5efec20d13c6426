//! What `init` writes: a configuration with comments, and the folders that it names.

use super::address::{Address, SipAor};
use super::pins::Pins;
use super::place::Place;
use super::require::Require;
use crate::error::{Error, Result};
use crate::file;
use std::fs::DirBuilder;
use std::net::Ipv4Addr;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// What is known when a configuration is first written.
#[derive(Clone, Debug)]
pub struct Init {
    /// Who the terminal is.
    pub aor: SipAor,
    /// Where it listens; empty: at port 5060 of all IPv4 addresses.
    pub bind: Vec<Address>,
    /// Peers, and where they are.
    pub contacts: Vec<(SipAor, Place)>,
    /// Its account.
    pub account: Option<NewAccount>,
    /// What is required of callers and of `contacts`.
    pub require: Require,
}

/// The account that a configuration is first written with.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The registrar or PBX.
    pub registrar: Place,
    /// The user name.
    pub user: String,
    /// Where the password is, as a path that does not depend on the folder; `None`: it is asked for.
    pub password_file: Option<PathBuf>,
}

/// The most that a peer can prove to this program, by what is linked.
const MOST: Require = if cfg!(feature = "pgp") {
    Require::Pgp
} else if cfg!(feature = "digest") {
    Require::Digest
} else {
    Require::Nothing
};

const POLICY: &str = "\
# Digest algorithms that are offered to callers, preferred first: \"SHA-256\",
# \"SHA-512-256\", and for peers that know no other \"MD5\".
algorithms = [\"SHA-256\"]

# The realm of our challenges. Absent: the host of the identity.
# realm = \"example.org\"

# Proxies that stand before this terminal and relay the requests of many: an answer to a
# challenge may come through any of them. Only name what you run yourself.
# proxies = [\"192.0.2.0/24\"]

# Bind nonces to the source address alone, for agents that change their Call-ID.
# bind-source = false

# Demand qop=auth-int of callers. It fails behind elements that rewrite SDP.
# auth-int = false
";

/// What a policy may ask of media, where media can have keys.
const SECRECY: &str = "\
# Demand of the media of every call that whoever records it and gets the keys of both sides later hears
# nothing: \"forward\", or with a quantum computer either: \"post-quantum\". Absent: \"none\". Calls under
# pgp are so between two Countersigns anyway; all others are refused then.
# media-secrecy = \"post-quantum\"

# Key media by DTLS-SRTP: take it where a peer offers it, and offer it in calls that are not under pgp,
# which then come about with peers alone that do so. In calls over plain SIP it keeps out who only
# listens, not who can change what is signalled. Absent: false. An [[account]] may say otherwise for
# the calls that it makes.
# media-dtls = true

# Key media by SDES, as most PBXs and phones do: take it in calls that come over TLS, and offer it in
# calls that are not under pgp, which then leave over TLS alone, and come about with peers alone that do
# so. Each SIP server on the way reads the keys. Absent: false. An [[account]] may say otherwise for the
# calls that it makes.
# media-sdes = true
";

const AGENT: &str = "\
# The security application: it holds the OpenPGP keys and runs as its own process. The
# terminal starts it when its socket is silent, and ends it on exit.
[agent]
socket = \"run/pgp.sock\"
keys = \"pgp\"
# The program. Absent: countersign-pgp beside countersign, or on the PATH.
# command = \"/usr/local/bin/countersign-pgp\"
# With \"countersign-gpg\", which uses the keys of GnuPG, `keys` is the home folder of that, for
# example \"/home/alice/.gnupg\".
# A file of mode 0600 whose first line is the passphrase of the keys. Absent: they have none,
# or it is asked for at the terminal.
# passphrase-file = \"passphrase\"
# Refuse to run it where the kernel gives it no full sandbox (Landlock and seccomp), instead of
# warning.
# require-sandbox = true
";

const ACCOUNT: &str = "\
# An account at a registrar or PBX. Repeat the table for more.
# [[account]]
# aor = \"sip:alice@example.org\"
# registrar = \"pbx.example.org\"           # or udp:, tcp:, tls:, ws: or wss: before it, and a port behind it
# realm = \"example.org\"
# user = \"alice\"
# password-file = \"alice.password\"        # mode 0600
# ha1-file = \"alice.ha1\"                  # or this in its place: `countersign auth ha1`
# authorization-servers = [\"https://as.example.org\"]  # or access tokens (RFC 8898), over tls: alone,
# token-file = \"alice.token\"              # of this file, mode 0600; absent: asked for
# floor = \"SHA-256\"                       # weakest algorithm that is answered
# expires = 3600
# Of those who call over it and are called through it, beside what is required of them anyway.
# require = [\"tls-name\"]
";

const OWN: &str = "\
# Whom requests may be for, beside the identity and the accounts at their domains, at any address
# of this host and at its name: all else is answered 404 Not Found.
# [own]
# users = [\"reception\", \"+49301234\"]  # \"*\": anybody
# hosts = [\"alice.example.org\"]
";

const TRUSTED: &str = "\
# Elements that may say who calls (P-Asserted-Identity, RFC 3325), beside the registrars of accounts
# over tls: and wss:. What they say is shown and decides nothing; what others say is dropped. Over UDP
# a source address can be forged: name only what nobody else can send from.
# [trusted]
# networks = [\"192.0.2.10\", \"198.51.100.0/24\"]
";

const JOURNAL: &str = "\
# Write down what is asked, chosen and judged, for `countersign explain`; each line holds the hash of the
# one before. It holds no secret. After so many MiB the file becomes FILE.1, up to FILE.4. Absent: nothing
# is written down, but for --journal.
# [journal]
# file = \"journal\"
# mib = 10
# keep = 4
";

const MEDIA: &str = "\
# Codecs are offered in this order, and no others are spoken. Opus sounds best and bears losses, G.722 is
# wideband; G.711 (pcmu, pcma) costs least, and every phone has it: it is first where nothing is said.
# Where plain RTP goes: \"strict\", to the address of the peer's description; \"symmetric\", to where the
# first that speaks sends from, as phones behind translators need it. Absent: \"symmetric\" by way of
# accounts and at private addresses. A call is ended after so many seconds without RTP, RTCP and
# signalling of the peer; 0: never.
# Keys (the command dtmf) go as RTP events where the peer takes such, else by INFO: \"auto\"; or always
# as \"rtp\" or \"info\".
# [media]
# codecs = [\"opus\", \"g722\", \"pcmu\", \"pcma\"]
# rtp = \"strict\"
# timeout = 32
# dtmf = \"auto\"
";

/// What stands there where media find their way through translators.
const ICE: &str = "\
# Find the way to peers that do so too by ICE, as browsers must and phones behind translators should; a
# server says where it sees us, another one takes media for us where there is no other way: over UDP, or, as
# \"turn:turn.example.org?transport=tcp\" or \"turns:turn.example.org\", over TCP or TLS.
# ice = true
# stun = \"stun.example.org\"
# turn = { server = \"turn.example.org\", user = \"alice\", password-file = \"turn.password\" }  # mode 0600
";

const TLS: &str = "\
# Whom to trust over TLS (tls: and wss: in bind, at and registrar, sips: URIs). Absent: what the system
# trusts, and nothing is presented. To listen on tls: or wss: needs a certificate and its key.
# [tls]
# ca = [\"ca.pem\"]                       # authorities (PEM), in place of the system's
# certificate = \"alice.pem\"             # ours, and those between it and its authority (PEM)
# key = \"alice.key\"                     # its private key (PEM), mode 0600
# present-to = [\"pbx.example.org\"]      # servers that are shown it, too, where they ask
";

/// What stands in the file where WebSockets are linked.
const WS: &str = "\
# Web pages whose scripts may connect to ws: and wss: in bind, by their origins. Absent: none.
# Programs that are no browsers may connect.
# [ws]
# origins = [\"https://phone.example.org\"]
";

/// The account of a program that answers no challenge.
const OPEN_ACCOUNT: &str = "\
# An account at a registrar or PBX that asks for no proof. Repeat the table for more.
# [[account]]
# aor = \"sip:alice@example.org\"
# registrar = \"udp:192.0.2.10:5060\"
# expires = 3600
# Tell how many messages wait in its mailbox, where the PBX has one.
# message-waiting = true
";

const ACCOUNT_MORE: &str = "\
# Whom the registrar's certificate must name, for tls:. Absent: the host of the registrar.
# tls-name = \"example.org\"
# The realm of its challenges. Absent: the host of the aor.
# realm = \"example.org\"
# The weakest algorithm that is answered. Absent: SHA-256; many PBXs know no other than MD5.
# floor = \"MD5\"
# expires = 3600
";

/// What ends an account, whichever it is.
const ACCOUNT_END: &str = "\
# The address that the registrar is told: \"as-seen\" by it, behind a gateway that translates
# addresses, or \"as-bound\". Absent: \"as-seen\", unless `advertise` says one.
# contact = \"as-seen\"
# Tell how many messages wait in its mailbox, where the PBX has one.
# message-waiting = true
# Whether calls name an address that the registrar gave, at which this terminal is reached from
# anywhere (RFC 5627); the file `instance` beside this one then says who it is.
# gruu = false
# Whether the registrar reaches this terminal over the very flow that it registers over (RFC 5626),
# where the registrar knows of that; the file `instance` then says who it is.
# outbound = true
# Further ways to the registrar, three at most, such as its other edge proxies: the account is
# registered over all of them, and calls go over the first that stands. Needs outbound. A tls-name
# holds for them, too.
# also-at = [\"tls:edge2.example.org\"]
";

const USER: &str = "\
# A user whom this terminal challenges by Digest. Repeat the table for more. Texts are taken from
# this user's own address alone: sip:carol@ any host.
# [[user]]
# name = \"carol\"
# password-file = \"carol.password\"        # mode 0600; or ha1-file, of `countersign auth ha1`
";

/// What ends an account where others can be told of us.
const PUBLISH: &str = "\
# Publish its presence while `listen` runs: that it can be reached, and whether a call is up.
# publish = true
";

/// What ends a user there, and a contact who can sign.
const MAY_WATCH: &str = "\
# Whether it may watch this terminal's calls (RFC 4235), as `countersign watch --package dialog` does:
# who talks here, and when.
# may-watch = true
";

/// What ends a contact where there is OpenPGP.
const OLD_FORM: &str = "\
# Take its signature in the form of RFC 2543 too (its terminal knows no other): that says who asked for
# the call and nothing more, and the call's media are not secured by it.
# rfc2543 = true
";

/// What ends an account there.
const ACCOUNT_KEY: &str = "\
# The full fingerprint of its OpenPGP key. Absent: the key whose user id is the aor (`keys generate
# --for AOR` makes it).
# fingerprint = \"…\"
";

const AUDIO: &str = "\
# What is said where the command does not say it: \"tone\", \"silence\", or a WAV file.
[audio]
say = \"tone\"
";

/// What stands there where devices are linked.
const DEVICES: &str = "\
# Or \"device\": what a microphone hears is said, and a loudspeaker lets the peer be heard. Absent: the
# default ones. `countersign devices` lists them.
# microphone = \"plughw:CARD=Headset,DEV=0\"
# loudspeaker = \"plughw:CARD=Headset,DEV=0\"
";

/// What stands there where an echo can be taken out.
const ECHO: &str = "\
# What the loudspeaker says is taken out of what the microphone hears, and so is what goes on all the
# time, as a fan does. Not so:
# cancel-echo = false
# suppress-noise = false
";

/// Writes `folder/config.toml` and, where OpenPGP is linked, `folder/pins.toml`, `folder/pgp` and
/// `folder/run`.
///
/// # Errors
/// There is a configuration already, or something cannot be written.
pub fn write_new(folder: &Path, init: &Init) -> Result<PathBuf> {
    let path = folder.join("config.toml");
    if path.exists() {
        let path = path.display();
        return Err(Error::invalid(format!(
            "{path} exists already; choose another folder or move it away"
        )));
    }
    std::fs::create_dir_all(folder).map_err(|e| Error::write(folder, e))?;
    if MOST >= Require::Pgp {
        places_for_keys(folder)?;
    }
    file::create(&path, init.to_toml().as_bytes()).map_err(|e| Error::write(&path, e))?;
    Ok(path)
}

/// The folders of the security application, and a file for pins.
fn places_for_keys(folder: &Path) -> Result<()> {
    for name in ["pgp", "run"] {
        let private = folder.join(name);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&private)
            .map_err(|e| Error::write(&private, e))?;
    }
    let pins = folder.join("pins.toml");
    if pins.exists() { Ok(()) } else { Pins::default().save(&pins) }
}

impl Init {
    /// The configuration as text; what is not linked is not spoken of.
    pub fn to_toml(&self) -> String {
        self.text(MOST)
    }

    /// The configuration for a program to which a peer can prove `most`.
    pub(super) fn text(&self, most: Require) -> String {
        let mut sections = vec![self.binds(), self.identity(most), OWN.to_owned()];
        if most >= Require::Digest {
            sections.push(self.policy(most));
        }
        sections.extend([self.peers(most), TRUSTED.to_owned()]);
        if most >= Require::Pgp {
            sections.push(AGENT.to_owned());
        }
        if most >= Require::Digest {
            let user = [USER, told(MAY_WATCH)].concat();
            sections.extend([self.accounts(most), user, TLS.to_owned(), JOURNAL.to_owned()]);
        } else {
            sections.push(OPEN_ACCOUNT.to_owned());
        }
        if cfg!(feature = "ws") {
            sections.push(WS.to_owned());
        }
        // A relay has a password.
        let finds_its_way = cfg!(feature = "ice") && most >= Require::Digest;
        let media = [MEDIA, if finds_its_way { ICE } else { "" }].concat();
        let devices = if cfg!(feature = "devices") { DEVICES } else { "" };
        let echo = if cfg!(feature = "echo") { ECHO } else { "" };
        sections.extend([media, [AUDIO, devices, echo].concat()]);
        format!(
            "# Countersign. Unknown keys are refused; paths count from this folder.\n\n{}",
            sections.join("\n")
        )
    }

    fn binds(&self) -> String {
        let listed = if self.bind.is_empty() {
            let all = (Ipv4Addr::UNSPECIFIED, 5_060).into();
            vec![Address::udp(all), Address::tcp(all)]
        } else {
            self.bind.clone()
        };
        let listed: Vec<String> = listed.iter().map(|bind| format!("\"{bind}\"")).collect();
        format!(
            "# Where SIP is listened for: PROTO:ADDRESS:PORT; udp, tcp, tls, ws, wss. Port 0: any\n\
             # free one.\n\
             # Large requests go over TCP (RFC 3261 §18.1.1), so bind both. 0.0.0.0 and [::] are all\n\
             # addresses of this host: each peer is told the one on the way to it. 127.0.0.1 lets\n\
             # nobody else in.\nbind = [{}]\n\
             # What peers are told instead, where a translator stands before this host.\n\
             # advertise = \"198.51.100.7\"\n\
             # Have calls that we place confirmed after half so many seconds, by either side, so that one\n\
             # whose peer is gone does not stay: 90 to 86400 (RFC 4028). Absent: only where the peer asks.\n\
             # session-expires = 1800\n",
            listed.join(", ")
        )
    }

    fn accounts(&self, most: Require) -> String {
        let Some(NewAccount { registrar, user, password_file }) = &self.account else {
            return [ACCOUNT, ACCOUNT_END, keyed(most, ACCOUNT_KEY), told(PUBLISH)].concat();
        };
        let (aor, user) = (quoted(self.aor.as_str()), quoted(user));
        let mut out = format!(
            "# The account. Repeat the table for more.\n[[account]]\naor = {aor}\n\
             registrar = \"{registrar}\"\nuser = {user}\n"
        );
        out.push_str(&match password_file {
            Some(file) => format!("password-file = {}\n", quoted(&file.to_string_lossy())),
            None => "# Absent: it is asked for.\n# password-file = \"password\"\n".to_owned(),
        });
        out + ACCOUNT_MORE + ACCOUNT_END + keyed(most, ACCOUNT_KEY) + told(PUBLISH)
    }

    fn identity(&self, most: Require) -> String {
        let aor = quoted(self.aor.as_str());
        let mut out = format!("# Who this terminal is.\n[identity]\naor = {aor}\n");
        if most >= Require::Pgp {
            out.push_str(
                "# The full fingerprint of its key. Absent: the key whose user id is the AOR.\n\
                 # fingerprint = \"…\"\n",
            );
        }
        out
    }

    fn policy(&self, most: Require) -> String {
        let secrecy = if most >= Require::Pgp { ["\n", SECRECY].concat() } else { String::new() };
        let proofs = if most >= Require::Pgp {
            "\"nothing\"; \"digest\": be one of the users below; \"tls-name\": come\n\
             # over TLS from the domain that they claim; \"pgp\": sign with a pinned OpenPGP key, body\n\
             # encrypted, media SRTP. Of a list such as [\"pgp\", \"tls-name\"] any one will do."
        } else {
            "\"nothing\"; \"digest\": be one of the users below; \"tls-name\": come\n\
             # over TLS from the domain that they claim. Of a list any one will do."
        };
        let require = self.require.word();
        format!(
            "# What callers must prove: {proofs}\n[policy]\nrequire = \"{require}\"\n\n{POLICY}{secrecy}"
        )
    }

    fn peers(&self, most: Require) -> String {
        let mut out = String::from(match most {
            Require::Nothing => "# A peer, and where it is reached.\n",
            Require::Digest | Require::TlsName => {
                "# A peer: where it is reached, and what is required of it.\n"
            }
            Require::Pgp => {
                "# A peer: where it is reached, and what is required of it. Its key is pinned with\n\
                 # `countersign keys import FILE` and `countersign keys pin AOR FINGERPRINT`.\n"
            }
        });
        let required = |word| match most {
            Require::Nothing => String::new(),
            _ => format!("require = \"{word}\"\n"),
        };
        for (aor, at) in &self.contacts {
            let (aor, required) = (quoted(aor.as_str()), required(self.require.word()));
            out.push_str(&format!("[[contact]]\naor = {aor}\nat = \"{at}\"\n{required}"));
        }
        if self.contacts.is_empty() {
            let required = required(most.word());
            for line in
                ["[[contact]]", "aor = \"sip:bob@example.org\"", "at = \"udp:127.0.0.1:5070\""]
            {
                out.push_str(&format!("# {line}\n"));
            }
            out.extend(required.lines().map(|line| format!("# {line}\n")));
        }
        if most >= Require::Pgp {
            out.push_str(told(MAY_WATCH));
            out.push_str(OLD_FORM);
        }
        out
    }
}

/// Keys by which others are told of us, where that is linked.
const fn told(keys: &'static str) -> &'static str {
    if cfg!(feature = "watch") { keys } else { "" }
}

/// Keys that are of use with OpenPGP alone.
fn keyed(most: Require, keys: &'static str) -> &'static str {
    if most >= Require::Pgp { keys } else { "" }
}

/// `text` as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
