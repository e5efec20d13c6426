//! The tap as the sink of every interface's `Observed`, and of the security manager's machine.

use super::entry::Lifeline::{
    self, MediaController, SecurityManager, SipManager, TelephonyApplication,
};
use super::recorder::Tap;

impl Tap {
    /// Records a signal between the security manager and `other`.
    fn security(&self, other: Lifeline, from_manager: bool, label: &str, detail: &str) {
        if from_manager {
            self.signal(SecurityManager, other, label, detail);
        } else {
            self.signal(other, SecurityManager, label, detail);
        }
    }

    /// Records what the application asks of the SIP manager.
    pub fn to_sip(&self, label: &str, detail: &str) {
        self.signal(TelephonyApplication, SipManager, label, detail);
    }

    /// Records what the SIP manager tells the application.
    pub fn from_sip(&self, label: &str, detail: &str) {
        self.signal(SipManager, TelephonyApplication, label, detail);
    }

    /// Records what the application asks of the media controller.
    pub fn to_media(&self, label: &str, detail: &str) {
        self.signal(TelephonyApplication, MediaController, label, detail);
    }

    /// Records what the media controller tells the application.
    pub fn from_media(&self, label: &str, detail: &str) {
        self.signal(MediaController, TelephonyApplication, label, detail);
    }
}

impl ssa::Sink for Tap {
    fn signal(&self, signal: ssa::Signal) {
        self.security(SipManager, signal.from_manager, signal.name, &signal.detail);
    }
}

impl ssm::Sink for Tap {
    fn signal(&self, signal: ssm::Signal) {
        self.security(
            MediaController,
            signal.from_manager,
            signal.name,
            &signal.detail,
        );
    }
}

#[cfg(feature = "digest")]
impl sst::Sink for Tap {
    fn signal(&self, signal: sst::Signal) {
        self.security(
            TelephonyApplication,
            signal.from_manager,
            signal.name,
            &signal.detail,
        );
    }
}

#[cfg(feature = "pgp")]
impl sma::Sink for Tap {
    fn signal(&self, signal: sma::Signal) {
        self.security(
            Lifeline::SecurityApplication,
            !signal.from_application,
            signal.name,
            &signal.detail,
        );
    }
}
