//! Who helps media through translators: a server that says where it sees us, and one that takes media
//! for us.

use super::unrelayed::unrelayed;
use crate::config::{By, Config, Relay, Server, read_secret};
use crate::error::{Error, Result};
use media_ctl::driver::{MediaSession, Ports};
use media_ctl::{IceServers, TurnServer, TurnTransport};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long helpers, and their names, are waited for in all.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long their names are waited for: as long is left to ask whoever was found.
const NAMES: Duration = Duration::from_millis(1_500);

/// Who helps media through translators.
#[derive(Debug, Default)]
pub struct Helpers {
    stun: Option<Server>,
    turn: Option<(Relay, String, sst::Password)>,
}

impl Helpers {
    /// The helpers of a configuration; passwords are read from their files.
    ///
    /// # Errors
    /// The file of a password cannot be read or is open to others (case O02), or is no text.
    pub(super) fn of(config: &Config) -> Result<Self> {
        let turn = config.media.turn.as_ref().map(|turn| {
            let file = config.at(&turn.password_file);
            let password = read_secret(&file)?;
            if std::str::from_utf8(password.expose()).is_err() {
                return Err(Error::invalid(format!(
                    "{}: the password is no UTF-8",
                    file.display()
                )));
            }
            Ok((turn.server.clone(), turn.user.clone(), password))
        });
        Ok(Self { stun: config.media.stun.clone(), turn: turn.transpose()? })
    }

    /// Whether there are any.
    pub(super) const fn is_empty(&self) -> bool {
        self.stun.is_none() && self.turn.is_none()
    }

    /// Has them asked for a session, once their names are resolved, and waits until they have answered:
    /// for 3 s in all. One whose name is not resolved within half of that is not asked.
    pub(super) async fn help(&self, ports: &Ports, media: &MediaSession) {
        let began = ports.runtime.now();
        let helped = async {
            media.ask(&self.found(ports, media.local_rtp().is_ipv4(), began + NAMES).await);
            media.gathered().await;
        };
        tokio::select! {
            biased;
            () = helped => {}
            () = ports.runtime.sleep_until(began + PATIENCE) => {}
        }
        if let Some(loss) = media.relay_loss() {
            unrelayed(media, loss);
        }
    }

    /// Those whose names are resolved by then.
    async fn found(&self, ports: &Ports, v4: bool, until: Instant) -> IceServers {
        let turn = self.turn.as_ref();
        let (stun, at) = tokio::join!(
            found(ports, self.stun.as_ref(), v4, until),
            found(ports, turn.map(|(relay, ..)| &relay.server), v4, until),
        );
        let turn = turn.zip(at).map(|((relay, user, password), at)| TurnServer {
            at,
            by: match relay.by {
                By::Udp => TurnTransport::Udp,
                By::Tcp => TurnTransport::Tcp,
                By::Tls => TurnTransport::Tls(relay.server.host.clone()),
            },
            username: user.clone(),
            password: String::from_utf8_lossy(password.expose()).into_owned(),
        });
        IceServers { stun, turn }
    }
}

/// Where a server is, by an address of this family, where that is found out by then.
async fn found(
    ports: &Ports, server: Option<&Server>, v4: bool, until: Instant,
) -> Option<SocketAddr> {
    let Server { host, port } = server?;
    let found = tokio::select! {
        biased;
        found = ports.network.resolve(host) => found,
        () = ports.runtime.sleep_until(until) => {
            let why = format!("cannot resolve {host} within {NAMES:?}");
            Err(std::io::Error::new(std::io::ErrorKind::TimedOut, why))
        }
    };
    let found = found.map(|all| all.into_iter().find(|ip| ip.is_ipv4() == v4));
    match found {
        Ok(Some(ip)) => Some(SocketAddr::new(ip, *port)),
        Ok(None) => {
            let family = if v4 { "IPv4" } else { "IPv6" };
            tracing::warn!(
                "{host} has no {family} address, and is not asked where media may reach us"
            );
            None
        }
        Err(error) => {
            tracing::warn!(%error, "{host} is not asked where media may reach us");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media_ctl::audio::Silence;
    use media_ctl::{MediaConfig, Seed};
    use net::sim::{SimConfig, Simulation};
    use std::sync::Arc;

    /// How long a session at a simulated host waits for these, and what is sent meanwhile.
    fn waits(silent: &[&str], stun: Option<&str>, turn: &str) -> (Duration, u64) {
        let sim = Simulation::new(SimConfig::default());
        sim.set_name("stun.example.org", &[[203, 0, 113, 1].into()]);
        silent.iter().for_each(|name| sim.silence_name(name));
        let ip = [192, 0, 2, 1].into();
        let (runtime, network) = sim.host(ip);
        let security = Arc::new(ssm::Open);
        let ports = Ports { runtime, network, security, observer: None };
        let config = MediaConfig::new(ssm::Call(1), ip, Seed::new([1; 32]));
        let config = MediaConfig { ice: Some(IceServers::default()), ..config };
        let media =
            MediaSession::open(&ports, config, Box::new(Silence), Box::new(Silence)).unwrap();
        let turn = (turn.parse().unwrap(), "alice".to_owned(), sst::Password::new(b"x".to_vec()));
        let helpers = Helpers { stun: stun.map(|it| it.parse().unwrap()), turn: Some(turn) };
        sim.block_on(helpers.help(&ports, &media)).unwrap();
        let (elapsed, sent) = (sim.elapsed(), sim.statistics().sent);
        media.stop().unwrap();
        (elapsed, sent)
    }

    /// Nobody waits for longer than so long for servers and their names together, and a name that is not
    /// found out holds up no other server.
    #[test]
    fn servers_and_their_names_are_waited_for_so_long_and_no_longer() {
        let both = ["stun.example.org", "turn.example.org"];
        for (silent, stun, turn, seconds, asks) in [
            (&both[..0], Some("stun.example.org"), "203.0.113.2", 3.0, true),
            (&both[..1], Some("stun.example.org"), "203.0.113.2", 3.0, true),
            (&both[1..], Some("stun.example.org"), "turn.example.org", 3.0, true),
            (&both[..], Some("stun.example.org"), "turn.example.org", 1.5, false),
            (&both[..], None, "turn.example.org", 1.5, false),
        ] {
            let (elapsed, sent) = waits(silent, stun, turn);
            let waited = elapsed.as_secs_f64();
            assert!((seconds - 0.1..=seconds + 0.1).contains(&waited), "{silent:?} {waited}");
            assert_eq!(sent > 0, asks, "{silent:?}");
        }
    }
}
