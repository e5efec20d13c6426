//! The built program and devices that need no hardware: ALSA opens what a file of the test describes,
//! pipes whose other ends are the test's, which is so the clock of the devices, too.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "how long a real process takes")]

mod running;

use media_ctl::audio::read_wav;
#[cfg(feature = "echo")]
use media_ctl::audio::{AudioSource as _, Speech};
use running::{Running, countersign};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::pipe::fcntl_setpipe_size;
use serde_json::Value;
#[cfg(feature = "echo")]
use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use terminal::assembly::free_loopback_pair;

/// What the devices have: ALSA is asked for this first.
const RATE: usize = 48_000;

/// Samples in 20 ms.
const FRAME: usize = RATE / 50;

/// The program, for which there are the devices of this file and no others.
fn with(alsa: &Path, home: &Path, arguments: &[&str]) -> Command {
    let mut command = countersign(home, arguments);
    command.env("ALSA_CONFIG_PATH", alsa);
    command
}

/// What the program comes to.
fn output(alsa: &str, arguments: &[&str]) -> (Output, String) {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("asound.conf");
    fs::write(&path, alsa).unwrap();
    let output = with(&path, home.path(), arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, told)
}

fn objects(output: &Output) -> Vec<Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const NULL: &str = "pcm.!default { type null }\n";

#[test]
fn devices_are_listed_with_what_they_can_do() {
    let (output, told) = output(NULL, &["devices", "--json"]);
    assert!(output.status.success() && told.is_empty(), "{told}");
    let devices = objects(&output);
    for way in ["microphone", "loudspeaker"] {
        let is_it = |device: &&Value| device["way"] == way && device["default"] == true;
        let all: Vec<_> = devices.iter().filter(is_it).collect();
        let [device] = all[..] else { panic!("{devices:#?}") };
        assert_eq!((&device["event"], &device["name"]), (&"device".into(), &"default".into()));
        assert_eq!((&device["usable"], &device["rate"]), (&true.into(), &RATE.into()));
        assert_eq!(device["channels"], 1);
    }
}

/// ALSA has a default device on every machine, which says nothing of whether it can be opened.
#[test]
fn without_a_device_that_can_be_opened_that_is_told_before_anybody_is_called() {
    let none = "pcm.other { type null }\n";
    let (listed, told) = output(none, &["devices"]);
    assert!(listed.status.success() && told.is_empty(), "{told}");
    let lines = String::from_utf8_lossy(&listed.stdout).into_owned();
    let default = "microphone: default (Default Audio Device, taken where none is named): \
                   cannot be used: it is not there";
    assert!(lines.lines().any(|line| line == default), "{lines}");
    for command in [["call", "sip:bob@127.0.0.1:9"].as_slice(), &["listen", "--auto-answer"]] {
        let bind = ["--bind", "udp:127.0.0.1:0", "--audio", "device"];
        let (failed, told) = output(none, &[command, &bind].concat());
        assert_eq!(failed.status.code(), Some(1), "{told}");
        assert!(failed.stdout.is_empty(), "{command:?}: nobody was called");
        let expected = "countersign: the default microphone cannot be used: it is not there; \
                        `countersign devices` lists what there is, `microphone` under [audio] in the \
                        configuration chooses\n";
        assert_eq!(told, expected);
    }
}

#[test]
fn a_configuration_of_alsa_that_cannot_be_read_is_told() {
    for command in [["devices"].as_slice(), &["call", "sip:bob@127.0.0.1:9", "--audio", "device"]] {
        let (failed, told) = output("pcm.!default {{{\n", command);
        assert_eq!(failed.status.code(), Some(1), "{told}");
        assert!(told.contains("ALSA is not available") && told.lines().count() == 1, "{told}");
    }
}

#[test]
fn a_device_of_another_name_is_not_taken() {
    let home = tempfile::tempdir().unwrap();
    let (alsa, config) = (home.path().join("asound.conf"), home.path().join("config.toml"));
    fs::write(&alsa, NULL).unwrap();
    fs::write(&config, "[audio]\nsay = \"device\"\nloudspeaker = \"hw:9\"\n").unwrap();
    let config = config.to_str().unwrap();
    let call = ["--config", config, "call", "sip:bob@127.0.0.1:9"];
    let output = with(&alsa, home.path(), &call).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        told.starts_with(
            "countersign: the loudspeaker `hw:9` cannot be used: there is none of that name;"
        ),
        "{told}"
    );
}

/// A microphone and a loudspeaker that are pipes.
struct Headset {
    folder: TempDir,
    /// What the loudspeaker says, a frame at a time.
    said: Receiver<Vec<i16>>,
}

impl Headset {
    /// One whose microphone hears a sine of so many hertz.
    fn hearing(hertz: f64) -> Self {
        let mut at = 0..;
        let next = move |at: usize| 9_000.0 * (TAU * hertz * at as f64 / RATE as f64).sin();
        Self::new(move |_| at.by_ref().map(|at| next(at) as i16).take(FRAME).collect())
    }

