//! The built program and what may stand where it writes and reads: links, pipes, devices, disks
//! that are full.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "how long a real process takes")]

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use terminal::assembly::free_loopback_pair;

/// A folder for everything, also for the user's own configuration.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn pipe(&self, name: &str) -> String {
        let path = self.at(name);
        mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        // The tests may run where signals are ignored, as behind `nohup` or `&`; the program not.
        let mut command = Command::new("env");
        command.arg("--default-signal=HUP,INT,TERM").arg(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).env("HOME", self.0.path()).env("XDG_CONFIG_HOME", self.at("none"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Calls somebody who is busy, which makes a short record.
    fn call(&self, more: &[&str]) -> Output {
        let uri = format!("sip:bob@{}", busy());
        self.command(&[&["call", &uri][..], more].concat()).output().unwrap()
    }
}

/// A peer that answers each request with 486.
fn busy() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4_096];
        while let Ok((length, source)) = socket.recv_from(&mut buffer) {
            let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
            let kept = ["Via:", "From:", "To:", "Call-ID:", "CSeq:"];
            let lines = request.split_inclusive("\r\n");
            let fields: String =
                lines.filter(|line| kept.iter().any(|name| line.starts_with(name))).collect();
            let answer = format!("SIP/2.0 486 Busy Here\r\n{fields}Content-Length: 0\r\n\r\n");
            socket.send_to(answer.as_bytes(), source).unwrap();
        }
    });
    address
}

fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}

/// Reads a pipe that somebody is to write to.
fn reading(path: &str) -> std::thread::JoinHandle<Vec<u8>> {
    let path = path.to_owned();
    std::thread::spawn(move || fs::read(path).unwrap())
}

