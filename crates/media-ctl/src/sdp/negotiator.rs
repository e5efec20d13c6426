//! The offer/answer state of one session with one audio line. RFC 3264.
//!
//! ```text
//!            offer()                    accept_answer(): Agreement
//!   ┌──────┐ ───────▶ ┌─────────┐ ───────────────────────────────┐
//!   │Stable│          │ Offered │  withdraw(): as before          │
//!   └──────┘ ◀─────── └─────────┘ ────────────────────────────────┤
//!      ▲ │                                                        │
//!      │ └─ answer(): Agreement ─▶ Stable ◀───────────────────────┘
//! ```
//!
//! Every step either succeeds whole or changes nothing.

use super::agreement::{Agreement, Direction};
use super::ice::{LocalIce, Said};
use super::payload_types::PayloadTypes;
use super::{Description, IceAgreement, IceSide, MediaLine};
use crate::format::{Format, Formats, NOISE, NamedEvents};
use crate::{Channel, Codec, Error, Misuse, NotAcceptable};
use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};
use ssm::{Call, Line, LineSecurity, MediaSecurity, Profile};
use std::net::IpAddr;

/// The dynamic payload types that are taken first: for voice, for named events of 8 000 Hz, which some
/// know under this number only, and for others.
const VOICE: u8 = 96;
const EVENTS: u8 = 101;
const OTHER_EVENTS: u8 = 102;

/// What this side says of itself.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) call: Call,
    pub(crate) ip: IpAddr,
    pub(crate) rtp_port: u16,
    pub(crate) rtcp_port: u16,
    pub(crate) codecs: Vec<Codec>,
    pub(crate) peer_on_loopback: bool,
    /// The `o=` line's session id.
    pub(crate) session_id: u64,
    /// What is said of ICE, where it is done here.
    pub(crate) ice: Option<LocalIce>,
}

/// The offer/answer state of one session.
#[derive(Debug)]
pub(crate) struct Negotiator {
    local: Local,
    /// The version of the next description that is made. RFC 3264 §8: it only goes up.
    version: u64,
    hold: bool,
    payload_types: PayloadTypes,
    /// The `m=` lines of the last completed exchange, ours among them: their number and places
    /// never change again. RFC 3264 §8.
    lines: Vec<Media>,
    /// Our line's place in the last completed exchange.
    place: Option<usize>,
    /// Our offer that waits for its answer.
    offered: Option<Offered>,
}

#[derive(Debug)]
struct Offered {
    lines: Vec<Media>,
    place: usize,
    direction: Direction,
    formats: Formats,
    ice: Option<IceSide>,
}

impl Negotiator {
    pub(crate) fn new(local: Local) -> Self {
        Self {
            local,
            version: 1,
            hold: false,
            payload_types: PayloadTypes::default(),
            lines: Vec::new(),
            place: None,
            offered: None,
        }
    }

    /// Whether the peer is to be held from the next description on.
    pub(crate) fn set_hold(&mut self, hold: bool) {
        self.hold = hold;
    }

    /// Whether the peer's media may be on loopback from its next description on.
    pub(crate) fn set_peer_on_loopback(&mut self, on_loopback: bool) {
        self.local.peer_on_loopback = on_loopback;
    }

    /// Makes an offer.
    pub(crate) fn offer(&mut self, security: &dyn MediaSecurity) -> Result<Vec<u8>, Error> {
        if self.offered.is_some() {
            return Err(Misuse::OfferPending.into());
        }
        if self.local.codecs.is_empty() {
            return Err(NotAcceptable::NoCodec.into());
        }
        let place = self.place.unwrap_or(0);
        let line = line_number(place)?;
        let protection = security.offer(self.local.call, line)?;
        let direction = self.wish();
        let formats = self.offered_formats();
        let mut own = self.own_line(&protection, &formats, direction, (true, true));
        // Whether RTCP goes with RTP, the answer says.
        let ice = self
            .local
            .ice
            .as_ref()
            .map(|ice| ice.write(&mut own, self.local.ip, &Channel::ALL, true));
        let mut lines: Vec<_> = self.lines.iter().map(rejected).collect();
        match lines.get_mut(place) {
            Some(slot) => *slot = own,
            None => lines.push(own),
        }
        let body = self.describe(&lines);
        self.offered = Some(Offered { lines, place, direction, formats, ice });
        Ok(body)
    }

