//! The security manager as `sec-socket` serves it; the program around it is `countersign-sec`.
//!
//! ```text
//!   standard input   the connection to the terminal: SSA, SST, SSM; its end is the program's
//!   standard output  the connection to the security application: SMA
//!   standard error   warnings, one line each
//! ```
//!
//! Both connections are there when the program starts, and it keeps no other: no file, no network, no
//! other program. What it is *not*: any decision; those are `sec-manager`'s.

use sec_manager::srtp::SrtpKeys;
use sec_manager::{Handed, SecurityManager};
use sec_socket::{GuardKeys, LineKeys, Manager, MediaKeys};
use ssm::{Call, Line, Refused};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A security manager behind all its interfaces, with the keys of its guards in place of these.
pub fn interfaces(manager: Arc<SecurityManager>) -> Manager {
    Manager {
        sip: manager.clone(),
        telephony: manager.clone(),
        media: manager.clone(),
        keys: Arc::new(Keys(manager)),
    }
}

struct Keys(Arc<SecurityManager>);

impl MediaKeys for Keys {
    fn keys(&self, call: Call, line: Line) -> Result<GuardKeys, Refused> {
        Ok(match self.0.keys(call, line)? {
            Handed::Plain => GuardKeys::Plain,
            Handed::Srtp(keys) => GuardKeys::Srtp(crossing(&keys)),
            Handed::Sealer(keys) => GuardKeys::Sealer(crossing(&keys)),
            Handed::Opener(keys) => GuardKeys::Opener(crossing(&keys)),
            Handed::Handshake(machine) => {
                GuardKeys::Handshake(ssm::ending(machine, |keys| Ok(crossing(&keys))))
            }
            Handed::Kept => GuardKeys::Kept,
        })
    }
}

fn crossing(keys: &SrtpKeys) -> LineKeys {
    LineKeys {
        suite: keys.suite().name().to_owned(),
        ours: Zeroizing::new(keys.ours().to_vec()),
        theirs: Zeroizing::new(keys.theirs().to_vec()),
    }
}
