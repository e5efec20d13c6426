//! What `init` writes: a configuration with comments, and the folders that it names.

use super::address::{Address, Require, SipAor};
use super::pins::Pins;
use super::place::Place;
use crate::error::{Error, Result};
use std::fmt::Write as _;
use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::net::Ipv4Addr;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
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

const AGENT: &str = "\
# The security application: it holds the OpenPGP keys and runs as its own process. The
# terminal starts it when its socket is silent, and ends it on exit.
[agent]
socket = \"run/pgp.sock\"
keys = \"pgp\"
# The program. Absent: countersign-pgp beside countersign, or on the PATH.
# command = \"/usr/local/bin/countersign-pgp\"
# A file of mode 0600 whose first line is the passphrase. Absent: the keys have none.
# passphrase-file = \"passphrase\"
";

const ACCOUNT: &str = "\
# An account at a registrar or PBX. Repeat the table for more.
# [[account]]
# aor = \"sip:alice@example.org\"
# registrar = \"udp:pbx.example.org:5060\"  # by name or address
# realm = \"example.org\"
# user = \"alice\"
# password-file = \"alice.password\"        # mode 0600
# floor = \"SHA-256\"                       # weakest algorithm that is answered
# expires = 3600
";

const ACCOUNT_MORE: &str = "\
# The realm of its challenges. Absent: the host of the aor.
# realm = \"example.org\"
# The weakest algorithm that is answered. Absent: SHA-256; many PBXs know no other than MD5.
# floor = \"MD5\"
# expires = 3600
";

const USER: &str = "\
# A user whom this terminal challenges by Digest. Repeat the table for more.
# [[user]]
# name = \"carol\"
# password-file = \"carol.password\"        # mode 0600
";

const AUDIO: &str = "\
# What is said where the command does not say it: \"tone\", \"silence\", or a WAV file.
[audio]
say = \"tone\"
";

/// Writes `folder/config.toml`, `folder/pins.toml`, `folder/pgp` and `folder/run`.
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
    for name in ["pgp", "run"] {
        let private = folder.join(name);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&private)
            .map_err(|e| Error::write(&private, e))?;
    }
    let pins = folder.join("pins.toml");
    if !pins.exists() {
        Pins::default().save(&pins)?;
    }
    create(&path, init.to_toml().as_bytes()).map_err(|e| Error::write(&path, e))?;
    Ok(path)
}

/// Creates `path`, mode 0600, and writes all of `octets` or leaves nothing.
fn create(path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(octets).inspect_err(|_| {
        // The write's error is the one to report.
        drop(std::fs::remove_file(path));
    })
}

impl Init {
    /// The configuration as text.
    pub fn to_toml(&self) -> String {
        let sections = [
            self.binds(),
            self.identity(),
            self.policy(),
            self.peers(),
            AGENT.to_owned(),
            self.accounts(),
            USER.to_owned(),
            AUDIO.to_owned(),
        ];
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
            "# Where SIP is listened for: PROTO:ADDRESS:PORT with udp or tcp. Port 0: any free one.\n\
             # Large requests go over TCP (RFC 3261 §18.1.1), so bind both. 0.0.0.0 and [::] are all\n\
             # addresses of this host: each peer is told the one on the way to it. 127.0.0.1 lets\n\
             # nobody else in.\nbind = [{}]\n\
             # What peers are told instead, where a translator stands before this host.\n\
             # advertise = \"198.51.100.7\"\n",
            listed.join(", ")
        )
    }

    fn identity(&self) -> String {
        format!(
            "# Who this terminal is.\n[identity]\naor = {}\n\
             # The full fingerprint of its key. Absent: the key whose user id is the AOR.\n\
             # fingerprint = \"…\"\n",
            quoted(self.aor.as_str())
        )
    }

    fn policy(&self) -> String {
        format!(
            "# What callers must prove: \"nothing\", \"digest\" (be one of the users below) or \"pgp\"\n\
             # (sign with a pinned OpenPGP key; body encrypted, media SRTP).\n\
             [policy]\nrequire = \"{}\"\n\n{POLICY}",
            self.require.word()
        )
    }

    fn accounts(&self) -> String {
        let Some(NewAccount { registrar, user, password_file }) = &self.account else {
            return ACCOUNT.to_owned();
        };
        let (aor, user) = (quoted(self.aor.as_str()), quoted(user));
        let mut out = format!(
            "# The account. Repeat the table for more.\n[[account]]\naor = {aor}\n\
             registrar = \"{registrar}\"\nuser = {user}\n"
        );
        // Writing to a String cannot fail.
        let _ = match password_file {
            Some(file) => writeln!(out, "password-file = {}", quoted(&file.to_string_lossy())),
            None => writeln!(out, "# Absent: it is asked for.\n# password-file = \"password\""),
        };
        out.push_str(ACCOUNT_MORE);
        out
    }

    fn peers(&self) -> String {
        let mut out = String::from(
            "# A peer: where it is reached, and what is required of it. Its key is pinned with\n\
             # `countersign keys import FILE` and `countersign keys pin AOR FINGERPRINT`.\n",
        );
        if self.contacts.is_empty() {
            out.push_str(
                "# [[contact]]\n# aor = \"sip:bob@example.org\"\n# at = \"udp:127.0.0.1:5070\"\n# require = \"pgp\"\n",
            );
        }
        for (aor, at) in &self.contacts {
            let aor = quoted(aor.as_str());
            let require = self.require.word();
            // Writing to a String cannot fail.
            let _ =
                writeln!(out, "[[contact]]\naor = {aor}\nat = \"{at}\"\nrequire = \"{require}\"");
        }
        out
    }
}

/// `text` as a TOML string.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}
