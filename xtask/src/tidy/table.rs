//! The dependency table of `docs/ARCHITECTURE.md`, as data: who may name whom.

/// What a crate may name and must not reach.
pub(crate) struct Row {
    /// The crate, which is also its folder's name.
    pub(crate) name: &'static str,
    /// The folder, from the root.
    pub(crate) folder: &'static str,
    /// Crates of this workspace that it may name outside its tests.
    pub(crate) may_name: &'static [&'static str],
    /// Words that must not stand in its sources (comments apart), with the reason.
    pub(crate) must_not_say: &'static [(&'static str, &'static str)],
}

/// A feature set of a crate, and what its tree of dependencies may or must not hold.
pub(crate) struct Tree {
    pub(crate) package: &'static str,
    pub(crate) features: &'static [&'static str],
    pub(crate) rule: Rule,
}

/// What is asked of a tree, build scripts and procedural macros apart.
pub(crate) enum Rule {
    /// Exactly these packages, the crate itself apart.
    Exactly(&'static [&'static str]),
    /// None of these packages.
    Without(&'static [&'static str]),
}

const NO_TOKIO: (&str, &str) = ("tokio", "interfaces and cores know no runtime");
const NO_LOG: (&str, &str) = ("tracing::", "interfaces and cores do not log");
const NO_SOCKETS: (&str, &str) = ("std::net::TcpStream", "no sockets here");
const NO_FILES: (&str, &str) = ("std::fs", "no files here");
const NO_SPAWN: (&str, &str) = (".spawn(", "no spawned tasks here");
const NO_SIP: (&str, &str) = ("INVITE", "SIP words belong to the stack");
const NO_PGP: (&str, &str) = ("pgp::", "OpenPGP is the security application's");

/// Every crate of the workspace.
pub(crate) const TABLE: &[Row] = &[
    Row {
        name: "ssa",
        folder: "crates/ssa",
        may_name: &[],
        must_not_say: &[NO_TOKIO, NO_LOG, NO_FILES, NO_SOCKETS, NO_SPAWN],
    },
    Row {
        name: "sst",
        folder: "crates/sst",
        may_name: &[],
        must_not_say: &[NO_TOKIO, NO_LOG, NO_FILES, NO_SOCKETS, NO_SPAWN],
    },
    Row {
        name: "ssm",
        folder: "crates/ssm",
        may_name: &[],
        must_not_say: &[NO_TOKIO, NO_LOG, NO_FILES, NO_SOCKETS, NO_SPAWN],
    },
    Row {
        name: "sma",
        folder: "crates/sma",
        may_name: &[],
        must_not_say: &[NO_TOKIO, NO_LOG, NO_FILES, NO_SOCKETS, NO_SPAWN, NO_SIP],
    },
    Row {
        name: "sip-syntax",
        folder: "crates/sip-syntax",
        may_name: &[],
        must_not_say: &[
            NO_TOKIO,
            NO_LOG,
            NO_FILES,
            NO_SOCKETS,
            NO_SPAWN,
            NO_SIP,
            ("extern crate alloc", "no input makes the grammar allocate"),
        ],
    },
    Row {
        name: "net",
        folder: "crates/net",
        may_name: &["ssa"],
        must_not_say: &[NO_SIP, ("rtp", "RTP belongs to the media controller")],
    },
    Row {
        name: "sip-core",
        folder: "crates/sip-core",
        may_name: &["ssa", "net", "sip-syntax"],
        must_not_say: &[
            NO_TOKIO,
            NO_LOG,
            NO_FILES,
            NO_SOCKETS,
            ("md5", "no hashes in the SIP core"),
            ("sha2", "no hashes in the SIP core"),
            ("password_hash", "no credentials in the SIP core"),
            ("cnonce", "no scheme's grammar in the SIP core"),
            ("a=crypto", "no SDP in the SIP core"),
        ],
    },
    Row {
        name: "media-ctl",
        folder: "crates/media-ctl",
        may_name: &["ssm", "net"],
        must_not_say: &[
            NO_TOKIO,
            NO_LOG,
            NO_SIP,
            NO_SOCKETS,
            ("aes", "no ciphers in the media controller"),
            ("hmac", "no ciphers in the media controller"),
        ],
    },
    Row {
        name: "sec-manager",
        folder: "crates/sec-manager",
        may_name: &["ssa", "sst", "ssm", "sma", "sip-syntax"],
        must_not_say: &[NO_TOKIO, NO_LOG, NO_FILES, NO_SOCKETS, NO_SPAWN],
    },
    Row {
        name: "sma-socket",
        folder: "crates/sma-socket",
        may_name: &["sma"],
        must_not_say: &[NO_SIP, NO_PGP, ("rpgp", "OpenPGP is the security application's")],
    },
    Row {
        name: "sec-socket",
        folder: "crates/sec-socket",
        may_name: &["ssa", "sst", "ssm"],
        must_not_say: &[NO_LOG, NO_FILES, NO_PGP, ("sec_manager", "it carries any manager")],
    },
    Row {
        name: "sec-process",
        folder: "crates/sec-process",
        may_name: &["sec-manager", "sec-socket", "sma-socket", "ssm"],
        must_not_say: &[NO_PGP, NO_SIP, NO_FILES],
    },
    Row {
        name: "pgp-agent",
        folder: "crates/pgp-agent",
        may_name: &["sma", "sma-socket"],
        must_not_say: &[NO_SIP, ("nonce=", "the agent signs bytes")],
    },
    Row {
        name: "gpg-app",
        folder: "crates/gpg-app",
        may_name: &["sma", "sma-socket"],
        must_not_say: &[NO_SIP, NO_PGP, ("nonce=", "the application signs bytes")],
    },
    Row {
        name: "sound",
        folder: "crates/sound",
        may_name: &["media-ctl"],
        must_not_say: &[NO_TOKIO, NO_LOG, NO_SIP, NO_FILES, NO_SOCKETS],
    },
    Row {
        name: "terminal",
        folder: "crates/terminal",
        may_name: &[
            "media-ctl",
            "net",
            "sec-manager",
            "sec-process",
            "sec-socket",
            "sip-core",
            "sip-syntax",
            "sma",
            "sma-socket",
            "sound",
            "ssa",
            "ssm",
            "sst",
        ],
        must_not_say: &[("use pgp::", "private keys never enter the terminal")],
    },
    Row { name: "xtask", folder: "xtask", may_name: &[], must_not_say: &[] },
    Row {
        name: "benches",
        folder: "benches",
        may_name: &[
            "media-ctl",
            "net",
            "sec-manager",
            "sip-core",
            "sip-syntax",
            "ssa",
            "ssm",
            "sst",
        ],
        must_not_say: &[],
    },
];

