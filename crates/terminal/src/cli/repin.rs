//! Pins that are changed while a command runs: the security manager is told at once.

use crate::assembly::{Terminal, pins};
use crate::config::{Config, PinsWatch};
use crate::error::Result;
use net::Runtime;
use sst::TelephonySecurity;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the file is looked at.
const EVERY: Duration = Duration::from_millis(200);

/// Takes changes of the pins over.
pub(super) struct Repin {
    watch: PinsWatch,
    security: Arc<dyn TelephonySecurity>,
    runtime: Arc<dyn Runtime>,
    due: Instant,
}

impl Repin {
    pub(super) fn new(config: &Config, terminal: &Terminal, runtime: Arc<dyn Runtime>) -> Self {
        Self {
            watch: PinsWatch::new(config.pins_path(), config.pins.clone()),
            security: Arc::clone(terminal.security()),
            due: runtime.now(),
            runtime,
        }
    }

    /// Waits for the next change, hands it over, and says how many pins there are. Cancel-safe.
    ///
    /// # Errors
    /// The file was changed and cannot be read; the pins are as they were.
    pub(super) async fn next(&mut self) -> Result<usize> {
        loop {
            self.runtime.sleep_until(self.due).await;
            self.due = self.runtime.now() + EVERY;
            if let Some(changed) = self.watch.changed()? {
                self.security.pins(pins(changed));
                return Ok(changed.pins.len());
            }
        }
    }
}