    /// Answers an offer: one audio line, all others rejected. RFC 3264 §6.
    pub(crate) fn answer(
        &mut self, security: &dyn MediaSecurity, offer: &[u8],
    ) -> Result<(Vec<u8>, Agreement), Error> {
        if self.offered.is_some() {
            return Err(Misuse::OfferPending.into());
        }
        let offer = Description::parse(offer)?;
        if offer.lines().len() < self.lines.len() {
            return Err(NotAcceptable::OtherLines.into());
        }
        let (place, protection, agreement) = self.choose(security, &offer)?;
        let Agreement { direction, rtcp_mux, voip_metrics, .. } = agreement;
        let reports = (rtcp_mux, voip_metrics);
        let mut own = self.own_line(&protection, &agreement.understood, direction, reports);
        self.answer_ice(&mut own, &offer, place, &agreement);
        let mut lines: Vec<_> = offer.lines().map(|line| rejected(line.media())).collect();
        if let Some(slot) = lines.get_mut(place) {
            *slot = own;
        }
        offer.lines().for_each(|line| self.payload_types.learn(line.mappings()));
        let body = self.describe(&lines);
        self.lines = lines;
        self.place = Some(place);
        Ok((body, agreement))
    }

    /// Takes the answer to our offer. RFC 3264 §7.
    pub(crate) fn accept_answer(
        &mut self, security: &dyn MediaSecurity, answer: &[u8],
    ) -> Result<Agreement, Error> {
        let agreement = self.accept_early_answer(security, answer)?;
        if let Some(offered) = self.offered.take() {
            self.lines = offered.lines;
            self.place = Some(offered.place);
        }
        self.keep_ice(&agreement);
        Ok(agreement)
    }

    /// Takes an answer that another one may still follow: our offer stays open. RFC 3960 §3.
    pub(crate) fn accept_early_answer(
        &self, security: &dyn MediaSecurity, answer: &[u8],
    ) -> Result<Agreement, Error> {
        let offered = self.offered.as_ref().ok_or(Misuse::NoOffer)?;
        let answer = Description::parse(answer)?;
        if !answers(&answer, offered) {
            return Err(NotAcceptable::OtherLines.into());
        }
        let line = answer
            .lines()
            .nth(offered.place)
            .filter(|line| line.is_live_audio())
            .ok_or(NotAcceptable::NoAudio)?;
        let number = line_number(offered.place)?;
        let protection = line.security().ok_or(NotAcceptable::NoAudio)?;
        let here = offered.ice.clone();
        let wish = (offered.direction, here, true);
        let mut agreement = self.agree(line, number, protection.profile, wish)?;
        security.judge(self.local.call, number, &protection)?;
        // RFC 3264 §5.1: what was offered may come as soon as it has been, under the payload types of
        // the offer; under those of the answer, from who mistakes them.
        let answered = std::mem::replace(&mut agreement.understood, offered.formats.clone());
        agreement.understood.add(&answered);
        Ok(agreement)
    }

    /// Whether our offer waits for its answer.
    #[cfg(test)]
    pub(crate) const fn awaits_answer(&self) -> bool {
        self.offered.is_some()
    }

    /// Forgets our offer, which was refused.
    pub(crate) fn withdraw(&mut self) {
        self.offered = None;
    }

    /// The first line of an offer that can be agreed to; the first line's error if there is none.
    ///
    /// Once a line has been agreed on, only that one counts: media does not move to a line
    /// beside the one that is protected.
    fn choose(
        &self, security: &dyn MediaSecurity, offer: &Description,
    ) -> Result<(usize, LineSecurity, Agreement), Error> {
        let mut first = None;
        for (place, line) in offer.lines().enumerate() {
            if self.place.is_some_and(|own| own != place) || !line.is_live_audio() {
                continue;
            }
            match self.try_line(security, place, line) {
                Ok((protection, agreement)) => return Ok((place, protection, agreement)),
                Err(error) => first = first.or(Some(error)),
            }
        }
        Err(first.unwrap_or(Error::NotAcceptable(NotAcceptable::NoAudio)))
    }

