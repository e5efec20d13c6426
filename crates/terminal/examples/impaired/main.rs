//! Places a call and says a WAV file, over a network that loses and delays what is said; or answers
//! calls and says what it hears.
//!
//! `cargo run --package terminal --example impaired -- call PROFILE CODEC FILE URI HEARD`: calls URI,
//! offers CODEC alone, says FILE once, and hangs up a second after its end; what it hears is in HEARD,
//! at the rate of FILE. PROFILE decides what becomes of its RTP, the same each time: two callees lose
//! the same packets.
//!
//! `cargo run --package terminal --example impaired -- echo ADDRESS RATE`: answers at ADDRESS, over a
//! network that loses nothing, and says what it hears at so many samples a second.
//!
//! `cargo xtask quality` scores what arrives.
#![expect(clippy::print_stdout, reason = "a program that prints what it does")]

mod echo;
mod kept;
mod network;
mod profile;

use echo::Echo;
use kept::Kept;
use media_ctl::Codec;
use media_ctl::audio::{AudioSource, WavSink, WavSource, read_wav};
use net::tokio::{TokioNetwork, TokioRuntime};
use net::{Network, Runtime};
use network::Impaired;
use profile::PROFILES;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use terminal::assembly::{
    Event, Events, Invitation, Ports, Settings, Terminal, free_loopback_pair,
};
use terminal::config::{Address, Media};
use tokio::runtime::Handle;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const US: &str = "sip:impaired@localhost";

/// How long the call may take to be set up, or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Samples a second of what [`read_wav`] reads.
const RATE: u64 = 8_000;

const USAGE: &str =
    "usage: impaired call PROFILE CODEC FILE URI HEARD, or impaired echo ADDRESS RATE";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["call", way @ ..] => call(way.try_into().map_err(|_| USAGE)?).await,
        ["echo", address, rate] => echo(address.parse()?, rate.parse()?).await,
        _ => Err(USAGE.into()),
    }
}

/// Places the call.
async fn call([profile, codec, file, uri, heard]: [&str; 5]) -> Result<()> {
    let names = PROFILES.map(|profile| profile.name).join(", ");
    let profile = PROFILES.into_iter().find(|it| it.name == profile);
    let profile = profile.ok_or_else(|| format!("no such profile: there are {names}"))?;
    let codec = Codec::named(codec).ok_or_else(|| format!("{codec} is no codec"))?;
    let (file, heard) = (Path::new(file), Path::new(heard));
    let samples = u64::try_from(read_wav(file)?.len())?;
    let length = Duration::from_millis(samples * 1_000 / RATE) + Duration::from_secs(1);

    let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(Handle::current()));
    let network = Arc::new(TokioNetwork::new(Handle::current()));
    let network = Arc::new(Impaired::new(network, Arc::clone(&runtime), profile));
    let media = Media { codecs: vec![codec], ..Media::default() };
    let binds = free_loopback_pair()?.to_vec();
    let (terminal, mut events) = start(binds, media, network, &runtime)?;
    let source = WavSource::open(file)?;
    let sink = WavSink::new(heard, Box::new(Kept(File::create(heard)?)), source.rate())?;
    terminal.call(Invitation {
        to: uri.to_owned(),
        next_hop: None,
        require: sst::Requirement::NOTHING,
        late_offer: false,
        source: Box::new(source),
        sink: Box::new(sink),
    })?;
    let id = loop {
        match in_time(&mut events).await? {
            Event::Established { id, .. } => break id,
            Event::Over { outcome, .. } => return Err(outcome.to_string().into()),
            _ => {}
        }
    };
    runtime.sleep_until(runtime.now() + length).await;
    terminal.hang_up(id);
    loop {
        if let Event::Over { stats, .. } = in_time(&mut events).await? {
            println!("{}: {} packets", profile.name, stats.packets_sent);
            break;
        }
    }
    terminal.shutdown(PATIENCE).await;
    Ok(())
}

async fn in_time(events: &mut Events) -> Result<Event> {
    let event = tokio::time::timeout(PATIENCE, events.next()).await;
    event.map_err(|_| "nothing happened")?.ok_or_else(|| "the terminal stopped".into())
}

/// Answers calls until the program is ended.
async fn echo(address: Address, rate: u32) -> Result<()> {
    let runtime: Arc<dyn Runtime> = Arc::new(TokioRuntime::new(Handle::current()));
    let network = Arc::new(TokioNetwork::new(Handle::current()));
    let (terminal, mut events) = start(vec![address], Media::default(), network, &runtime)?;
    println!("listening");
    while let Some(event) = events.next().await {
        if let Event::Incoming { id, .. } = event {
            let echo = Echo::new(rate);
            terminal.accept(id, Box::new(echo.clone()), Box::new(echo))?;
        }
    }
    Ok(())
}

/// A terminal of nobody's, on loopback.
fn start(
    binds: Vec<Address>, media: Media, network: Arc<dyn Network>, runtime: &Arc<dyn Runtime>,
) -> Result<(Terminal, Events)> {
    let settings = Settings { media, ..Settings::of(US, binds) };
    let ports = Ports::of(Arc::clone(runtime), network);
    Ok(Terminal::start(&settings, ports)?)
}
