//! The commands and their arguments. Only commands that work exist; those whose component is not
//! linked in this flavour are absent.

#[cfg(feature = "devices")]
use super::help::DEVICES_HELP;
#[cfg(feature = "watch")]
use super::help::WATCH_HELP;
use super::help::{
    AFTER_HELP, CALL_HELP, COMPLETIONS_HELP, INIT_HELP, INSPECT_HELP, INSPECT_USAGE, LISTEN_HELP,
    MAN_HELP, MESSAGE_HELP, OPTIONS_HELP, REGISTER_HELP,
};
#[cfg(feature = "digest")]
use super::help::{
    AUTH_CHECK_HELP, AUTH_CHECK_USAGE, AUTH_HA1_HELP, AUTH_PROBE_HELP, EXPLAIN_HELP,
};
#[cfg(feature = "pgp")]
use super::help::{KEYS_HELP, PIN_HELP, UNPIN_HELP};
use super::output::Output;
#[cfg(feature = "watch")]
use crate::assembly::Package;
use crate::capture::Secrets;
#[cfg(feature = "digest")]
use crate::config::ListedAlgorithm;
use crate::config::{Address, Place, Require, SipAor};
use crate::error::Error;
use crate::voice::Door;
use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use clap::{ArgAction, Args, Parser, Subcommand};
use media_ctl::audio::Sides;
use std::path::PathBuf;
use std::time::Duration;

/// SIP calls whose caller and callee prove who they are.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = AFTER_HELP
)]
pub struct Cli {
    /// What several commands have.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The heading of what several commands have.
const GLOBAL: &str = "Global options";

/// What several commands have; which of it acts on which, `global.rs` says.
#[derive(Args, Clone, Debug, Default)]
pub struct Global {
    /// Configuration file [default: countersign/config.toml in the XDG configuration folder]
    #[arg(long, help_heading = GLOBAL, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Listen here instead of where the configuration says; may be repeated
    #[arg(long, help_heading = GLOBAL, value_name = "PROTO:ADDRESS:PORT")]
    pub bind: Vec<Address>,
    /// Print one JSON object a line on standard output; docs/json.md of the sources describes them
    #[arg(long, help_heading = GLOBAL)]
    pub json: bool,
    /// Say more on standard error; twice: every signal, with the time
    #[arg(short, long, help_heading = GLOBAL, action = ArgAction::Count)]
    pub verbose: u8,
}

impl Global {
    /// Whether every signal is to be told.
    pub(super) const fn tells_signals(&self) -> bool {
        self.verbose >= 2
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a challenged call between two terminals in this process, and show it
    #[cfg(feature = "digest")]
    Demo(Demo),
    /// Write a configuration with comments, and the folders it names
    #[command(after_help = INIT_HELP)]
    Init(Init),
    /// Place a call
    #[command(after_help = CALL_HELP)]
    Call(Call),
    /// Wait for calls, registered where the configuration says so
    #[command(after_help = LISTEN_HELP)]
    Listen(Listen),
    /// Register the configured accounts, say what the registrars answered, and unregister
    #[command(after_help = REGISTER_HELP)]
    Register,
    /// Send a text to a peer, outside of a call (MESSAGE)
    #[command(after_help = MESSAGE_HELP)]
    Message(Message),
    /// Ask a peer whether it is there (OPTIONS)
    #[command(after_help = OPTIONS_HELP)]
    Options(Options),
    /// Watch somebody's presence, calls or registrations, and tell each change (SUBSCRIBE)
    #[cfg(feature = "watch")]
    #[command(after_help = WATCH_HELP)]
    Watch(Watch),
    /// List microphones and loudspeakers, for `--audio device` and the configuration
    #[cfg(feature = "devices")]
    #[command(after_help = DEVICES_HELP)]
    Devices,
    /// Say of SIP messages whether they are valid, and what they are owed; status 1 if one is not
    #[command(after_help = INSPECT_HELP, override_usage = INSPECT_USAGE)]
    Inspect(Inspect),
    /// Tell in plain words what a journal says of calls: who proved what, what was refused and why
    #[cfg(feature = "digest")]
    #[command(after_help = EXPLAIN_HELP)]
    Explain(Explain),
    /// Find out why a password is refused and how a server asks for it, or keep its hashes in place
    /// of it
    #[cfg(feature = "digest")]
    #[command(subcommand)]
    Auth(Auth),
    /// Make, list, move and pin OpenPGP keys
    #[cfg(feature = "pgp")]
    #[command(subcommand, after_help = KEYS_HELP)]
    Keys(Keys),
    /// Print a completion script for a shell
    #[command(after_help = COMPLETIONS_HELP)]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a folder
    #[command(after_help = MAN_HELP)]
    Man {
        /// The folder to write them to
        folder: PathBuf,
    },
}

/// `demo`.
#[cfg(feature = "digest")]
#[derive(Args, Clone, Debug)]
pub struct Demo {
    /// What the call proves
    #[arg(long, value_enum, default_value_t)]
    pub flow: Flow,
    /// Folder for what was heard, the capture, the ladder and the report
    #[arg(long, value_name = "DIR", default_value = "countersign-demo")]
    pub out: PathBuf,
    /// How long the terminals talk, in seconds: 2 to 600
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=600))]
    pub seconds: u32,
}

