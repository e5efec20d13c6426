//! SIPp: scenarios of `xtask/interop/sipp/`, in which what recurs stands as `{PART WORDS}`. What
//! SIPp is given, the parts filled in, is kept in the case's folder, beside all that was sent and
//! received.

use super::children::Child;
use super::room::{Room, data};
use super::waiting::{PATIENCE, until};
use crate::command::Failure;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

/// Longest run of a scenario, in seconds.
const LONGEST: u64 = 90;

/// Every fifth message is lost. SIPp knows a request again only by what it has answered: where it
/// lost its answers, what comes again is unexpected, and no reason to give up.
pub(super) const LOSSY: &[&str] = &["-lost", "20", "-default_behaviors", "all,-abortunexp"];

/// Octets of what SIPp says again and again, each a sample in PCMU.
const SAID: usize = 8_000;

/// Parts of messages, with `{1}` and so on for the words after their names.
const PARTS: &[(&str, &str)] = &[
    // METHOD CSEQ, outside of a call.
    (
        "request",
        "{1} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n\
         Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]\n{caller}\n\
         To: <sip:[service]@[remote_ip]:[remote_port]>\nCSeq: {2} {1}\n{contact}",
    ),
    // METHOD CSEQ BACK: the same once more, so many messages after it.
    (
        "again",
        "{1} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n\
         Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch-{3}]\n{caller}\n\
         To: <sip:[service]@[remote_ip]:[remote_port]>\nCSeq: {2} {1}\n{contact}",
    ),
    // CSEQ BACK
    ("cancel", "{again CANCEL {1} {2}}"),
    // METHOD CSEQ BACK: the ACK of a refusal.
    (
        "refused",
        "{1} sip:[service]@[remote_ip]:[remote_port] SIP/2.0\n\
         Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch-{3}]\n{caller}\n\
         To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]\nCSeq: {2} {1}",
    ),
    // METHOD CSEQ, in a call that SIPp placed.
    (
        "within",
        "{1} [next_url] SIP/2.0\n\
         Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]\n{caller}\n\
         To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]\nCSeq: {2} {1}\n{contact}",
    ),
    // METHOD CSEQ, in a call that SIPp has answered and remembered.
    (
        "callee",
        "{1} [$contact] SIP/2.0\n\
         Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]\n\
         Max-Forwards: 70\nFrom:[$to];tag=[pid]p[call_number]\nTo:[$from]\n\
         Call-ID: [call_id]\nCSeq: {2} {1}\n{contact}",
    ),
    (
        "caller",
        "Max-Forwards: 70\nFrom: <sip:sipp@[local_ip]:[local_port]>;tag=[pid]a[call_number]\n\
         Call-ID: [call_id]",
    ),
    ("contact", "Contact: <sip:sipp@[local_ip]:[local_port];transport=[transport]>"),
    // STATUS WORDS, to what has no tag yet.
    ("response", "{answered {*}}\n[last_To:];tag=[pid]p[call_number]\n[last_CSeq:]\n{contact}"),
    // STATUS WORDS, of another that was asked, too.
    (
        "forked",
        "SIP/2.0 {*}\nVia:[$via]\n[last_From:]\nTo:[$to];tag=[pid]q\n[last_Call-ID:]\n\
         CSeq: 1 INVITE\n{contact}",
    ),
    // STATUS WORDS, to the INVITE, after its CANCEL.
    ("of-invite", "{answered {*}}\n[last_To:];tag=[pid]p[call_number]\nCSeq:[$cseq]\n{contact}"),
    // STATUS WORDS, in a call.
    ("answer", "{answered {*}}\n[last_To:]\n[last_CSeq:]\n{contact}"),
    ("answered", "SIP/2.0 {*}\n[last_Via:]\n[last_From:]\n[last_Call-ID:]\n[last_Record-Route:]"),
    // VERSION DIRECTION
    (
        "sdp",
        "Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\n\
         o=- 1 {1} IN IP[local_ip_type] [local_ip]\ns=-\nc=IN IP[media_ip_type] [media_ip]\nt=0 0\n\
         m=audio [rtpstream_audio_port] RTP/AVP 0\na=rtpmap:0 PCMU/8000\na={2}",
    ),
    ("empty", "Content-Length: 0\n"),
    // Audio from here on.
    ("talk", "<nop><action><exec rtp_stream=\"said.ulaw,-1,0\"/></action></nop>"),
];