    fn try_line(
        &self, security: &dyn MediaSecurity, place: usize, line: MediaLine<'_>,
    ) -> Result<(LineSecurity, Agreement), Error> {
        let number = line_number(place)?;
        let offered = line.security().ok_or(NotAcceptable::NoAudio)?;
        let here = self.local.ice.as_ref().map(LocalIce::side);
        let wish = (self.wish(), here, false);
        let agreement = self.agree(line, number, offered.profile, wish)?;
        let protection = security.answer(self.local.call, number, &offered)?;
        Ok((protection, agreement))
    }

    /// What the peer's line allows, given the direction that this side wishes or offered, what it says
    /// of ICE, and whether it has offered.
    fn agree(
        &self, line: MediaLine<'_>, number: Line, profile: Profile,
        (ours, here, offered): (Direction, Option<IceSide>, bool),
    ) -> Result<Agreement, NotAcceptable> {
        let understood = line.formats(&self.local.codecs);
        let sent = understood.voices.first().ok_or(NotAcceptable::NoCodec)?.clone();
        let events = understood.events_beside(sent.codec).filter(NamedEvents::takes_any);
        let ice = self.agree_on_ice(line, here, offered);
        let remote = match line.remote(self.local.ip, self.local.peer_on_loopback) {
            // The candidates say where, and nothing else does.
            Err(_) if ice.is_some() => None,
            remote => remote?,
        };
        let mut direction = ours.and(line.direction().reversed());
        if remote.is_none() && ice.is_none() {
            direction = direction.and(Direction::RecvOnly);
        }
        Ok(Agreement {
            line: number,
            profile,
            rtcp_mux: line.is_rtcp_mux(),
            voip_metrics: line.wants_voip_metrics(),
            remote,
            ice,
            sent,
            events,
            understood,
            direction,
        })
    }

    /// What both sides do of ICE, where both do it.
    fn agree_on_ice(
        &self, line: MediaLine<'_>, here: Option<IceSide>, offered: bool,
    ) -> Option<IceAgreement> {
        let here = here?;
        let Said::Side(there) = line.ice(self.local.ip, self.local.peer_on_loopback) else {
            return None;
        };
        // RFC 8445 §6.1.1: roles last, and who only answers checks does not choose.
        let before = self.local.ice.as_ref().and_then(|ice| ice.controlling);
        let controlling = there.lite || before.unwrap_or(offered);
        let mut agreed = IceAgreement { here, there, controlling };
        if !offered && let Some(ice) = &self.local.ice {
            agreed.here.credentials = ice.credentials_towards(&agreed.there);
        }
        Some(agreed)
    }

    /// Says of ICE what an offer is owed, and keeps what was agreed on.
    fn answer_ice(
        &mut self, own: &mut Media, offer: &Description, place: usize, agreement: &Agreement,
    ) {
        self.keep_ice(agreement);
        let Some(local) = &self.local.ice else { return };
        let channels = if agreement.rtcp_mux { &Channel::ALL[..1] } else { &Channel::ALL[..] };
        let offered = offer.lines().nth(place);
        let said = offered.map(|line| line.ice(self.local.ip, self.local.peer_on_loopback));
        match said {
            Some(Said::Side(_)) => _ = local.write(own, self.local.ip, channels, false),
            // RFC 8839 §4.3.1.
            Some(Said::Mismatch) => own.add_attribute(Attribute::new("ice-mismatch")),
            Some(Said::Nothing) | None => {}
        }
    }

    fn keep_ice(&mut self, agreement: &Agreement) {
        if let Some(ice) = &mut self.local.ice {
            ice.keep(agreement.ice.as_ref());
        }
    }

    /// What is said of ICE from the next description on.
    pub(crate) fn ice(&mut self) -> Option<&mut LocalIce> {
        self.local.ice.as_mut()
    }