/// What the demo's call proves.
#[cfg(feature = "digest")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Flow {
    /// Both sides sign with OpenPGP keys, the bodies are encrypted, the media is SRTP
    #[cfg(feature = "pgp")]
    #[default]
    Pgp,
    /// The caller answers a Digest challenge, the media is RTP
    #[cfg_attr(not(feature = "pgp"), default)]
    Digest,
}

/// `init`.
#[derive(Args, Clone, Debug)]
pub struct Init {
    /// Folder to write to [default: countersign in the XDG configuration folder]
    pub folder: Option<PathBuf>,
    /// Who this terminal is, for example sip:alice@example.org
    /// [default: the user at the registrar]
    #[arg(long, value_name = "URI", required_unless_present = "registrar")]
    pub aor: Option<SipAor>,
    /// A peer and where it is, for example sip:bob@example.org=udp:192.0.2.9:5060; may be repeated
    #[arg(long, value_name = "AOR=PROTO:HOST:PORT", value_parser = contact)]
    pub contact: Vec<(SipAor, Place)>,
    /// Registrar or PBX of an account, by name or address [default: what the DNS says of the name,
    /// or udp, port 5060]
    #[arg(long, value_name = "[PROTO:]HOST[:PORT]", requires = "user")]
    pub registrar: Option<Place>,
    /// User name of the account
    #[arg(long, value_name = "NAME", requires = "registrar")]
    pub user: Option<String>,
    /// File of mode 0600 whose first line is the account's password [default: it is asked for]
    #[arg(long, value_name = "FILE", requires = "registrar")]
    pub password_file: Option<PathBuf>,
    /// What callers and those contacts must prove
    #[cfg_attr(feature = "digest", arg(long, value_enum, default_value_t))]
    #[cfg_attr(not(feature = "digest"), arg(long, hide = true, value_parser = nothing, default_value = "nothing"))]
    pub require: Require,
}

/// What may be required where there is no security manager.
#[cfg(not(feature = "digest"))]
fn nothing(text: &str) -> Result<Require, String> {
    match text {
        "nothing" => Ok(Require::Nothing),
        _ => {
            Err("this build has no security manager, and peers can prove nothing to it; those of \
                  the flavours digest, pgp and full have one"
                .to_owned())
        }
    }
}

fn contact(text: &str) -> Result<(SipAor, Place), String> {
    let (aor, at) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is not AOR=PROTO:HOST:PORT"))?;
    Ok((aor.parse()?, at.parse()?))
}

/// Where a call's record goes.
#[derive(Args, Clone, Debug, Default)]
pub struct Records {
    /// Write the call's ladder here when it is over (.svg: a picture, else text; `-`: standard
    /// output)
    #[arg(long, value_name = "FILE")]
    pub ladder: Option<PathBuf>,
    /// Write the call's packets here when it is over, as pcapng (`-`: standard output); secrets are
    /// overwritten with zeros
    #[arg(long, value_name = "FILE")]
    pub capture: Option<PathBuf>,
    /// Leave Digest responses, passwords in URIs and media keys in the capture
    #[arg(long, requires = "capture")]
    pub capture_secrets: bool,
    /// Write down as it happens what the security manager is asked, chooses and judges, for
    /// `countersign explain` [default: the configuration's]
    #[cfg(feature = "digest")]
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
}

impl Records {
    /// What becomes of the secrets in the capture.
    pub(super) const fn secrets(&self) -> Secrets {
        if self.capture_secrets { Secrets::Shown } else { Secrets::Overwritten }
    }

