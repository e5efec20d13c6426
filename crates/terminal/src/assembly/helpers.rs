//! Who helps media through translators: a server that says where it sees us, and one that takes media
//! for us.

use crate::config::{Config, Server, read_secret};
use crate::error::{Error, Result};
use media_ctl::driver::MediaSession;
use media_ctl::{IceServers, TurnServer};
use net::Network;
use std::net::SocketAddr;

/// Who helps media through translators.
#[derive(Debug, Default)]
pub struct Helpers {
    stun: Option<Server>,
    turn: Option<(Server, String, sst::Password)>,
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

    /// Has them asked for a session, once their names are resolved, and waits until they have answered.
    /// One whose name cannot be resolved is not asked.
    pub(super) async fn help(&self, network: &dyn Network, media: &MediaSession) {
        let v4 = media.local_rtp().is_ipv4();
        let stun = match &self.stun {
            Some(server) => found(network, server, v4).await,
            None => None,
        };
        let turn = match &self.turn {
            Some((server, user, password)) => {
                found(network, server, v4).await.map(|at| TurnServer {
                    at,
                    username: user.clone(),
                    password: String::from_utf8_lossy(password.expose()).into_owned(),
                })
            }
            None => None,
        };
        media.ask(&IceServers { stun, turn });
        media.gathered().await;
    }
}

/// Where a server is, by an address of this family.
async fn found(network: &dyn Network, server: &Server, v4: bool) -> Option<SocketAddr> {
    let Server { host, port } = server;
    let found = network.resolve(host).await;
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