/// A run of SIPp.
pub(super) struct Sipp {
    child: Child,
    scenario: String,
    port: u16,
    ip: Ipv4Addr,
}

impl Sipp {
    /// Has a scenario place calls to `target`; `-s` says whom there.
    ///
    /// # Errors
    /// It cannot be run.
    pub(super) fn calls(
        room: &Room, scenario: &str, target: &str, more: &[&str],
    ) -> Result<Self, Failure> {
        Self::start(room, scenario, &[&[target], more].concat())
    }

    /// Has a scenario wait for calls.
    ///
    /// # Errors
    /// It cannot be run.
    pub(super) fn waits(room: &Room, scenario: &str, more: &[&str]) -> Result<Self, Failure> {
        let mut sipp = Self::start(room, scenario, more)?;
        let (ip, port) = (sipp.ip, sipp.port);
        let is_bound = || ["udp", "tcp"].iter().any(|table| listens(table, ip, port)).then_some(());
        let listens = until(
            PATIENCE,
            || "SIPp does not listen".to_owned(),
            || is_bound().map(|()| true).or_else(|| sipp.child.ended().map(|_| false)),
        )?;
        if listens { Ok(sipp) } else { Err(sipp.met("")) }
    }

    fn start(room: &Room, scenario: &str, more: &[&str]) -> Result<Self, Failure> {
        let text = filled(&data(&format!("sipp/{scenario}.xml"))?)?;
        let file = room.write(&format!("{scenario}.xml"), &text)?;
        room.write("said.ulaw", &"#".repeat(SAID))?;
        let (port, media) = (room.port()?, room.port()?);
        let mut arguments: Vec<String> = more.iter().map(|it| (*it).to_owned()).collect();
        let said = format!(
            "-sf {} -i {ip} -p {port} -mi {ip} -mp {media} -nostdin -timeout {LONGEST}s \
             -timeout_error -trace_err -error_file {scenario}.errors -trace_msg \
             -message_file {scenario}.messages",
            file.display(),
            ip = room.ip,
        );
        arguments.extend(said.split_whitespace().map(str::to_owned));
        if !more.contains(&"-m") {
            arguments.extend(["-m".to_owned(), "1".to_owned()]);
        }
        let child = Child::start(&room.folder, scenario, Path::new("sipp"), &arguments)?;
        Ok(Self { child, scenario: scenario.to_owned(), port, ip: room.ip })
    }

    /// Waits until it has received a request.
    ///
    /// # Errors
    /// It has not.
    pub(super) fn has_received(&self, method: &str) -> Result<(), Failure> {
        let messages = self.child.folder().join(format!("{}.messages", self.scenario));
        until(
            PATIENCE,
            || format!("SIPp received no {method}"),
            || {
                let text = fs::read_to_string(&messages).unwrap_or_default();
                text.contains(&format!("\n{method} ")).then_some(())
            },
        )
    }

    /// Where it is called.
    pub(super) fn uri(&self) -> String {
        format!("sip:sipp@{}:{}", self.ip, self.port)
    }

    /// Its port.
    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the end of the scenario, which all calls must have reached.
    ///
    /// # Errors
    /// What SIPp met instead.
    pub(super) fn ends(mut self) -> Result<Counts, Failure> {
        let status = self.child.end(Duration::from_secs(LONGEST + 10))?;
        let text = self.child.out();
        if status.success() {
            let calls = counted(&text, "Successful call").unwrap_or_default();
            return Ok(Counts { calls, text });
        }
        Err(format!("SIPp, {}: {}", self.scenario, self.met(&text)))
    }

