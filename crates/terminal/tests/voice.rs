//! The built program with agents that speak in its calls: `examples/voice_agent.py` as it is, and
//! others that do what they should not.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "how long a real process takes")]

mod running;

use media_ctl::audio::{Speech, similarity};
use running::{Running, countersign};
use serde_json::{Value, json};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use terminal::assembly::free_loopback_pair;
#[cfg(feature = "ws")]
use {
    std::net::TcpStream,
    tungstenite::client::IntoClientRequest as _,
    tungstenite::{HandshakeError, Message, WebSocket},
};

const SECOND: usize = 8_000;

impl Running {
    /// Runs a program that reads nothing.
    fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = command.get_program().to_owned();
        Self::of(command.spawn().unwrap_or_else(|error| {
            panic!("{}: {error}; install it (Debian: apt-get install python3)", program.display())
        }))
    }

    fn countersign(home: &Path, arguments: &[&str]) -> Self {
        Self::start(countersign(home, arguments))
    }

    /// The same, with commands on standard input.
    fn commanded(home: &Path, arguments: &[&str]) -> Self {
        Self::of(countersign(home, arguments).spawn().unwrap())
    }

    /// The next line that holds these words.
    fn tells(&self, words: &str) -> String {
        self.waits(words, |line| line.contains(words).then(|| line.to_owned()))
    }
}

/// A listener that lets agents in at a socket.
struct Bob {
    home: TempDir,
    running: Running,
    socket: PathBuf,
    uri: String,
}

fn listening(more: &[&str]) -> Bob {
    at_home(tempfile::tempdir().unwrap(), more)
}

fn at_home(home: TempDir, more: &[&str]) -> Bob {
    let binds = free_loopback_pair().unwrap().map(|bind| bind.to_string());
    let socket = home.path().join("agent.sock");
    let audio = format!("unix:{}", socket.display());
    let listen = ["--bind", &binds[0], "--bind", &binds[1], "listen", "--audio", &audio];
    let running = Running::commanded(home.path(), &[&listen[..], more].concat());
    running.tells("agents come in at");
    let uri = format!("sip:bob@{}", binds[0].trim_start_matches("udp:"));
    Bob { home, running, socket, uri }
}

impl Bob {
    fn called(&self, more: &[&str]) -> Running {
        Running::countersign(self.home.path(), &[&["call", &self.uri][..], more].concat())
    }

    fn ends_well(self) {
        self.running.interrupt();
        self.running.ends_well();
        assert!(!self.socket.exists());
    }
}

/// An agent of our own.
struct Agent<S>(S);

impl Agent<UnixStream> {
    fn at(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self(stream)
    }

    fn ready(socket: &Path) -> Self {
        let mut agent = Self::at(socket);
        agent.tells(&json!({"command": "hello", "version": 1, "rate": 8000}));
        agent.hears("hello");
        agent
    }
}

impl<S: Read + Write> Agent<S> {
    fn tells(&mut self, object: &Value) {
        self.sends(b'j', object.to_string().as_bytes());
    }

    fn sends(&mut self, kind: u8, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        self.0.write_all(&[&[kind], &length[..], payload].concat()).unwrap();
    }

    /// The next frame; `None` where the terminal has closed the connection.
    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 5];
        self.0.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes(head[1..].try_into().unwrap());
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).unwrap();
        Some((head[0], payload))
    }

    /// So many samples of what is heard.
    fn samples(&mut self, count: usize) -> Vec<i16> {
        let mut samples = Vec::new();
        while samples.len() < count {
            let (kind, payload) = self.frame().unwrap();
            let pairs = payload.as_chunks::<2>().0.iter().filter(|_| kind == b'a');
            samples.extend(pairs.map(|pair| i16::from_le_bytes(*pair)));
        }
        samples
    }

    /// The next object.
    fn object(&mut self) -> Value {
        loop {
            let (kind, payload) = self.frame().unwrap();
            if kind == b'j' {
                return serde_json::from_slice(&payload).unwrap();
            }
        }
    }

    /// The next object whose `event` is this.
    fn hears(&mut self, event: &str) -> Value {
        let (began, mut seen) = (Instant::now(), Vec::new());
        while began.elapsed() < Duration::from_secs(30)
            && let Some((kind, payload)) = self.frame()
        {
            if kind == b'j' {
                let object: Value = serde_json::from_slice(&payload).unwrap();
                if object["event"] == event {
                    return object;
                }
                seen.push(object);
            }
        }
        panic!("no `{event}` in {seen:#?}");
    }
}

