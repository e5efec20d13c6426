//! Sets an endpoint up and starts it.

use super::config::{Bind, Config, NotABind};
use super::endpoint::{Endpoint, Events};
use net::System;
use ssa::SipSecurity;
use std::fmt;
use std::io;
use std::sync::Arc;

/// An endpoint that is not started yet.
pub struct Builder {
    system: System,
    security: Arc<dyn SipSecurity>,
    config: Config,
    /// The first address that was none.
    wrong: Option<(String, NotABind)>,
}

impl Endpoint {
    /// Sets up an endpoint in this world (`net::tokio::system()` is the real one), which asks
    /// `security` about every message: a security manager, or [`ssa::Open`], which lets all pass in
    /// the clear. There is no default: what nobody is asked about is not secure.
    pub fn builder(system: System, security: Arc<dyn SipSecurity>) -> Builder {
        Builder { system, security, config: Config::default(), wrong: None }
    }
}

impl Builder {
    /// Listens here, too: a transport and an address, such as `udp:127.0.0.1:5060`; port 0 takes any
    /// free one. What is none is an error of [`start`](Self::start).
    #[must_use]
    pub fn bind(mut self, address: &str) -> Self {
        match address.parse::<Bind>() {
            Ok(bind) => self.config.binds.push(bind),
            Err(why) => _ = self.wrong.get_or_insert_with(|| (address.to_owned(), why)),
        }
        self
    }

    /// Takes all that there is to set from here; where to listen is added to what
    /// [`bind`](Self::bind) was told before.
    #[must_use]
    pub fn config(mut self, mut config: Config) -> Self {
        self.config.binds.append(&mut config.binds);
        config.binds = self.config.binds;
        self.config = config;
        self
    }

    /// Binds the sockets and starts the endpoint.
    ///
    /// # Errors
    /// As [`Endpoint::start`]; [`io::ErrorKind::InvalidInput`] for an address that is none, and where
    /// there is none at all.
    pub fn start(self) -> io::Result<(Endpoint, Events)> {
        let wrong = match self.wrong {
            Some((address, why)) => Some(format!("`{address}` is {why}")),
            None if self.config.binds.is_empty() => {
                Some("there is no address to listen on, such as udp:127.0.0.1:5060".to_owned())
            }
            None => None,
        };
        match wrong {
            Some(why) => Err(io::Error::new(io::ErrorKind::InvalidInput, why)),
            None => Endpoint::start(self.system, self.security, self.config),
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Builder").field(&self.config).finish()
    }
}
