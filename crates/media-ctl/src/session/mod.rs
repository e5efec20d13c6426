//! The session: its lines, from negotiation to the last packet, sans-IO. One of them carries audio;
//! others are refused.
//!
//! ```text
//!   offer/answer/accept_answer ─▶ agreed ─ start(): guard ─▶ running ─ stop(): BYE ─▶ stopped
//!                                   ▲                           │
//!                                   └── again, at any time ─────┘  what ran goes on until start()
//! ```
//!
//! Whoever drives a running session hands over what came in ([`Session::on_packet`]), calls
//! [`Session::on_timeout`] at [`Session::poll_timeout`], and after either sends what
//! [`Session::poll_transmit`] gives. Where a relay is reached by a connection
//! ([`Session::connection`]), it makes that, too, and hands over what comes by it
//! ([`Session::on_stream`]). Time is an argument throughout.

mod ice;
#[cfg(test)]
mod tests;

use crate::audio::{AudioSink, AudioSource};
use crate::format::Dtmf;
use crate::line::{Event, Line};
use crate::sdp::{Agreement, Local, LocalIce, Negotiator};
use crate::transport::{Arrival, Came, Channel, Rekey, Servers, Transmit};
use crate::{Error, MediaConfig, Misuse, Stats};
use ssm::{MediaSecurity, Refused};
use std::net::SocketAddr;
use std::time::Instant;

/// A call's media.
#[derive(Debug)]
pub struct Session {
    config: MediaConfig,
    negotiator: Negotiator,
    hold: bool,
    /// It was started before the call was answered: the peer hears silence.
    early: bool,
    mute: bool,
    /// Agreed on, and not started yet.
    agreed: Option<Agreement>,
    /// Those that have been started: one, or none.
    lines: Vec<Line>,
    /// Who helps through translators, where ICE is done.
    servers: Option<Box<dyn Servers>>,
    /// What our relay is being sent.
    wrapped: Vec<u8>,
    stopped: bool,
}

impl Session {
    /// A session that nothing has been agreed for, at these ports of the local address.
    pub fn new(config: MediaConfig, rtp_port: u16, rtcp_port: u16) -> Self {
        let servers = config.servers(rtp_port, rtcp_port);
        let ice = servers.as_ref().map(|it| LocalIce::new(it.credentials(), it.credentials()));
        let local = Local {
            call: config.call,
            ip: config.told(),
            rtp_port,
            rtcp_port,
            codecs: config.codecs.clone(),
            peer_on_loopback: config.peer_on_loopback,
            session_id: config.seed.session_id(),
            ice,
        };
        Self {
            config,
            negotiator: Negotiator::new(local),
            hold: false,
            early: false,
            mute: false,
            agreed: None,
            lines: Vec::new(),
            servers,
            wrapped: Vec::new(),
            stopped: false,
        }
    }

    /// The call.
    pub fn call(&self) -> ssm::Call {
        self.config.call
    }

    /// Makes an offer.
    ///
    /// # Errors
    /// [`Error::Misuse`] while another offer waits; [`Error::Security`] where media is forbidden.
    pub fn offer(&mut self, security: &dyn MediaSecurity) -> Result<Vec<u8>, Error> {
        self.check_open()?;
        self.tell_of_ice(true);
        self.negotiator.offer(security)
    }

    /// Answers an offer.
    ///
    /// # Errors
    /// [`Error::status`] is what the offer is owed; what was agreed before stays.
    pub fn answer(&mut self, security: &dyn MediaSecurity, offer: &[u8]) -> Result<Vec<u8>, Error> {
        self.check_open()?;
        self.tell_of_ice(false);
        let (body, agreement) = self.negotiator.answer(security, offer)?;
        self.agreed = Some(agreement);
        Ok(body)
    }

    /// Takes the answer to our offer.
    ///
    /// # Errors
    /// The answer cannot be accepted: the call is to be ended. What was agreed before stays.
    pub fn accept_answer(
        &mut self, security: &dyn MediaSecurity, answer: &[u8],
    ) -> Result<(), Error> {
        self.check_open()?;
        self.agreed = Some(self.negotiator.accept_answer(security, answer)?);
        Ok(())
    }