    /// The first thing that was not as in the scenario.
    fn met(&self, screen: &str) -> String {
        let folder = self.child.folder();
        let errors = fs::read(folder.join(format!("{}.errors", self.scenario)));
        let errors = String::from_utf8_lossy(&errors.unwrap_or_default()).into_owned();
        let said = errors.lines().find(|line| line.contains("while expecting"));
        let said = said.or_else(|| errors.lines().nth(1)).map(str::to_owned);
        said.unwrap_or_else(|| {
            let failed = counted(screen, "Failed call").unwrap_or_default();
            format!("{failed} of its calls failed")
        })
    }
}

/// What SIPp counted.
pub(super) struct Counts {
    pub(super) calls: u64,
    text: String,
}

impl Counts {
    /// How often messages were sent again, by either side.
    pub(super) fn again(&self) -> u64 {
        // The last screen: a row a message, in which the second number counts retransmissions.
        let last = self.text.rsplit("Messages  Retrans").next().unwrap_or_default();
        let rows = last.lines().filter(|line| line.contains("-->") || line.contains("<--"));
        let numbers = rows.filter_map(|row| {
            let after = row.rsplit(['>', '-', ']']).next()?;
            after.split_whitespace().nth(1)?.parse::<u64>().ok()
        });
        numbers.sum()
    }
}

/// A number of SIPp's last screen.
pub(super) fn counted(screen: &str, what: &str) -> Option<u64> {
    let line = screen.lines().rev().find(|line| line.contains(what))?;
    line.split_whitespace().last()?.parse().ok()
}

/// Whether the kernel has a socket there.
fn listens(table: &str, ip: Ipv4Addr, port: u16) -> bool {
    let wanted = format!(" {:08X}:{port:04X} ", u32::from_le_bytes(ip.octets()));
    fs::read_to_string(format!("/proc/net/{table}")).is_ok_and(|text| text.contains(&wanted))
}

/// A scenario with its parts filled in.
fn filled(scenario: &str) -> Result<String, Failure> {
    let mut text = String::new();
    for line in scenario.lines() {
        let part = line.trim();
        if part.starts_with('{') && part.ends_with('}') {
            text.push_str(&filled(&part_of(part)?)?);
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    Ok(text)
}

/// `{PART WORDS}`.
fn part_of(line: &str) -> Result<String, Failure> {
    let inner = line.trim_start_matches('{').strip_suffix('}').unwrap_or(line);
    let (name, words) = inner.split_once(' ').unwrap_or((inner, ""));
    let part = PARTS.iter().find(|(part, _)| *part == name);
    let (_, part) = part.ok_or_else(|| format!("`{line}` is no part of a scenario"))?;
    let numbered = (1..).zip(words.split(' ')).filter(|(_, word)| !word.is_empty());
    let text = numbered.fold(part.replace("{*}", words), |text, (n, word)| {
        text.replace(&format!("{{{n}}}"), word)
    });
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::root;

    #[test]
    fn a_part_stands_for_its_lines_and_takes_words() {
        let text = filled("  {response 180 Ringing}\n  {empty}\n").unwrap();
        assert!(text.starts_with("SIP/2.0 180 Ringing\n[last_Via:]\n"), "{text}");
        assert!(text.ends_with("Content-Length: 0\n"), "{text}");
        assert!(filled("{cancel 1 4}").unwrap().contains("branch=[branch-4]"));
        assert!(filled("{nothing}").is_err());
    }

    #[test]
    fn every_scenario_can_be_filled_in() {
        for entry in fs::read_dir(root().join("xtask/interop/sipp")).unwrap() {
            let path = entry.unwrap().path();
            let text = filled(&fs::read_to_string(&path).unwrap()).unwrap();
            assert!(!text.contains("{1}") && !text.contains("{*}"), "{}", path.display());
        }
    }
}