/// Crates that compile C, which no default build of ours may need; and OpenPGP itself.
const FOREIGN: &[&str] = &["aws-lc-sys", "aws-lc-rs", "ring", "cc", "cmake", "pgp"];

/// The trees that are looked at.
pub(crate) const TREES: &[Tree] = &[
    Tree { package: "ssa", features: &[], rule: Rule::Exactly(&[]) },
    Tree { package: "ssm", features: &[], rule: Rule::Exactly(&[]) },
    Tree { package: "sst", features: &[], rule: Rule::Exactly(&[]) },
    Tree { package: "sma", features: &[], rule: Rule::Exactly(&[]) },
    Tree { package: "sip-syntax", features: &[], rule: Rule::Exactly(&[]) },
    Tree {
        package: "sip-core",
        features: &[],
        rule: Rule::Exactly(&["bytes", "memchr", "sip-syntax", "ssa"]),
    },
    Tree {
        package: "sip-core",
        features: &["driver"],
        rule: Rule::Exactly(&["bytes", "memchr", "net", "sip-syntax", "ssa"]),
    },
    Tree {
        package: "sip-core",
        features: &["xml"],
        rule: Rule::Exactly(&["bytes", "memchr", "quick-xml", "sip-syntax", "ssa"]),
    },
    Tree { package: "net", features: &[], rule: Rule::Exactly(&["bytes", "ssa"]) },
    Tree { package: "net", features: &["tokio"], rule: Rule::Without(FOREIGN) },
    Tree { package: "net", features: &["dns"], rule: Rule::Without(FOREIGN) },
    Tree {
        package: "net",
        features: &["tls"],
        rule: Rule::Without(&["ring", "pgp", "sec-manager", "tungstenite"]),
    },
    Tree {
        package: "net",
        features: &["ws"],
        rule: Rule::Without(&["tokio", "rustls", "native-tls", "tokio-tungstenite"]),
    },
    Tree { package: "sec-manager", features: &[], rule: Rule::Without(FOREIGN) },
    Tree { package: "sec-manager", features: &["srtp"], rule: Rule::Without(FOREIGN) },
    Tree {
        package: "sec-manager",
        features: &["tls"],
        rule: Rule::Without(&["ring", "pgp", "rustls", "tokio"]),
    },
    Tree {
        package: "media-ctl",
        features: &["driver"],
        rule: Rule::Without(&["tokio", "aes", "hmac", "sha1", "sha2"]),
    },
    Tree { package: "sma-socket", features: &[], rule: Rule::Without(&["pgp"]) },
    Tree {
        package: "sound",
        features: &[],
        rule: Rule::Without(&["alsa", "cpal", "net", "sonora"]),
    },
    Tree {
        package: "terminal",
        features: &[],
        rule: Rule::Without(&[
            "pgp",
            "sec-manager",
            "sma",
            "sma-socket",
            "hmac",
            "md-5",
            "quick-xml",
        ]),
    },
    Tree {
        package: "terminal",
        features: &["digest"],
        rule: Rule::Without(&["pgp", "sma-socket", "aes-gcm", "tungstenite", "quick-xml"]),
    },
    Tree {
        package: "terminal",
        features: &["full"],
        rule: Rule::Without(&[
            "pgp",
            "pgp-agent",
            "alsa-sys",
            "cpal",
            "openssl-sys",
            "sonora",
            "sound",
        ]),
    },
];