    /// One whose microphone hears a frame that is made of what the loudspeaker has said since the last
    /// one. Both ends last as long as the test.
    fn new(mut hears: impl FnMut(&Receiver<Vec<i16>>) -> Vec<i16> + Send + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [microphone, loudspeaker] = ["microphone", "loudspeaker"].map(|name| {
            let path = folder.path().join(name);
            mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
            // Open for both, so that whoever opens it does not wait for the other end.
            let end = File::options().read(true).write(true).open(&path).unwrap();
            // Some 40 ms: what a device has in hand.
            fcntl_setpipe_size(&end, 4_096).unwrap();
            (end, path)
        });
        let pipe = |(_, path): &(File, PathBuf), file: &str| {
            let path = path.display();
            format!("{{ type file slave.pcm {{ type null }} format raw {file} \"{path}\" }}\n")
        };
        let alsa = format!(
            "pcm.!default {{ type asym capture.pcm headset_in playback.pcm headset_out }}\n\
             pcm.headset_in {}pcm.headset_out {}",
            pipe(&microphone, "file /dev/null infile"),
            pipe(&loudspeaker, "file"),
        );
        fs::write(folder.path().join("asound.conf"), alsa).unwrap();
        let (mut microphone, mut loudspeaker) = (microphone.0, loudspeaker.0);
        let (echoes, echo) = channel();
        std::thread::spawn(move || {
            every_20_ms(|| {
                let frame: Vec<u8> = hears(&echo).into_iter().flat_map(i16::to_le_bytes).collect();
                microphone.write_all(&frame).is_ok()
            });
        });
        let (tell, said) = channel();
        std::thread::spawn(move || {
            every_20_ms(|| {
                let mut frame = vec![0; 2 * FRAME];
                loudspeaker.read_exact(&mut frame).unwrap();
                let samples = frame.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]]));
                let samples: Vec<i16> = samples.collect();
                // The call may be over.
                drop(echoes.send(samples.clone()));
                tell.send(samples).is_ok()
            });
        });
        Self { folder, said }
    }

    fn alsa(&self) -> PathBuf {
        self.folder.path().join("asound.conf")
    }
}

