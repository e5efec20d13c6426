//! What stands at the end of each `--help`: examples first, then what they leave open.

pub(super) const AFTER_HELP: &str = "\
Exit status: 0 done, 1 failed (the reason is one line on standard error), 2 usage. Where nobody reads
standard output any more, calls are ended as by Ctrl-C, and the status is 1.

Two terminals on one machine, without any proof:
  countersign listen --auto-answer --bind udp:127.0.0.1:5070
  countersign call sip:bob@127.0.0.1:5070 --seconds 5";

pub(super) const INIT_HELP: &str = "\
Examples:
  countersign init alice --aor sip:alice@example.org --require pgp \\
      --contact sip:bob@example.org=udp:bob.example.org:5060
  countersign --config alice/config.toml keys generate
  countersign init desk --registrar pbx.example.org --user 4711 --password-file desk.password

Without --bind the terminal is reached at the port of --aor, or else 5060, of all IPv4 addresses of
this host, by UDP and TCP; --bind udp:127.0.0.1:5060 --bind tcp:127.0.0.1:5060 lets nobody else in.";

pub(super) const CALL_HELP: &str = "\
Examples:
  countersign call sip:bob@127.0.0.1:5070
  countersign --config desk/config.toml call 123
  countersign --config alice/config.toml call sip:bob@example.org --audio hello.wav \\
      --record heard.wav --ladder call.svg

Where the port of the configuration is in use, for example by `listen`, the call takes another and
says so. Ctrl-C ends the call with BYE; a second one does not wait for the peer.