    /// `out`, or what leaves standard output to the one of them that goes there.
    ///
    /// # Errors
    /// More than one thing would go there.
    pub(super) fn beside(&self, out: Output, door: Option<&Door>) -> Result<Output, Error> {
        let paths = [&self.ladder, &self.capture].into_iter().flatten();
        let paths = paths.filter(|path| path.as_os_str() == "-").count();
        match paths + usize::from(door == Some(&Door::Streams)) {
            0 => Ok(out),
            1 if !out.is_json() => Ok(out.aside()),
            _ => Err(Error::Usage(
                "standard output takes one of --json, --ladder -, --capture - and --audio stdio"
                    .to_owned(),
            )),
        }
    }
}

/// What is recorded of a call.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum RecordAs {
    /// Both sides: stereo
    #[default]
    Both,
    /// Both sides in one channel
    Mixed,
    /// What is heard, alone
    Heard,
}

impl RecordAs {
    /// The same for the recording.
    pub(super) const fn sides(self) -> Sides {
        match self {
            Self::Both => Sides::Both,
            Self::Mixed => Sides::Mixed,
            Self::Heard => Sides::Heard,
        }
    }
}

/// `call`.
#[derive(Args, Clone, Debug)]
pub struct Call {
    /// Whom to call: sip:bob@example.org, bob where a contact or pinned peer is called so, or 123 in
    /// the domain of the account
    #[arg(value_name = "URI|NAME", value_parser = NonEmptyStringValueParser::new())]
    pub uri: String,
    /// Account that calls: its address, user or domain [default: the identity's]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
    /// What to say: a WAV file, `tone` or `silence` [default: what the configuration says]; or who
    /// says it and hears the peer: `device`, a person at microphone and loudspeaker, in builds that
    /// have them; or an agent, a program at a socket that is made at PATH, over WebSockets, or over
    /// standard input and output (docs/agents.md)
    #[arg(long, value_name = "FILE|tone|silence|device|unix:PATH|ws:ADDRESS:PORT|stdio", value_parser = NonEmptyStringValueParser::new())]
    pub audio: Option<String>,
    /// Record the call to a WAV file: what is heard on the left, what is said on the right. The peer
    /// is not told
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// What of it is recorded
    #[arg(long, value_enum, default_value_t, requires = "record")]
    pub record_as: RecordAs,
    /// Hang up after so many seconds of talk, for example 0.5
    #[arg(long, value_name = "N", value_parser = seconds)]
    pub seconds: Option<Duration>,
    /// Where the callee has moved (3xx), call whom it names at the same host, under the same proof or
    /// a better one
    #[arg(long)]
    pub follow: bool,
    /// Let the callee say first which media it has: the INVITE makes no offer, and what acknowledges
    /// the callee's brings the answer. Not where pgp is required
    #[arg(long)]
    pub late_offer: bool,
    /// Likewise whom it names at this host; may be repeated
    #[arg(long, value_name = "HOST", value_parser = NonEmptyStringValueParser::new())]
    pub follow_to: Vec<String>,
    /// What the callee must prove, beside what the configuration asks for; of several, with commas
    /// between them, any one will do
    #[cfg_attr(feature = "digest", arg(long, value_enum, value_delimiter = ','))]
    #[cfg_attr(not(feature = "digest"), arg(long, hide = true, value_parser = nothing))]
    pub require: Vec<Require>,
    /// Where the call's record goes.
    #[command(flatten)]
    pub records: Records,
}

/// `listen`.
#[derive(Args, Clone, Debug)]
pub struct Listen {
    /// What to say: a WAV file, `tone` or `silence` [default: what the configuration says]; or who
    /// says it and hears the peer: `device`, a person at microphone and loudspeaker, in builds that
    /// have them; or an agent, a program at a socket that is made at PATH, over WebSockets, or over
    /// standard input and output (docs/agents.md)
    #[arg(long, value_name = "FILE|tone|silence|device|unix:PATH|ws:ADDRESS:PORT|stdio", value_parser = NonEmptyStringValueParser::new())]
    pub audio: Option<String>,
    /// Record each call to a WAV file in this folder: what is heard on the left, what is said on the
    /// right. Callers are not told
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// What of it is recorded
    #[arg(long, value_enum, default_value_t, requires = "record")]
    pub record_as: RecordAs,
    /// Answer every call that policy admits, without asking
    #[arg(long)]
    pub auto_answer: bool,
    /// Where the record goes.
    #[command(flatten)]
    pub records: Records,
}