/// Goes on until there is nobody any more.
fn every_20_ms(mut does: impl FnMut() -> bool) {
    let mut next = Instant::now();
    while does() {
        // What was held up is not caught up with: no clock does that.
        next = (next + Duration::from_millis(20)).max(Instant::now());
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

/// The share of what is heard that is a sine of so many hertz, 0 to 1.
fn share(samples: &[i16], rate: usize, hertz: f64) -> f64 {
    let (mut re, mut im, mut all) = (0.0, 0.0, 0.0);
    for (n, sample) in samples.iter().enumerate() {
        let (sin, cos) = (TAU * hertz * n as f64 / rate as f64).sin_cos();
        let sample = f64::from(*sample);
        (re, im, all) = (re + sample * cos, im + sample * sin, all + sample * sample);
    }
    2.0 * (re * re + im * im) / (samples.len() as f64 * all.max(1.0))
}

/// The best of pieces of 100 ms.
fn clearest(samples: &[i16], rate: usize, hertz: f64) -> f64 {
    samples.chunks_exact(rate / 10).map(|piece| share(piece, rate, hertz)).fold(0.0, f64::max)
}

#[test]
fn a_person_talks_by_a_microphone_and_a_loudspeaker() {
    let home = tempfile::tempdir().unwrap();
    let headset = Headset::hearing(700.0);
    let bind = free_loopback_pair().unwrap()[0].to_string();
    let recordings = home.path().join("recordings");
    let record = recordings.to_str().unwrap();
    // Bob says a tone of 440 Hz.
    let listen = ["--bind", &bind, "listen", "--auto-answer", "--record", record];
    let listen = [&listen[..], &["--record-as", "heard"]].concat();
    let bob = Running::of(countersign(home.path(), &listen).spawn().unwrap());
    bob.waits("listening", |line| line.starts_with("listening on").then_some(()));
    let uri = format!("sip:bob@{}", bind.trim_start_matches("udp:"));
    // A tone that stays would be taken for noise.
    let config = home.path().join("config.toml");
    fs::write(&config, "[audio]\ncancel-echo = false\nsuppress-noise = false\n").unwrap();
    let call = ["--config", config.to_str().unwrap(), "call", &uri, "--audio", "device", "--json"];
    let call = with(&headset.alsa(), home.path(), &call);
    let mut alice = Running::of({ call }.spawn().unwrap());
    let event = |alice: &Running, name: &str| {
        alice.waits(name, |line| {
            let object: Value = serde_json::from_str(line).ok()?;
            assert_ne!(object["event"], "device_lost", "{object}");
            (object["event"] == name).then_some(object)
        })
    };
    event(&alice, "established");
    std::thread::sleep(Duration::from_secs(3));
    alice.says(r#"{"command":"hang_up"}"#);
    let over = event(&alice, "over");
    assert_eq!(over["code"], "hung_up");
    let said = over["media"]["said_peak_dbfs"].as_f64();
    assert!(said.is_some_and(|db| (-13.0..-9.0).contains(&db)), "9 000 of 32 768: {over}");
    alice.ends_well();
    bob.waits("over", |line| line.starts_with("over: ").then_some(()));
    bob.interrupt();
    bob.ends_well();
    let heard = read_wav(&recordings.join("call-0001.wav")).unwrap();
    let (ours, other) = (clearest(&heard, 8_000, 700.0), clearest(&heard, 8_000, 440.0));
    assert!(ours > 0.95 && other < 0.1, "bob heard the microphone: {ours} {other}");
    let said: Vec<i16> = headset.said.try_iter().flatten().collect();
    let (theirs, other) = (clearest(&said, RATE, 440.0), clearest(&said, RATE, 700.0));
    assert!(theirs > 0.95 && other < 0.1, "the loudspeaker said the tone: {theirs} {other}");
}

/// How loud that is, in dB below nothing in particular.
#[cfg(feature = "echo")]
fn loudness(samples: &[i16]) -> f64 {
    let sum: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    10.0 * (sum / samples.len() as f64).max(1e-3).log10()
}

#[cfg(feature = "echo")]
#[test]
fn a_peer_whose_voice_a_loudspeaker_says_to_a_microphone_does_not_hear_itself() {
    let home = tempfile::tempdir().unwrap();
    let mut speech = Speech::new(5);
    let bobs = Headset::new(move |_| {
        // 8 kHz, each sample six times.
        let mut narrow = [0; FRAME / 6];
        speech.read(&mut narrow);
        narrow.into_iter().flat_map(|sample| [sample; 6]).collect()
    });
    // Half of what comes from the loudspeaker, 40 ms later; and a tone after five seconds.
    let (mut waits, mut frames) = (VecDeque::from(vec![vec![0; FRAME]; 2]), 0);
    let room = Headset::new(move |said| {
        let halves = said.try_iter().map(|frame| frame.iter().map(|sample| sample / 2).collect());
        waits.extend(halves.collect::<Vec<_>>());
        let late = waits.len().saturating_sub(4);
        waits.drain(..late);
        frames += 1;
        let tone = |n: usize| (TAU * 700.0 * n as f64 / RATE as f64).sin();
        let loud = if frames > 250 { 9_000.0 } else { 0.0 };
        let echo = waits.pop_front().unwrap_or_else(|| vec![0; FRAME]);
        echo.iter().zip(frames * FRAME..).map(|(echo, n)| echo + (loud * tone(n)) as i16).collect()
    });
    let bind = free_loopback_pair().unwrap()[0].to_string();
    let listen = ["--bind", &bind, "listen", "--auto-answer", "--audio", "device"];
    let bob = Running::of(with(&bobs.alsa(), home.path(), &listen).spawn().unwrap());
    bob.waits("listening", |line| line.starts_with("listening on").then_some(()));
    let uri = format!("sip:bob@{}", bind.trim_start_matches("udp:"));
    let config = home.path().join("config.toml");
    // A tone that stays would be taken for noise.
    fs::write(&config, "[audio]\nsuppress-noise = false\n").unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let call = [&config[..], &["call", &uri, "--audio", "device", "--seconds", "8"]].concat();
    let alice = Running::of(with(&room.alsa(), home.path(), &call).spawn().unwrap());
    alice.ends_well();
    bob.waits("over", |line| line.starts_with("over: ").then_some(()));
    let [heard, back] =
        [&room.said, &bobs.said].map(|said| said.try_iter().flatten().collect::<Vec<_>>());
    // What is heard there until somebody speaks here.
    let speaks = back.chunks_exact(RATE / 10).position(|piece| share(piece, RATE, 700.0) > 0.7);
    let end = speaks.expect("the tone is heard") * RATE / 10;
    let (heard, back) =
        (loudness(&heard[2 * RATE..]), loudness(&back[end - 5 * RATE / 2..end - RATE]));
    println!("{heard:.1} dB came from the loudspeaker, {back:.1} dB came back");
    assert!(back < heard - 6.0 - 10.0, "{heard:.1} dB, of which {back:.1} dB came back");
    bob.interrupt();
    bob.ends_well();
}

#[cfg(not(feature = "echo"))]
#[test]
fn an_echo_that_is_to_be_cancelled_by_a_build_that_cannot_is_told() {
    let home = tempfile::tempdir().unwrap();
    let (alsa, config) = (home.path().join("asound.conf"), home.path().join("config.toml"));
    fs::write(&alsa, NULL).unwrap();
    for key in ["cancel-echo", "suppress-noise"] {
        fs::write(&config, format!("[audio]\nsay = \"device\"\n{key} = true\n")).unwrap();
        let call = ["--config", config.to_str().unwrap(), "call", "sip:bob@127.0.0.1:9"];
        let output = with(&alsa, home.path(), &call).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        let expected = format!(
            "countersign: [audio] {key} = true: this build cannot; one that is built with \
             `--features echo` can\n"
        );
        assert_eq!((output.status.code(), told.as_ref()), (Some(1), expected.as_str()));
    }
}