/// Writes 8 kHz mono, 16 bits.
fn write_wav(path: &Path, samples: &[i16]) {
    let length = u32::try_from(samples.len() * 2).unwrap();
    let mut octets = [b"RIFF", &(length + 36).to_le_bytes()[..], b"WAVEfmt "].concat();
    octets.extend([16, 0, 0, 0, 1, 0, 1, 0]);
    octets.extend(8_000_u32.to_le_bytes());
    octets.extend(16_000_u32.to_le_bytes());
    octets.extend([2, 0, 16, 0]);
    octets.extend([&b"data"[..], &length.to_le_bytes()].concat());
    octets.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    fs::write(path, octets).unwrap();
}

/// What was heard and what was said, at 8 kHz, by a recording of both at 16 kHz.
fn channels(path: &Path) -> [Vec<i16>; 2] {
    let octets = fs::read(path).unwrap();
    let samples: Vec<i16> =
        octets[44..].as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect();
    [0, 1].map(|side| samples.iter().copied().skip(side).step_by(4).collect())
}

/// How well `said` is heard from about `at` on, within half a second either way.
fn likeness(said: &[i16], heard: &[i16], at: f64) -> f64 {
    let from = (at * SECOND as f64) as usize - SECOND / 2;
    let said = [&vec![0; SECOND / 2], said].concat();
    similarity(&said, &heard[from..(from + said.len() + SECOND / 4).min(heard.len())])
}

/// The mean amplitude between two moments.
fn loudness(heard: &[i16], from: f64, to: f64) -> i32 {
    let [from, to] = [from, to].map(|at| (at * SECOND as f64) as usize);
    heard[from..to].iter().map(|s| i32::from(*s).abs()).sum::<i32>() / (to - from) as i32
}