    /// Takes an answer that came before the call is answered, for
    /// [`start_early`](Self::start_early). Another answer may follow, and the one that counts is
    /// [`accept_answer`](Self::accept_answer)'s. RFC 3960 §3.
    ///
    /// # Errors
    /// It cannot be accepted: what was agreed before stays, and the offer is still open.
    pub fn accept_early_answer(
        &mut self, security: &dyn MediaSecurity, answer: &[u8],
    ) -> Result<(), Error> {
        self.check_open()?;
        self.agreed = Some(self.negotiator.accept_early_answer(security, answer)?);
        Ok(())
    }

    /// Forgets our offer, which was refused.
    pub fn withdraw_offer(&mut self) {
        self.negotiator.withdraw();
    }

    /// Whether the peer's signalling is on loopback, in place of
    /// [`MediaConfig::peer_on_loopback`].
    pub fn set_peer_on_loopback(&mut self, on_loopback: bool) {
        self.negotiator.set_peer_on_loopback(on_loopback);
    }

    /// The peer is there, as its signalling shows: media that does not come is silence for now.
    pub fn on_signalling(&mut self, now: Instant) {
        self.running().iter_mut().for_each(|line| line.on_signalling(now));
    }

    /// Whether the peer is to be held from our next offer or answer on.
    pub fn set_hold(&mut self, hold: bool) {
        self.hold = hold;
        self.negotiator.set_hold(hold);
    }

    /// Whether silence is sent from now on in place of the source, which waits meanwhile.
    pub fn set_mute(&mut self, mute: bool) {
        self.mute = mute;
        self.lines.iter_mut().for_each(|line| line.set_mute(mute));
    }

    /// Presses a key of a telephone: a named event that takes 240 ms (RFC 4733), until
    /// [`Event::KeySent`] or [`Event::KeyNotSent`]. `false` where it cannot be sent: media does not flow
    /// to the peer, or it takes no such events, or another key is under way.
    pub fn press(&mut self, key: Dtmf) -> bool {
        let answered = !self.early;
        answered && self.running().first_mut().is_some_and(|line| line.press(key))
    }

    /// Starts media as agreed, or goes over to what was agreed anew; asks for the guard. What was
    /// started early, and is as agreed, goes on under its guard, and the peer hears us; where that is
    /// a handshake that failed, or that the peer has not taken up, or no way was found, it is begun again.
    ///
    /// # Errors
    /// [`Misuse::NothingAgreed`] without a new agreement; [`Error::Security`] where the manager
    /// gives no guard: what ran before goes on, and this may be tried again.
    pub fn start(&mut self, security: &dyn MediaSecurity, now: Instant) -> Result<(), Error> {
        self.check_open()?;
        if self.early {
            // Its time began with the ringing.
            self.lines.iter_mut().for_each(Line::give_up_unanswered);
            self.servers.iter_mut().for_each(|servers| servers.begin_anew(now));
        }
        let has_failed = |line: &&Line| line.has_failed() || line.is_unreachable();
        let failed = self.lines.iter().find(|line| self.early && has_failed(line));
        if let Some(line) = failed.filter(|_| self.agreed.is_none()) {
            self.agreed = Some(line.agreement().clone());
        }
        if self.early && self.agreed.is_none() {
            self.lines.iter_mut().for_each(|line| line.is_answered(self.hold, now));
        } else {
            self.run(security, self.hold, now)?;
        }
        self.early = false;
        Ok(())
    }

    /// Starts media as agreed before the call is answered: the peer is heard, and hears silence until
    /// [`start`](Self::start). RFC 3960 §3.
    ///
    /// # Errors
    /// As those of [`start`](Self::start), which may be tried all the same.
    pub fn start_early(&mut self, security: &dyn MediaSecurity, now: Instant) -> Result<(), Error> {
        self.check_open()?;
        self.run(security, true, now)?;
        self.early = true;
        Ok(())
    }