    fn wish(&self) -> Direction {
        Direction::new(true, !self.hold)
    }

    /// All codecs, and named events and comfort noise beside them.
    fn offered_formats(&mut self) -> Formats {
        let mut formats = Formats { noise: Some(NOISE), ..Formats::default() };
        for codec in &self.local.codecs {
            let mut format = Format::new(0, *codec);
            let dynamic = || self.payload_types.of(format.encoding(), VOICE);
            if let Some(payload_type) = codec.payload_type().or_else(dynamic) {
                format.payload_type = payload_type;
                formats.voices.push(format);
            }
            let clock_rate = codec.clock_rate();
            if formats.events.iter().all(|events| events.clock_rate != clock_rate) {
                let encoding = NamedEvents::new(0, clock_rate).encoding();
                let wished = if clock_rate == 8000 { EVENTS } else { OTHER_EVENTS };
                let payload_type = self.payload_types.of(encoding, wished);
                formats.events.extend(payload_type.map(|n| NamedEvents::new(n, clock_rate)));
            }
        }
        formats.keep_what_goes_together();
        formats
    }

    /// Our line; whether reports go with RTP, and whether the peer's are to have VoIP metrics.
    fn own_line(
        &self, protection: &LineSecurity, formats: &Formats, direction: Direction,
        (rtcp_mux, voip_metrics): (bool, bool),
    ) -> Media {
        let numbers: Vec<_> = formats.mappings().map(|m| m.payload_type.to_string()).collect();
        let mut media = live_audio(self.local.rtp_port, protection.profile, numbers.join(" "));
        for mapping in formats.mappings() {
            let number = mapping.payload_type;
            media.add_attribute_with_value("rtpmap", format!("{number} {}", mapping.encoding));
            if let Some(parameters) = mapping.parameters {
                media.add_attribute_with_value("fmtp", format!("{number} {parameters}"));
            }
        }
        media.add_attribute_with_value("ptime", "20");
        if self.local.rtcp_port != self.local.rtp_port.wrapping_add(1) {
            media.add_attribute_with_value("rtcp", self.local.rtcp_port);
        }
        if rtcp_mux {
            media.add_attribute(Attribute::new("rtcp-mux"));
        }
        if voip_metrics {
            media.add_attribute_with_value("rtcp-xr", "voip-metrics");
        }
        media.add_attribute(Attribute::new(direction.name()));
        for attribute in &protection.attributes {
            media.add_attribute_with_value(&attribute.name, &attribute.value);
        }
        media
    }

    /// Writes a description of these lines, and counts the version up.
    fn describe(&mut self, lines: &[Media]) -> Vec<u8> {
        let session_id = self.local.session_id;
        let session = Session {
            connection: Some(Connection::from_ip_addr(self.local.ip)),
            times: vec![Time::new(0, 0)],
            medias: lines.to_vec(),
            ..Session::new(
                Origin::with_ip_addr(session_id, self.version, self.local.ip),
                // RFC 8866 §5.3: a session without a name says so.
                "-",
            )
        };
        self.version += 1;
        session.to_string().into_bytes()
    }
}

/// Whether the answer's lines are the offer's: as many, and none of them live that was offered
/// rejected. RFC 3264 §6.
fn answers(answer: &Description, offered: &Offered) -> bool {
    answer.lines().len() == offered.lines.len()
        && answer.lines().zip(&offered.lines).all(|(answer, offer)| {
            answer.media().media == offer.media && (offer.port != 0 || answer.media().port == 0)
        })
}

fn live_audio(port: u16, profile: Profile, formats: String) -> Media {
    Media {
        media: "audio".to_owned(),
        port,
        num_ports: None,
        proto: profile.name().to_owned(),
        fmt: formats,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

/// The line with port 0 and nothing but what an answer must repeat. RFC 3264 §6.
fn rejected(line: &Media) -> Media {
    Media {
        port: 0,
        num_ports: None,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
        ..line.clone()
    }
}

fn line_number(place: usize) -> Result<Line, NotAcceptable> {
    u8::try_from(place).map(Line).map_err(|_| NotAcceptable::OtherLines)
}