While it runs, lines on standard input are commands: hold, resume, mute, unmute, message TEXT,
dtmf DIGITS, transfer URI, call URI, join, hang up and more: help says of each what it does. With
--json they may be objects, as {\"command\":\"hold\"}, and each is answered by an object `done` or
`failed`; docs/json.md of the sources describes them. The end of standard input ends nothing. In a
loop that reads lines itself, say < /dev/null.
  (sleep 3; echo hold; sleep 3; echo resume; sleep 3; echo hang up) | countersign call 123";

pub(super) const LISTEN_HELP: &str = "\
Example:
  countersign --config bob/config.toml listen --auto-answer --record recordings/

While it runs, lines on standard input are commands: answer, reject [STATUS], hold, resume, mute,
unmute, join (all who are in calls hear one another), leave, message TEXT, dtmf DIGITS, transfer URI,
follow, call URI, hang up and more: help says of each what it does. Where there are several calls,
the number that `calls` shows says which: `hold 2`. With --json they may be objects; `call --help`
has more. Without --auto-answer, the person at the terminal is asked about each call, or the program
that writes to standard input answers and rejects. Ctrl-C ends all calls with BYE, unregisters, and exits with status 0.";

pub(super) const REGISTER_HELP: &str = "\
Example:
  countersign --config desk/config.toml register

It tries accounts out; `listen` registers them for as long as it runs.";

pub(super) const MESSAGE_HELP: &str = "\
Examples:
  countersign message sip:bob@192.0.2.9:5070 'good evening'
  countersign --config desk/config.toml message 123 'back at five'

It waits for the answer; the exit status is 0 where the peer, or a server for it, took the message. It
is neither signed nor encrypted: whoever must prove who it is gets texts in a call only.";

pub(super) const OPTIONS_HELP: &str = "\
Examples:
  countersign options sip:bob@192.0.2.9:5070
  countersign --config desk/config.toml options 123";

#[cfg(feature = "watch")]
pub(super) const WATCH_HELP: &str = "\
Examples:
  countersign watch sip:bob@example.org
  countersign --config desk/config.toml watch 123 --package dialog

What is known is told first, then each change, a line each. Ctrl-C unsubscribes, and exits with status
0; where whom it asks does not tell, the status is 1. Nothing proves what is told.";

#[cfg(feature = "devices")]
pub(super) const DEVICES_HELP: &str = "\
Example:
  countersign devices
  countersign call sip:bob@192.0.2.9:5070 --audio device

A call takes those that are named under [audio] in the configuration (`microphone`, `loudspeaker`), or
the default ones. One that is unplugged in a call ends nothing: it is taken again when it is back. What
the loudspeaker says is taken out of what the microphone hears, and so is noise (`cancel-echo` and
`suppress-noise` under [audio]), in builds with the feature `echo`; in others, wear a headset.";

pub(super) const COMPLETIONS_HELP: &str = "\
Example:
  mkdir -p ~/.local/share/bash-completion/completions
  countersign completions bash > ~/.local/share/bash-completion/completions/countersign";

pub(super) const MAN_HELP: &str = "\
Example:
  countersign man ~/.local/share/man/man1
  man countersign-call

`countersign-pgp man FOLDER` writes those of the security application.";

pub(super) const INSPECT_USAGE: &str = "countersign inspect [OPTIONS] <FILE>...
       countersign inspect [OPTIONS] --jsonl [FILE]...";

pub(super) const INSPECT_HELP: &str = "\
Examples:
  countersign inspect --json invite.sip
  printf 'OPTIONS sip:a@b SIP/2.0\\r\\n\\r\\n' | countersign inspect -
  countersign inspect --jsonl < vectors.jsonl

With --jsonl each line in, of at most 1 MiB, is an object with `id`, `kind` (message, uri, header,
nameaddr, startline or sdp) and `input`, or `input_b64` for what is not UTF-8; each line out has `id`,
`verdict`, `status`, `reason`, `at` and `components`; a line that cannot be judged has `id` and
`error`. The exit status is then 0 whatever the verdicts are, and 1 where a line cannot be judged.";

#[cfg(feature = "digest")]
pub(super) const EXPLAIN_HELP: &str = "\
Examples:
  countersign listen --journal calls.journal
  countersign explain calls.journal
  countersign explain calls.journal --ladder calls.svg
  countersign explain calls.journal --seen 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08

A journal is chained: each line holds the SHA-256 of the one before. The exit status is 1 where a line
was changed, put in or taken out. What was cut from the end, or a journal that was written anew as a
whole, is found by a hash that was noted earlier and kept elsewhere (--seen).

With --json each call is an object, with its sentences, and the last object is the judgement.";

#[cfg(feature = "digest")]
pub(super) const AUTH_CHECK_USAGE: &str = "countersign auth check [OPTIONS] <REQUEST>
       countersign auth check [OPTIONS] --jsonl";

#[cfg(feature = "digest")]
pub(super) const AUTH_CHECK_HELP: &str = "\
Examples:
  countersign auth check register.sip --password-file alice.password
  countersign auth check register.sip --challenge unauthorized.sip --user 1001

It says what the response should be and whether it is; if not, what was done otherwise (another
method, user, quality, algorithm, a line end behind the password, …), two such things at once
included, and where the credentials do not answer the challenge or are for another request. For a
request without credentials it says what would answer the challenge.

With --jsonl each line in, of at most 1 MiB, is an object with `id`, `method`, `request_uri`,
`password`, `authorization`, `challenge` or both (values of the header fields), and where it is wanted
`user`, `body` and `cnonce`; each line out has `id` and what is said of it, as with --json, or `error`.
The exit status is then 0 whatever holds, and 1 where a line cannot be judged.";

#[cfg(feature = "digest")]
pub(super) const AUTH_HA1_HELP: &str = "\
Examples:
  countersign auth ha1 alice.ha1 --user alice --realm pbx.example.org
  countersign auth ha1 carol.ha1 --user carol --realm example.org --algorithm SHA-256

In the configuration `ha1-file = \"alice.ha1\"` then stands in the place of `password-file`, in an
[[account]] or a [[user]]. Whoever reads the file can be this user in this realm, but learns no
password. A new realm or user name needs a new file.";

#[cfg(feature = "digest")]
pub(super) const AUTH_PROBE_HELP: &str = "\
Examples:
  countersign auth probe pbx.example.org --user 1001 --password-file 1001.password
  countersign auth probe tcp:192.0.2.10 --user alice --aor sip:alice@example.org
  countersign auth probe 192.0.2.9 --method MESSAGE --user alice --to sip:bob@192.0.2.9

It asks, answers the challenges rightly and in the ways that a server must tell apart, and says of each
check what was sent, what was expected and by which RFC, and what came: `pass`, `fail`, `told` (either
is allowed) or `n/a` (the server has nothing of it). It takes some 50 requests, one after the other.

It guesses no password. Seven of its answers are to be refused, each made from the right one: a replay,
one to a nonce that was never given, one that covers another body, one for another host, one under an
algorithm that is not there, one with a wrong response, and one of a user who is not there. At most four
of them a server may count as failures of the account, and all of them as this host's: right answers
stand between them, and the last check is whether the account still works. Probe your own servers only.";

#[cfg(feature = "pgp")]
pub(super) const KEYS_HELP: &str = "\
Keys live in the security application; the terminal names them by fingerprint. To exchange them:
  countersign --config alice/config.toml keys generate
  countersign --config alice/config.toml keys export > alice.asc
  countersign --config bob/config.toml keys import alice.asc --pin sip:alice@example.org

`generate` asks for a passphrase that encrypts the private key, twice; an empty line is none. Calls
ask for it when they start the security application, unless passphrase-file under [agent] in the
configuration names a file that holds it. Scripts say --no-passphrase or --passphrase-file.";

#[cfg(feature = "pgp")]
pub(super) const PIN_HELP: &str = "\
Example:
  countersign --config alice/config.toml keys list
  countersign --config alice/config.toml keys pin sip:bob@example.org \\
      1f0c8a3b5d7e9f2041638597a0b1c2d3e4f50617

Compare the fingerprint with its owner first, by a way that you trust. A `listen` that runs takes the
pin over at once.";

#[cfg(feature = "pgp")]
pub(super) const UNPIN_HELP: &str = "\
Example:
  countersign --config alice/config.toml keys unpin sip:bob@example.org";