#[test]
fn the_parrot_of_the_examples_says_what_it_heard_and_falls_silent_when_interrupted() {
    let bob = listening(&[]);
    let mut parrot = Command::new("python3");
    parrot.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/voice_agent.py")).arg(&bob.socket);
    let parrot = Running::start(parrot);
    parrot.tells(r#""event": "hello""#);
    let words = [1, 2, 3].map(|seed| Speech::samples(seed, 2 * SECOND));
    let silence = |seconds: f64| vec![0; (seconds * SECOND as f64) as usize];
    // Said from 0.5 to 2.5 s, and again from 5.5 to 7.5 s: the parrot begins 0.5 s after that, and is
    // interrupted at 8.7 s, when it has some 1.3 s left to say.
    let said = [&silence(0.5), &words[0], &silence(3.0), &words[1], &silence(1.2), &words[2]];
    let (wav, heard) = (bob.home.path().join("said.wav"), bob.home.path().join("heard.wav"));
    write_wav(&wav, &[said.map(|part| part.as_slice()).concat(), silence(3.5)].concat());
    let (wav, record) = (wav.to_str().unwrap(), heard.to_str().unwrap());
    let alice = bob.called(&["--audio", wav, "--record", record, "--seconds", "14"]);
    parrot.tells(r#""event": "incoming""#);
    alice.tells("recording what is heard (left) and said (right) to");
    parrot.tells(r#""name": "said""#);
    let flushed = parrot.tells(r#""event": "flushed""#);
    let flushed: Value = serde_json::from_str(&flushed).unwrap();
    assert!(flushed["discarded_ms"].as_u64().unwrap() > 500, "{flushed}");
    assert_eq!(flushed["marks"], json!(["said"]));
    alice.ends_well();
    assert!(parrot.tells(r#""event": "over""#).contains("peer_hung_up"));
    let [heard, own] = channels(&heard);
    let second = likeness(&words[1], &own, 5.5);
    assert!(second > 0.9, "{second}");
    assert!(loudness(&own, 3.0, 5.3) < 50, "{}", loudness(&own, 3.0, 5.3));
    let first = likeness(&words[0], &heard, 3.0);
    assert!(first > 0.8, "{first}");
    // It has begun, and stops when the caller speaks.
    assert!(loudness(&heard, 8.2, 8.6) > 300, "{}", loudness(&heard, 8.2, 8.6));
    assert!(loudness(&heard, 9.2, 11.0) < 50, "{}", loudness(&heard, 9.2, 11.0));
    let last = likeness(&words[2], &heard, 11.2);
    assert!(last > 0.8, "{last}");
    bob.ends_well();
}

#[test]
fn a_call_waits_for_an_agent_and_ends_with_it() {
    let bob = listening(&[]);
    let alice = bob.called(&["--json"]);
    alice.tells(r#""event":"ringing""#);
    let mut agent = Agent::ready(&bob.socket);
    let call = agent.hears("incoming")["call"].clone();
    agent.tells(&json!({"command": "answer", "call": call}));
    assert_eq!(agent.hears("established")["call"], call);
    alice.tells(r#""event":"established""#);
    drop(agent);
    bob.running.tells("the agent of a call is gone");
    assert!(alice.tells(r#""event":"over""#).contains(r#""code":"peer_hung_up""#));
    alice.ends_well();
    // The next is served, and by two agents two are.
    let mut agents = [Agent::ready(&bob.socket), Agent::ready(&bob.socket)];
    let callers = [bob.called(&[]), bob.called(&[])];
    for agent in &mut agents {
        agent.hears("incoming");
        agent.tells(&json!({"command": "answer"}));
        agent.hears("established");
        agent.tells(&json!({"command": "dtmf", "digits": "12"}));
        assert_eq!(agent.hears("done")["command"], "dtmf");
    }
    for caller in &callers {
        caller.tells("the peer pressed 2");
    }
    for agent in &mut agents {
        agent.tells(&json!({"command": "hang_up"}));
        assert_eq!(agent.hears("over")["code"], "hung_up");
        agent.tells(&json!({"command": "hang_up"}));
        assert_eq!(agent.hears("error")["code"], "no_call");
    }
    callers.into_iter().for_each(Running::ends_well);
    bob.ends_well();
}

/// A WebSocket to this address, as a page of this origin has it or a program without one: or the status
/// that it is refused with.
#[cfg(feature = "ws")]
fn web(url: &str, origin: Option<&'static str>) -> Result<WebSocket<TcpStream>, u16> {
    let mut request = url.into_client_request().unwrap();
    if let Some(origin) = origin {
        request.headers_mut().insert("Origin", origin.parse().unwrap());
    }
    let stream = TcpStream::connect(request.uri().authority().unwrap().as_str()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    match tungstenite::client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(HandshakeError::Failure(tungstenite::Error::Http(refusal))) => {
            Err(refusal.status().as_u16())
        }
        Err(error) => panic!("{error}"),
    }
}

/// The next object with this `event`, and how many samples of audio came before it.
#[cfg(feature = "ws")]
fn hears(socket: &mut WebSocket<TcpStream>, event: &str) -> (Value, usize) {
    let mut samples = 0;
    loop {
        match socket.read().unwrap() {
            Message::Binary(octets) => samples += octets.len() / 2,
            Message::Text(text) => {
                let object: Value = serde_json::from_str(&text).unwrap();
                if object["event"] == event {
                    return (object, samples);
                }
            }
            _ => {}
        }
    }
}

#[cfg(feature = "ws")]
#[test]
fn an_agent_comes_in_over_a_websocket_that_knows_the_word() {
    let home = tempfile::tempdir().unwrap();
    let [udp, tcp] = free_loopback_pair().unwrap().map(|bind| bind.to_string());
    let listen = ["--bind", &udp, "--bind", &tcp, "listen", "--audio", "ws:127.0.0.1:0"];
    let bob = Running::countersign(home.path(), &listen);
    let line = bob.tells("agents come in at ws://127.0.0.1:");
    let url = line.rsplit(' ').next().unwrap();
    let (at, word) = url.rsplit_once('/').unwrap();
    let other = word.replace(|digit: char| digit.is_ascii_digit(), "a");
    for guess in ["", "/agent", &format!("/{other}"), &format!("/{word}0")] {
        assert_eq!(web(&format!("{at}{guess}"), None).err(), Some(404), "{guess}");
    }
    assert_eq!(web(url, Some("http://localhost")).err(), Some(403));

    let mut agent = web(url, None).unwrap();
    let tells = |agent: &mut WebSocket<TcpStream>, object: Value| {
        agent.send(Message::text(object.to_string())).unwrap();
    };
    tells(&mut agent, json!({"command": "hello", "version": 1, "rate": 8000}));
    hears(&mut agent, "hello");
    let uri = format!("sip:bob@{}", udp.trim_start_matches("udp:"));
    let record = home.path().join("heard.wav");
    let call = ["call", &uri, "--record", record.to_str().unwrap(), "--seconds", "3"];
    let alice = Running::countersign(home.path(), &call);
    hears(&mut agent, "incoming");
    tells(&mut agent, json!({"command": "answer"}));
    hears(&mut agent, "established");
    let words = Speech::samples(1, SECOND);
    let octets: Vec<u8> = words.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    agent.send(Message::binary(octets)).unwrap();
    tells(&mut agent, json!({"command": "mark", "name": "said"}));
    let (mark, _) = hears(&mut agent, "mark");
    assert_eq!(mark["played_ms"], 1_000, "{mark}");
    let (over, samples) = hears(&mut agent, "over");
    assert_eq!(over["code"], "peer_hung_up");
    assert!(samples > SECOND, "it heard {samples} samples");
    alice.ends_well();
    let [heard, _] = channels(&record);
    let alike = [0.5, 0.7].map(|at| likeness(&words, &heard, at));
    assert!(alike.iter().any(|alike| *alike > 0.8), "{alike:?}");

    // What is no message of these, and more than may be, ends the connection and nothing else.
    let mut wrong = web(url, None).unwrap();
    tells(&mut wrong, json!({"command": "dance"}));
    let (error, _) = hears(&mut wrong, "error");
    assert_eq!(error["code"], "hello", "{error}");
    let mut long = web(url, None).unwrap();
    long.send(Message::binary(vec![0; 65_538])).unwrap();
    while long.read().is_ok() {}
    bob.interrupt();
    bob.ends_well();
}

/// Each of them speaks in a call of its own.
#[test]
fn agents_hear_one_another_where_their_calls_are_joined_and_not_themselves() {
    let mut bob = listening(&[]);
    let mut agents = [Agent::ready(&bob.socket), Agent::ready(&bob.socket)];
    let callers = [(); 2].map(|()| bob.called(&["--audio", "silence"]));
    for agent in &mut agents {
        agent.hears("incoming");
        agent.tells(&json!({"command": "answer"}));
        agent.hears("established");
    }
    bob.running.says("join");
    let [one, two] = &mut agents;
    assert_eq!(one.hears("joined")["calls"], two.hears("joined")["calls"]);
    let said = Speech::samples(1, 2 * SECOND);
    let octets: Vec<u8> = said.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    one.sends(b'a', &octets);
    let (by_two, by_one) = (two.samples(3 * SECOND), one.samples(2 * SECOND));
    let alike = [similarity(&said, &by_two), similarity(&said, &by_one)];
    assert!(alike[0] > 0.9 && alike[1] < 0.1, "{alike:?}");
    one.tells(&json!({"command": "join"}));
    assert!(one.hears("failed")["reason"].as_str().unwrap().contains("no say"));
    one.tells(&json!({"command": "leave"}));
    assert_ne!(one.hears("left")["call"], two.hears("left")["call"]);
    for agent in &mut agents {
        agent.tells(&json!({"command": "hang_up"}));
        agent.hears("over");
    }
    callers.into_iter().for_each(Running::ends_well);
    bob.ends_well();
}

#[cfg(feature = "pgp")]
#[test]
fn an_agent_hears_that_its_call_is_keyed_and_recorded() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("config/countersign");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), "[policy]\nmedia-dtls = true\n").unwrap();
    let record = home.path().join("calls");
    let bob = at_home(home, &["--record", record.to_str().unwrap()]);
    let mut agent = Agent::ready(&bob.socket);
    let alice = bob.called(&["--json"]);
    let call = agent.hears("incoming")["call"].clone();
    agent.tells(&json!({"command": "answer"}));
    assert_eq!(agent.hears("recording")["call"], call);
    alice.tells(r#""event":"keyed""#);
    assert_eq!(agent.hears("keyed")["call"], call);
    agent.tells(&json!({"command": "hang_up"}));
    agent.hears("over");
    alice.ends_well();
    bob.ends_well();
}

#[test]
fn a_call_is_refused_where_no_agent_comes_or_the_agent_does_not_want_it() {
    let bob = listening(&["--auto-answer"]);
    let alice = bob.called(&["--json"]);
    assert!(alice.tells(r#""event":"over""#).contains(r#""status":480"#));
    bob.running.tells("no agent has come for it in time");
    drop(alice);
    // With --auto-answer, an agent that is there need not say so.
    let mut agent = Agent::ready(&bob.socket);
    let alice = bob.called(&["--seconds", "0.2"]);
    agent.hears("established");
    alice.ends_well();
    agent.hears("over");
    bob.ends_well();
    let bob = listening(&[]);
    let mut agent = Agent::ready(&bob.socket);
    let alice = bob.called(&["--json"]);
    agent.hears("incoming");
    agent.tells(&json!({"command": "reject", "status": 486}));
    assert!(alice.tells(r#""event":"over""#).contains(r#""status":486"#));
    assert_eq!(agent.hears("over")["code"], "refused_here");
    bob.ends_well();
}

#[test]
fn what_an_agent_should_not_do_is_answered_with_why_and_harms_nobody() {
    let bob = listening(&[]);
    let hello = |version, rate| json!({"command": "hello", "version": version, "rate": rate});
    for (kind, payload, words) in [
        (b'G', "ET / HTTP/1.1".to_owned(), "0x47: expected `a` (audio) or `j` (JSON)"),
        (b'a', "ab".to_owned(), r#"expected this first: {"command":"hello""#),
        (b'j', r#"{"command":"answer"}"#.to_owned(), "expected this first"),
        (b'j', hello(9, 8000).to_string(), "version 9 is not spoken here: expected 1"),
        (b'j', hello(1, 44_100).to_string(), "expected one of 8000, 16000, 24000, 48000"),
    ] {
        let mut agent = Agent::at(&bob.socket);
        agent.sends(kind, payload.as_bytes());
        let error = agent.hears("error");
        assert!(error["message"].as_str().unwrap().contains(words), "{error}");
        assert_eq!(agent.frame(), None);
    }
    // Closed within a frame, in a call.
    let mut agent = Agent::ready(&bob.socket);
    let alice = bob.called(&[]);
    agent.hears("incoming");
    for (object, words) in [
        (json!({"command": "calls"}), "no say but about its own call"),
        (json!({"command": "answer", "call": 2}), "name it so, or not at all"),
        (json!({"command": "dtmf", "digits": "x"}), "1 to 64 keys"),
        (json!({"command": "jump"}), "unknown variant `jump`"),
    ] {
        agent.tells(&object);
        let failed = agent.hears("failed");
        assert!(failed["reason"].as_str().unwrap().contains(words), "{failed}");
    }
    agent.sends(b'j', b"{");
    assert_eq!(agent.hears("error")["code"], "not_understood");
    agent.tells(&json!({"command": "answer"}));
    agent.hears("established");
    agent.0.write_all(b"a\0\0\x01\x00abc").unwrap();
    drop(agent);
    alice.tells("over: the peer hung up");
    alice.ends_well();
    let mut agent = Agent::ready(&bob.socket);
    let alice = bob.called(&["--seconds", "0.2"]);
    agent.hears("incoming");
    agent.tells(&json!({"command": "answer"}));
    agent.hears("over");
    alice.ends_well();
    bob.ends_well();
}

#[test]
fn an_agent_that_sends_faster_than_it_is_heard_is_not_read_any_further() {
    let bob = listening(&["--auto-answer"]);
    let mut agent = Agent::ready(&bob.socket);
    let alice = bob.called(&[]);
    agent.hears("established");
    agent.0.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let second = [&[b'a', 0, 0, 0x3e, 0x80][..], &[0; 16_000]].concat();
    let taken = (0..120).take_while(|_| agent.0.write_all(&second).is_ok()).count();
    // Half a minute, and what the system holds on the way.
    assert!((30..90).contains(&taken), "{taken}");
    drop(agent);
    alice.tells("over: the peer hung up");
    alice.ends_well();
    bob.ends_well();
}

#[test]
fn a_caller_has_an_agent_too_and_waits_for_it() {
    let bob = listening(&["--auto-answer"]);
    let mut callee = Agent::ready(&bob.socket);
    let socket = bob.home.path().join("alice.sock");
    let (audio, file) = (format!("unix:{}", socket.display()), bob.home.path().join("call.wav"));
    let alice = bob.called(&["--audio", &audio, "--record", file.to_str().unwrap()]);
    alice.tells("agents come in at");
    sleep(Duration::from_millis(300));
    let mut caller = Agent::ready(&socket);
    let call = caller.hears("calling")["call"].clone();
    caller.hears("established");
    callee.hears("established");
    caller.sends(b'a', &[0x10; 3200]);
    caller.tells(&json!({"command": "mark", "name": "greeted"}));
    let mark = caller.hears("mark");
    assert_eq!(
        (&mark["name"], &mark["call"], &mark["played_ms"]),
        (&"greeted".into(), &call, &200.into())
    );
    caller.tells(&json!({"command": "hang_up"}));
    assert_eq!(caller.hears("over")["code"], "hung_up");
    callee.hears("over");
    alice.ends_well();
    // What an agent says is recorded, too: 200 ms of it.
    let [heard, said] = channels(&file);
    assert!(heard.iter().all(|sample| sample.abs() < 100));
    let loud = said.iter().filter(|sample| **sample > 0x0800).count();
    assert!((1_500..1_700).contains(&loud), "{loud}");
    bob.ends_well();
}

/// Standard input and output of a process.
struct Pipes(Child);

impl Read for Pipes {
    fn read(&mut self, octets: &mut [u8]) -> std::io::Result<usize> {
        self.0.stdout.as_mut().unwrap().read(octets)
    }
}

impl Write for Pipes {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.stdin.as_mut().unwrap().write(octets)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.stdin.as_mut().unwrap().flush()
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn an_agent_may_start_the_program_and_speak_over_standard_input_and_output() {
    let bob = listening(&["--auto-answer"]);
    let mut callee = Agent::ready(&bob.socket);
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.args(["call", &bob.uri, "--audio", "stdio"]).env("HOME", bob.home.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut agent = Agent(Pipes(command.spawn().unwrap()));
    agent.tells(&json!({"command": "hello", "version": 1, "rate": 48_000}));
    assert_eq!(agent.hears("hello")["rate"], 48_000);
    agent.hears("established");
    loop {
        match agent.frame().unwrap() {
            (b'a', samples) => break assert_eq!(samples.len(), 1_920),
            (kind, _) => assert_eq!(kind, b'j'),
        }
    }
    callee.hears("established");
    callee.tells(&json!({"command": "hang_up"}));
    assert_eq!(agent.hears("over")["code"], "peer_hung_up");
    while agent.frame().is_some() {}
    assert!(agent.0.0.wait().unwrap().success());
    bob.ends_well();
}

#[test]
fn an_agent_that_does_not_read_standard_output_does_not_keep_the_command() {
    let home = tempfile::tempdir().unwrap();
    let bind = free_loopback_pair().unwrap()[0].to_string();
    let mut command = countersign(home.path(), &["--bind", &bind, "listen", "--audio", "stdio"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut agent = Agent(Pipes(command.spawn().unwrap()));
    agent.tells(&json!({"command": "hello", "version": 1, "rate": 8000}));
    agent.hears("hello");
    // Each is answered by an error, which nobody reads.
    let mut input = agent.0.0.stdin.take().unwrap();
    std::thread::spawn(move || while input.write_all(b"j\0\0\0\x01{").is_ok() {});
    let began = Instant::now();
    while agent.0.0.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < Duration::from_secs(10), "it still runs");
        sleep(Duration::from_millis(50));
    }
    assert!(agent.0.0.wait().unwrap().success());
}

#[test]
fn an_agent_that_is_ahead_and_goes_before_the_answer_is_noticed() {
    let bob = listening(&[]);
    let mut agent = Agent::ready(&bob.socket);
    let alice = bob.called(&["--json"]);
    agent.hears("incoming");
    agent.0.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let second = [&[b'a', 0, 0, 0x3e, 0x80][..], &[0; 16_000]].concat();
    while agent.0.write_all(&second).is_ok() {}
    drop(agent);
    assert!(alice.tells(r#""event":"over""#).contains(r#""status":480"#));
    bob.ends_well();
}

#[test]
fn while_a_call_waits_for_an_agent_others_are_declined_and_commands_are_obeyed() {
    let bob = listening(&["--auto-answer"]);
    let mut callee = Agent::ready(&bob.socket);
    let (home, socket) = (bob.home.path(), bob.home.path().join("alice.sock"));
    let (audio, at) =
        (format!("unix:{}", socket.display()), free_loopback_pair().unwrap()[0].to_string());
    let call = ["--json", "--bind", &at, "call", &bob.uri, "--audio", &audio];
    let mut alice = Running::commanded(home, &call);
    alice.tells(r#""event":"agents""#);
    let uri = format!("sip:alice@{}", at.trim_start_matches("udp:"));
    let carol = Running::countersign(home, &["--json", "call", &uri]);
    assert!(carol.tells(r#""event":"over""#).contains(r#""status":486"#));
    alice.says("help");
    alice.tells(r#""event":"done""#);
    let mut agent = Agent::ready(&socket);
    agent.hears("established");
    callee.hears("established");
    agent.tells(&json!({"command": "hang_up"}));
    assert_eq!(agent.hears("over")["code"], "hung_up");
    alice.ends_well();
    bob.ends_well();
}

#[test]
fn an_agent_is_told_once_of_a_call_that_replaces_another() {
    let home = tempfile::tempdir().unwrap();
    let bind = free_loopback_pair().unwrap()[0].to_string();
    let uri = format!("sip:bob@{}", bind.trim_start_matches("udp:"));
    let listen = ["--bind", &bind, "listen", "--auto-answer"];
    let mut bob = Running::commanded(home.path(), &listen);
    bob.tells("listening on");
    let socket = home.path().join("agent.sock");
    let audio = format!("unix:{}", socket.display());
    let config = home.path().join("alice.toml");
    let at = free_loopback_pair().unwrap()[0].to_string();
    let aor = format!("sip:alice@{}", at.trim_start_matches("udp:"));
    // Who is called must know whom to name to the third; nobody registers here.
    let account = format!("[[account]]\naor = \"{aor}\"\nregistrar = \"{bind}\"\n");
    fs::write(&config, account).unwrap();
    let config = ["--config", config.to_str().unwrap(), "--bind", &at];
    let call = ["call", &uri, "--account", &aor, "--audio", &audio];
    let alice = Running::countersign(home.path(), &[&config[..], &call].concat());
    alice.tells("agents come in at");
    let mut first = Agent::ready(&socket);
    first.hears("established");
    let mut second = Agent::ready(&socket);
    let mut carol = Running::commanded(home.path(), &["--json", "call", &uri]);
    carol.tells(r#""event":"established""#);
    bob.says("transfer 2 to 1");
    carol.tells(r#""event":"transfer_asked""#);
    carol.says("follow");
    let told = second.object();
    assert_eq!(told["event"], "incoming");
    let then = second.object();
    assert_eq!(then["event"], "established");
    second.tells(&json!({"command": "hang_up"}));
    assert_eq!(second.hears("over")["call"], told["call"]);
    alice.ends_well();
    carol.ends_well();
    bob.interrupt();
    bob.ends_well();
}

#[test]
fn what_does_not_go_together_is_wrong_usage() {
    let home = tempfile::tempdir().unwrap();
    let letter = home.path().join("letter");
    fs::write(&letter, "a letter").unwrap();
    let letter = format!("unix:{}", letter.display());
    for (arguments, words) in [
        (&["--json", "listen", "--audio", "stdio"][..], "standard output takes one of --json"),
        (&["listen", "--audio", "unix:"], "expected a path"),
        (
            &["--bind", "udp:127.0.0.1:0", "listen", "--audio", &letter],
            "that is no socket; name another path",
        ),
    ] {
        let running = Running::countersign(home.path(), arguments);
        running.tells(words);
    }
    let config = home.path().join("config.toml");
    fs::write(&config, "[audio]\nsay = \"unix:/tmp/a\"\n").unwrap();
    let config = ["--config", config.to_str().unwrap(), "--bind", "udp:127.0.0.1:0"];
    let running =
        Running::countersign(home.path(), &[&config[..], &["listen", "--auto-answer"]].concat());
    running.tells("agents are let in by the command line alone: say --audio unix:/tmp/a");
}