/// `message`.
#[derive(Args, Clone, Debug)]
pub struct Message {
    /// Whom it is for, for example sip:bob@example.org, as for `call`
    #[arg(value_name = "URI|NAME", value_parser = NonEmptyStringValueParser::new())]
    pub uri: String,
    /// The text
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    pub text: String,
    /// Account that sends it: its address, user or domain [default: the identity's]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}

/// `options`.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Whom to ask, for example sip:bob@example.org, as for `call`
    #[arg(value_name = "URI|NAME", value_parser = NonEmptyStringValueParser::new())]
    pub uri: String,
    /// Account that asks: its address, user or domain [default: the identity's]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}

/// `watch`.
#[cfg(feature = "watch")]
#[derive(Args, Clone, Debug)]
pub struct Watch {
    /// Whom to watch, for example sip:bob@example.org, as for `call`
    #[arg(value_name = "URI|NAME", value_parser = NonEmptyStringValueParser::new())]
    pub uri: String,
    /// What to watch
    #[arg(long, value_enum, default_value = "presence")]
    pub package: Package,
    /// Account that watches: its address, user or domain [default: the identity's]
    #[arg(long, value_name = "NAME")]
    pub account: Option<String>,
}

/// `inspect`.
#[derive(Args, Clone, Debug)]
pub struct Inspect {
    /// Files that hold one message each, at least one; `-`: standard input
    #[arg(required_unless_present = "jsonl", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Read JSON objects, one a line, from the files or, without any, from standard input
    #[arg(long)]
    pub jsonl: bool,
}

/// `explain`.
#[cfg(feature = "digest")]
#[derive(Args, Clone, Debug)]
pub struct Explain {
    /// The journal; what it was rotated to (FILE.1 …) is read before it
    pub file: PathBuf,
    /// Demand that one of its lines has this hash, which was seen before
    #[arg(long, value_name = "SHA-256")]
    pub seen: Option<String>,
    /// Write it as a ladder here (.svg: a picture, else text; `-`: standard output)
    #[arg(long, value_name = "FILE")]
    pub ladder: Option<PathBuf>,
}

/// `auth`.
#[cfg(feature = "digest")]
#[derive(Debug, Subcommand)]
pub enum Auth {
    /// Say what the response of Digest credentials should be, and why theirs is not; status 1 then
    #[command(after_help = AUTH_CHECK_HELP, override_usage = AUTH_CHECK_USAGE)]
    Check(AuthCheck),
    /// Write a file with what stands for a password in its realm, to be kept in place of it (HA1)
    #[command(after_help = AUTH_HA1_HELP)]
    Ha1(AuthHa1),
    /// Try out how a server authenticates by Digest, right answers and wrong ones; status 1 where it
    /// does not do what is expected
    #[command(after_help = AUTH_PROBE_HELP)]
    Probe(AuthProbe),
}

/// `auth probe`.
#[cfg(feature = "digest")]
#[derive(Args, Clone, Debug)]
pub struct AuthProbe {
    /// Registrar, PBX or terminal, by name or address, over udp, tcp or tls [default: what the DNS
    /// says of the name, or udp, port 5060]
    #[arg(value_name = "[PROTO:]HOST[:PORT]")]
    pub server: Place,
    /// User name of an account there
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub user: String,
    /// File of mode 0600 whose first line is the account's password [default: it is asked for]
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// Address of record of the account [default: the user at the server]
    #[arg(long, value_name = "URI")]
    pub aor: Option<SipAor>,
    /// What the server is asked by
    #[arg(long, value_enum, default_value_t)]
    pub method: ProbeMethod,
    /// Whom OPTIONS and MESSAGE are for [default: the account's own address]
    #[arg(long, value_name = "URI")]
    pub to: Option<SipAor>,
    /// PEM file with the authorities that the server's certificate may be of [default: the system's]
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
}

/// What a server is asked by.
#[cfg(feature = "digest")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProbeMethod {
    /// What is registered, without a Contact: it changes nothing
    #[default]
    #[value(name = "REGISTER")]
    Register,
    /// Whether somebody is there: for proxies
    #[value(name = "OPTIONS")]
    Options,
    /// A text, which may be shown to whom it is for: for terminals
    #[value(name = "MESSAGE")]
    Message,
}