    fn run(
        &mut self, security: &dyn MediaSecurity, silenced: bool, now: Instant,
    ) -> Result<(), Error> {
        let agreed = self.agreed.as_ref().ok_or(Misuse::NothingAgreed)?;
        if self.lines.iter().any(|line| line.is_moved_by(agreed)) {
            security.moved(self.config.call, agreed.line);
        }
        let change = Rekey::new(security.guard(self.config.call, agreed.line)?, now);
        let Some(agreement) = self.agreed.take() else {
            return Err(Misuse::NothingAgreed.into());
        };
        let agent = self.agent(&agreement, now);
        let line = match (self.lines.pop(), change) {
            (Some(line), change) => line.go_over(agreement, (change, agent), silenced, now),
            (None, Rekey::To(protection)) => {
                let by = (protection, agent);
                let mut line = Line::new(&self.config, agreement, by, silenced, now);
                line.set_mute(self.mute);
                line
            }
            // There is nothing that could go on.
            (None, _) => return Err(Refused::Unknown.into()),
        };
        self.lines.push(line);
        Ok(())
    }

    /// Whether media has been started and not stopped.
    pub fn is_running(&self) -> bool {
        !self.lines.is_empty() && !self.stopped
    }

    /// What was agreed on last and started.
    pub fn agreement(&self) -> Option<&Agreement> {
        self.lines.first().map(Line::agreement)
    }

    /// Takes a datagram that came in.
    pub fn on_packet(&mut self, now: Instant, channel: Channel, source: SocketAddr, octets: &[u8]) {
        let came = match &mut self.servers {
            Some(servers) => servers.on_datagram(now, (channel, source), octets),
            None => Came::Direct(octets),
        };
        let Some(line) = self.running().first_mut() else { return };
        let arrival = |source, relayed| Arrival { channel, source, relayed };
        match came {
            Came::Direct(octets) => line.on_packet(now, arrival(source, false), octets),
            Came::Relayed(source, octets) => line.on_packet(now, arrival(source, true), &octets),
            Came::Taken => {}
        }
    }

    /// When [`on_timeout`](Self::on_timeout) is to be called; `None` while nothing runs.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let servers = self.servers.as_ref().and_then(|servers| servers.due());
        let due = self.lines.iter().map(Line::next_timeout).chain(servers);
        due.filter(|_| !self.stopped).min()
    }

    /// Plays a frame, sends a frame and a report, as far as they are due: one of each at most,
    /// so it is to be called until [`poll_timeout`](Self::poll_timeout) is in the future.
    pub fn on_timeout(
        &mut self, now: Instant, source: &mut dyn AudioSource, sink: &mut dyn AudioSink,
    ) {
        if let Some(servers) = self.servers.as_mut().filter(|_| !self.stopped) {
            servers.on_timeout(now);
        }
        self.running().iter_mut().for_each(|line| line.on_timeout(now, source, sink));
    }

    /// The next packet to be sent.
    pub fn poll_transmit(&mut self) -> Option<Transmit<'_>> {
        if self.servers.is_some() {
            return self.poll_by_servers();
        }
        self.lines.iter_mut().find_map(Line::poll_transmit)
    }

    /// The next event.
    pub fn poll_event(&mut self) -> Option<Event> {
        if let Some(why) = self.servers.as_mut().and_then(|servers| servers.poll_loss()) {
            return Some(Event::RelayLost(why));
        }
        // Before the call is answered a handshake may fail, and no way be found: both begin again then.
        let early = self.early;
        let fails = |event: &Event| matches!(event, Event::NotKeyed(_) | Event::Unreachable);
        let counts = |event: &Event| !(early && fails(event));
        let next = |line: &mut Line| std::iter::from_fn(|| line.poll_event()).find(counts);
        self.lines.iter_mut().find_map(next)
    }

    /// Ends media: the BYE is the last packet to be sent.
    pub fn stop(&mut self, now: Instant) {
        self.running().iter_mut().for_each(|line| line.say_bye(now));
        if let Some(servers) = &mut self.servers {
            servers.close(now);
        }
        self.stopped = true;
    }

    /// What was counted.
    pub fn stats(&self) -> Stats {
        let relays_lost = self.servers.as_ref().map_or(0, |servers| servers.losses());
        Stats { relays_lost, ..self.lines.first().map(Line::stats).unwrap_or_default() }
    }

    /// The lines, while they run.
    fn running(&mut self) -> &mut [Line] {
        if self.stopped { &mut [] } else { &mut self.lines }
    }

    fn check_open(&self) -> Result<(), Misuse> {
        if self.stopped { Err(Misuse::Stopped) } else { Ok(()) }
    }
}