#[test]
fn a_record_goes_through_links_and_pipes_and_replaces_neither() {
    let home = Home::new();
    fs::create_dir(home.at("far")).unwrap();
    fs::write(home.at("far/call.txt"), "earlier").unwrap();
    symlink("far/call.txt", home.at("call.txt")).unwrap();
    symlink("/dev/null", home.at("null")).unwrap();
    let pipe = home.pipe("pipe");
    for option in ["--ladder", "--capture"] {
        let read = reading(&pipe);
        for path in [
            pipe.as_str(),
            home.at("call.txt").to_str().unwrap(),
            home.at("null").to_str().unwrap(),
        ] {
            let output = home.call(&[option, path]);
            let stderr = text(&output.stderr);
            assert!(stderr.contains("the peer answered 486"), "{option} {path}: {stderr}");
        }
        let through_link = fs::read(home.at("far/call.txt")).unwrap();
        let through_pipe = read.join().unwrap();
        for octets in [through_link, through_pipe] {
            assert!(octets.windows(6).any(|window| window == b"INVITE"), "{}", text(&octets));
        }
        assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
        for link in ["call.txt", "null"] {
            assert!(fs::symlink_metadata(home.at(link)).unwrap().is_symlink(), "{link}");
        }
    }
    let mode = fs::metadata(home.at("far/call.txt")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[test]
fn what_takes_no_record_is_told_before_the_call() {
    let home = Home::new();
    let _listener = UnixListener::bind(home.at("socket")).unwrap();
    symlink("circle", home.at("circle")).unwrap();
    let pipe = home.pipe("pipe");
    let refused = |option, path: &str, words: &str| {
        let output = home.call(&[option, path]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{option} {path}: {stderr}");
        assert!(stderr.contains(words) && stderr.contains("cannot write"), "{path}: {stderr}");
        assert!(output.stdout.is_empty(), "{option} {path}");
    };
    for option in ["--ladder", "--capture", "--record"] {
        refused(option, home.at("socket").to_str().unwrap(), "a socket");
        refused(option, home.at("circle").to_str().unwrap(), "symbolic links");
    }
    for path in [pipe.as_str(), "/dev/null", "-"] {
        refused("--record", path, "a regular file");
    }
}

#[test]
fn a_device_that_is_full_is_an_error() {
    let home = Home::new();
    let full = home.at("full");
    symlink("/dev/full", &full).unwrap();
    let waiting = listen(&home, &["--ladder", full.to_str().unwrap()]);
    waiting.interrupt();
    let (status, stderr) = waiting.ends();
    assert_eq!(status, Some(1), "{stderr}");
    assert!(stderr.contains("full: No space left on device"), "{stderr}");
}

#[test]
fn a_dash_is_standard_output_and_lines_stand_aside() {
    let home = Home::new();
    let output = home.call(&["--ladder", "-"]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(stdout.contains("INVITE") && !stdout.contains("calling "), "{stdout}");
    assert!(stderr.starts_with("calling sip:bob@"), "{stderr}");
    let output = home.call(&["--capture", "-"]);
    assert!(output.stdout.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]), "a section header of pcapng");
    for twice in [&["--ladder", "-", "--capture", "-"][..], &["--json", "--ladder", "-"]] {
        assert_eq!(home.call(twice).status.code(), Some(2), "{twice:?}");
    }
    assert!(!Path::new("-").exists());
}

/// A command that runs.
struct Running {
    child: Child,
    /// What it says on standard error, line by line.
    says: BufReader<std::process::ChildStderr>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let says = BufReader::new(child.stderr.take().unwrap());
        Self { child, says }
    }

    /// Waits for a line with these words on standard error.
    fn until(&mut self, words: &str) {
        let mut said = String::new();
        while !said.contains(words) {
            assert_ne!(self.says.read_line(&mut said).unwrap(), 0, "it ended with {said}");
        }
    }

    fn interrupt(&self) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
    }

    /// The status, and what else it says.
    fn ends(mut self) -> (Option<i32>, String) {
        let mut said = String::new();
        self.says.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }

    /// A signal ends it at once, whatever it waits for.
    fn ends_by_a_signal(mut self, what: &str) -> String {
        self.interrupt();
        let until = Instant::now() + Duration::from_secs(3);
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "{what}: a signal does not end it");
            std::thread::sleep(Duration::from_millis(20));
        }
        let (status, said) = self.ends();
        assert_ne!(status, Some(0), "{what}: {said}");
        said
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A `listen` that has begun.
fn listen(home: &Home, more: &[&str]) -> Running {
    let listen = ["listen", "--auto-answer", "--bind", "udp:127.0.0.1:0"];
    let mut running = Running::start(home.command(&[&listen[..], more].concat()));
    let mut out = BufReader::new(running.child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on"), "{line}");
    running
}

#[test]
fn a_signal_ends_the_wait_for_a_pipe() {
    let home = Home::new();
    let pipe = home.pipe("pipe");
    let configured = |name: &str, text: &str| {
        fs::write(home.at(name), text).unwrap();
        home.at(name).to_str().unwrap().to_owned()
    };
    let say = configured("say.toml", "[audio]\nsay = \"pipe\"\n");
    #[cfg(feature = "digest")]
    let account = "[[account]]\naor = \"sip:alice@h\"\nregistrar = \"udp:127.0.0.1:9\"\n";
    #[cfg(feature = "digest")]
    let account = configured("account.toml", &format!("{account}password-file = \"pipe\"\n"));
    let call = ["call", "sip:bob@127.0.0.1:9"];
    let listen = ["listen", "--auto-answer", "--bind", "udp:127.0.0.1:0"];
    let waits = [
        [&call[..], &["--audio", &pipe]].concat(),
        [&listen[..], &["--audio", &pipe]].concat(),
        [&call[..], &["--config", &say]].concat(),
        [&call[..], &["--config", &pipe]].concat(),
        vec!["register", "--config", &pipe],
        #[cfg(feature = "digest")]
        vec!["register", "--config", &account],
        #[cfg(feature = "digest")]
        [&call[..], &["--config", &account]].concat(),
    ];
    for arguments in waits {
        let mut running = Running::start(home.command(&arguments));
        running.until("waiting for");
        let said = running.ends_by_a_signal(&arguments.join(" "));
        assert!(said.contains("interrupted"), "{arguments:?}: {said}");
    }
}

#[test]
fn a_record_that_nobody_reads_is_given_up_at_a_signal() {
    let home = Home::new();
    let pipe = home.pipe("pipe");
    for option in ["--ladder", "--capture"] {
        let mut waiting = listen(&home, &[option, &pipe]);
        waiting.interrupt();
        waiting.until("waiting for");
        let said = waiting.ends_by_a_signal(option);
        assert!(said.contains("interrupted"), "{said}");
        // Somebody reads it now, but too slowly: nothing of it.
        let reader = File::options().read(true).write(true).open(&pipe).unwrap();
        let full = vec![0; 1 << 16];
        (&reader).write_all(&full).unwrap();
        let mut waiting = listen(&home, &[option, &pipe]);
        waiting.interrupt();
        waiting.until("waiting for");
        waiting.ends_by_a_signal(option);
    }
}

#[test]
fn a_signal_ends_a_command_whose_output_nobody_reads() {
    let home = Home::new();
    for blocked in ["standard output", "standard error"] {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let flags = rustix::fs::fcntl_getfl(&writer).unwrap();
        rustix::fs::fcntl_setfl(&writer, flags | rustix::fs::OFlags::NONBLOCK).unwrap();
        while writer.write(&[0; 4_096]).is_ok() {}
        rustix::fs::fcntl_setfl(&writer, flags).unwrap();
        let mut command = home.command(&["-vv", "call", "sip:bob@127.0.0.1:9"]);
        match blocked {
            "standard output" => command.stdout(writer),
            _ => command.stderr(writer).stdout(Stdio::null()),
        };
        let mut child = command.spawn().unwrap();
        // It stands still at its first line, and so cannot tell.
        std::thread::sleep(Duration::from_millis(500));
        let began = Instant::now();
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        while child.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(6) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let ended = child.try_wait().unwrap();
        let _ = child.kill();
        let _ = child.wait();
        assert_eq!(ended.and_then(|status| status.code()), Some(1), "{blocked}");
        drop(reader);
    }
}

#[test]
fn what_is_said_may_come_through_a_pipe() {
    let home = Home::new();
    let pipe = home.pipe("pipe");
    // 8 kHz, mono, 16 bits, and as of a program that cannot go back, no lengths.
    let mut wav = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    wav.extend(b"\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\xff\xff\xff\xff");
    wav.extend([0x10; 16_000]);
    let writing = {
        let pipe = pipe.clone();
        std::thread::spawn(move || fs::write(pipe, wav).unwrap())
    };
    let output = home.call(&["--audio", &pipe]);
    writing.join().unwrap();
    let stderr = text(&output.stderr);
    assert!(stderr.contains("the peer answered 486"), "{stderr}");
}

#[test]
fn pins_are_a_regular_file() {
    let home = Home::new();
    fs::write(home.at("config.toml"), "").unwrap();
    home.pipe("pins.toml");
    let config = home.at("config.toml");
    let output = home.call(&["--config", config.to_str().unwrap()]);
    let stderr = text(&output.stderr);
    assert!(stderr.contains("pins.toml: it must be a regular file"), "{stderr}");
}

#[cfg(feature = "pgp")]
#[test]
fn a_key_from_a_pipe_that_nobody_writes_is_given_up_at_a_signal() {
    let home = Home::new();
    let (pipe, agent) = (home.pipe("pipe"), home.at("agent"));
    fs::write(&agent, "#!/bin/sh\necho ready; exec cat >/dev/null\n").unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(home.at("config.toml"), format!("[agent]\ncommand = {agent:?}\n")).unwrap();
    let config = home.at("config.toml");
    let arguments = ["--config", config.to_str().unwrap(), "keys", "import", &pipe];
    let mut running = Running::start(home.command(&arguments));
    running.until("waiting for");
    running.ends_by_a_signal("keys import");
}

/// Case O05. A disk that is full is a limit on the size of files here: 64 blocks of 512 octets, two seconds
/// of audio.
#[test]
fn o05_a_full_disk_is_told_at_once_and_what_was_recorded_is_kept() {
    let home = Home::new();
    let heard = home.at("heard.wav");
    let bind = free_loopback_pair().unwrap()[0].to_string();
    let mut listening = {
        let arguments = ["listen", "--auto-answer", "--audio", "tone", "--bind", &bind];
        let mut listening = Running::start(home.command(&arguments));
        let mut line = String::new();
        let out = listening.child.stdout.as_mut().unwrap();
        BufReader::new(out).read_line(&mut line).unwrap();
        listening
    };
    let uri = format!("sip:bob@{};transport=udp", bind.trim_start_matches("udp:"));
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""])
        .args([env!("CARGO_BIN_EXE_countersign"), "--json", "call", &uri, "--seconds", "4"])
        .args(["--record-as", "heard", "--record", heard.to_str().unwrap()])
        .env("XDG_CONFIG_HOME", home.at("none"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = command.output().unwrap();
    let lines = text(&output.stdout);
    let events: Vec<Value> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let told = ["calling", "recording", "established", "not_recorded", "over"];
    assert_eq!(names[..5], told, "{lines}");
    let reason = events[3]["reason"].as_str().unwrap();
    assert!(reason.contains("what was heard before is kept"), "{reason}");
    // The call went on: four seconds of packets came.
    assert!(events[4]["packets_received"].as_u64().unwrap() > 150, "{lines}");
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("heard.wav\": cut short: file too large"), "{output:?}");
    let recorded = media_ctl::audio::read_wav(&heard).unwrap();
    // At half the rate, as it is read.
    assert_eq!(recorded.len(), (64 * 512 - 44) / 2 / 2, "all that was written");
    assert!(recorded.iter().any(|sample| *sample > 1_000));
    assert!(!home.at("heard.wav.part").exists());
    listening.interrupt();
    listening.child.wait().unwrap();
}