/// `auth ha1`.
#[cfg(feature = "digest")]
#[derive(Args, Clone, Debug)]
pub struct AuthHa1 {
    /// File to write, of mode 0600; nothing may be there yet
    pub file: PathBuf,
    /// Whose password it is
    #[arg(long, value_name = "NAME")]
    pub user: String,
    /// The realm that asks for it, as its challenges spell it; ours is the host of our identity
    #[arg(long)]
    pub realm: String,
    /// Algorithm of the hash; repeat it for more [default: MD5, SHA-256 and SHA-512-256]
    #[arg(long = "algorithm", value_name = "NAME")]
    pub algorithms: Vec<ListedAlgorithm>,
    /// File of mode 0600 that holds the password [default: it is asked for, twice]
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
}

/// `auth check`.
#[cfg(feature = "digest")]
#[derive(Args, Clone, Debug)]
pub struct AuthCheck {
    /// File that holds the request, with its Authorization or Proxy-Authorization; `-`: standard input
    #[arg(required_unless_present = "jsonl", value_name = "REQUEST")]
    pub request: Option<PathBuf>,
    /// File that holds the 401 or 407 that is answered
    #[arg(long, value_name = "FILE", conflicts_with = "jsonl")]
    pub challenge: Option<PathBuf>,
    /// Whose password it is [default: the user whom the credentials name]
    #[arg(long, value_name = "NAME", conflicts_with = "jsonl")]
    pub user: Option<String>,
    /// File of mode 0600 that holds the password [default: it is asked for]
    #[arg(long, value_name = "FILE", conflicts_with = "jsonl")]
    pub password_file: Option<PathBuf>,
    /// Read JSON objects, one a line, from standard input
    #[arg(long, conflicts_with = "request")]
    pub jsonl: bool,
}

/// `keys`.
#[cfg(feature = "pgp")]
#[derive(Debug, Subcommand)]
pub enum Keys {
    /// Make an Ed25519 key for the identity; asks for a passphrase, twice
    Generate {
        /// Make it for this address of ours, an account's [default: the identity's]
        #[arg(long = "for", value_name = "AOR")]
        aor: Option<SipAor>,
        /// Make one although there is one: it takes its place, and the earlier one certifies it
        #[arg(long)]
        new: bool,
        /// What protects it.
        #[command(flatten)]
        passphrase: NewPassphrase,
    },
    /// List all keys, and the addresses that are pinned to them
    List,
    /// Import public keys, armored or binary (`-`: standard input)
    Import {
        /// The file
        file: PathBuf,
        /// Pin the imported key to this address, for example sip:bob@example.org; the file must hold
        /// exactly one key
        #[arg(long, value_name = "AOR")]
        pin: Option<SipAor>,
        /// Put the pin in the place of an earlier one to another key
        #[arg(long, requires = "pin")]
        replace: bool,
    },
    /// Print a public key, armored
    Export {
        /// The full fingerprint [default: the identity's own key]
        fingerprint: Option<String>,
        /// The key of this address of ours, an account's
        #[arg(long = "for", value_name = "AOR", conflicts_with = "fingerprint")]
        aor: Option<SipAor>,
    },
    /// Say whose key it is: calls to and from the AOR are proved by this key alone
    #[command(after_help = PIN_HELP)]
    Pin {
        /// The address whose key it is, for example sip:bob@example.org
        aor: SipAor,
        /// The full fingerprint of a key that was imported; `keys list` shows it
        fingerprint: String,
        /// Put the pin in the place of an earlier one to another key
        #[arg(long)]
        replace: bool,
        /// Name it as the key that comes after the pinned one: both count until it has proved something
        #[arg(long, conflicts_with = "replace")]
        next: bool,
    },
    /// Take the pin of an AOR back
    #[command(after_help = UNPIN_HELP)]
    Unpin {
        /// The address whose pin it is, for example sip:bob@example.org
        aor: SipAor,
    },
}

/// What protects a key that is made, where no person is to type it.
#[cfg(feature = "pgp")]
#[derive(Args, Clone, Debug, Default)]
#[group(multiple = false)]
pub struct NewPassphrase {
    /// Store the private key unencrypted; only the mode of its file protects it
    #[arg(long)]
    pub no_passphrase: bool,
    /// Encrypt it under the first line of a file of mode 0600
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("expected a number of seconds above 0, and of 86400 (a day) at most".to_owned()),
    }
}
