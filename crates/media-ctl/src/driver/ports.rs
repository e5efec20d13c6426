//! What a session is given to work with.

use crate::Sink;
use net::{Network, Runtime};
use ssm::MediaSecurity;
use std::fmt;
use std::sync::Arc;

/// What a session is given to work with.
#[derive(Clone)]
pub struct Ports {
    /// Clock and scheduler.
    pub runtime: Arc<dyn Runtime>,
    /// Sockets.
    pub network: Arc<dyn Network>,
    /// The security manager.
    pub security: Arc<dyn MediaSecurity>,
    /// Who watches the signals between application and media controller.
    pub observer: Option<Arc<dyn Sink>>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ports").finish_non_exhaustive()
    }
}
