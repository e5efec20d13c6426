//! The tap as the sink of every interface's observer, and of the security manager's machine.

use super::entry::Lifeline::{
    self, MediaController, SecurityManager, SipManager, TelephonyApplication,
};
use super::entry::{Packet, Protocol};
use super::recorder::Tap;
use super::words::in_words;
use bytes::Bytes;
use std::net::SocketAddr;

impl Tap {
    /// Records a signal between `owner`, which sends it if `from_owner`, and `other`.
    fn between(
        &self, call: Option<u64>, (owner, other): (Lifeline, Lifeline), from_owner: bool,
        label: &str, detail: &str,
    ) {
        let ends = if from_owner { [owner, other] } else { [other, owner] };
        self.signal_of(call, ends, label, detail);
    }
}

impl ssa::Sink for Tap {
    fn signal(&self, signal: ssa::Signal) {
        let ends = (SecurityManager, SipManager);
        let call = Some(signal.call.0);
        self.between(call, ends, signal.from_manager, signal.name, &in_words(&signal.detail));
    }
}

impl ssm::Sink for Tap {
    fn signal(&self, signal: ssm::Signal) {
        let ends = (SecurityManager, MediaController);
        self.between(Some(signal.call.0), ends, signal.from_manager, signal.name, &signal.detail);
    }
}

impl sip_core::driver::Sink for Tap {
    fn signal(&self, signal: sip_core::driver::Signal) {
        let ends = (SipManager, TelephonyApplication);
        self.between(None, ends, signal.from_manager, signal.name, &signal.detail);
    }
}

impl media_ctl::Sink for Tap {
    fn signal(&self, signal: media_ctl::Signal) {
        let ends = (MediaController, TelephonyApplication);
        self.between(None, ends, signal.from_media, signal.name, &signal.detail);
    }
}

impl net::Sink for Tap {
    fn packet(&self, packet: &net::Packet<'_>) {
        self.packet(Packet {
            protocol: protocol(packet.transport),
            local: packet.local,
            remote: packet.remote,
            sent: packet.outgoing,
            octets: Bytes::copy_from_slice(packet.octets),
        });
    }

    fn closed(&self, transport: net::Transport, local: SocketAddr, remote: SocketAddr) {
        self.packet(Packet {
            protocol: protocol(transport),
            local,
            remote,
            sent: true,
            octets: Bytes::new(),
        });
    }
}

const fn protocol(transport: net::Transport) -> Protocol {
    if transport.is_reliable() { Protocol::Tcp } else { Protocol::Udp }
}

#[cfg(feature = "digest")]
impl sst::Sink for Tap {
    fn signal(&self, signal: sst::Signal) {
        let (ends, call) =
            ((SecurityManager, TelephonyApplication), signal.call.map(|call| call.0));
        self.between(call, ends, signal.from_manager, signal.name, &signal.detail);
    }
}

#[cfg(feature = "digest")]
impl sec_manager::fsm::StateSink for Tap {
    fn state(
        &self, call: u64, role: sec_manager::fsm::Role, _from: sec_manager::fsm::State,
        to: sec_manager::fsm::State, why: &'static str,
    ) {
        use sec_manager::fsm::{Role, State};
        let state = match to {
            State::Idle => "idle",
            State::WaitForAuthorization => "wait for authorization",
        };
        let role = match role {
            Role::Sender => "sender",
            Role::Receiver => "receiver",
        };
        self.state(Some(call), state, &format!("{role}: {why}"));
    }
}

#[cfg(feature = "pgp")]
impl sma::Sink for Tap {
    fn signal(&self, signal: sma::Signal) {
        let ends = (Lifeline::SecurityApplication, SecurityManager);
        self.between(None, ends, signal.from_application, signal.name, &signal.detail);
    }
}
