//! One `m=` line of a description, typed on demand.

use super::address;
use super::agreement::{Direction, Remote};
use super::ice::Said;
use crate::format::{Encoding, Format, Formats, Mapping, NOISE, NOISE_CLOCK_RATE, NamedEvents};
use crate::{Codec, NotAcceptable};
use sdp_types::{Attribute, Media, Session};
use ssm::{LineSecurity, Profile};
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;

/// The attributes that are the security manager's: they go through unchanged.
const SECURITY: [&str; 5] = ["crypto", "cs1-kem", "fingerprint", "setup", "tls-id"];

/// Those of them that a session may have for all its lines that say nothing else. RFC 8122 §5,
/// RFC 4145 §4.
const OF_SESSION: [&str; 2] = ["fingerprint", "setup"];

/// The payload types that, with the marker bit, look like RTCP's packet types: none is used where both
/// go by one port. RFC 5761 §4.
const LIKE_RTCP: RangeInclusive<u8> = 64..=95;

/// One `m=` line.
#[derive(Clone, Copy, Debug)]
pub struct MediaLine<'a> {
    session: &'a Session,
    media: &'a Media,
}

impl<'a> MediaLine<'a> {
    pub(super) fn new(session: &'a Session, media: &'a Media) -> Self {
        Self { session, media }
    }

    /// The line as it was parsed.
    pub(super) fn media(self) -> &'a Media {
        self.media
    }

    /// Whether it is audio and has not been rejected with port 0.
    pub fn is_live_audio(self) -> bool {
        self.media.media == "audio" && self.media.port != 0
    }

    /// The profile and the security attributes, in order; `None` for a profile that is not RTP.
    pub fn security(self) -> Option<LineSecurity> {
        let profile = Profile::parse(&self.media.proto)?;
        let own = &self.media.attributes;
        let has = |name: &str| own.iter().any(|attribute| attribute.attribute == name);
        let of_session = self.session.attributes.iter().filter(|attribute| {
            let name = attribute.attribute.as_str();
            profile.is_by_dtls() && OF_SESSION.contains(&name) && !has(name)
        });
        let own = own.iter().filter(|it| SECURITY.contains(&it.attribute.as_str()));
        let attributes = own.chain(of_session).map(|attribute| ssm::Attribute {
            name: attribute.attribute.clone(),
            value: attribute.value.clone().unwrap_or_default(),
        });
        Some(LineSecurity { profile, attributes: attributes.collect() })
    }

    /// The formats whose codec is among `codecs`, in the line's order, each codec once; and the named
    /// events, one of each clock rate, and the comfort noise that go beside them.
    pub fn formats(self, codecs: &[Codec]) -> Formats {
        let mut formats = Formats::default();
        for payload_type in self.payload_types() {
            if let Some(codec) = self.codec(payload_type).filter(|codec| codecs.contains(codec)) {
                if formats.voices.iter().all(|voice| voice.codec != codec) {
                    let parameters = self.mapped("fmtp", payload_type).map(str::to_owned);
                    formats.voices.push(Format { payload_type, codec, parameters });
                }
            } else if let Some(events) = self.events(payload_type)
                && formats.events.iter().all(|other| other.clock_rate != events.clock_rate)
            {
                formats.events.push(events);
            } else if self.is_noise(payload_type) {
                formats.noise = formats.noise.or(Some(payload_type));
            }
        }
        formats.keep_what_goes_together();
        formats
    }

    /// What the line maps payload types to, understood or not.
    pub(super) fn mappings(self) -> impl Iterator<Item = Mapping> {
        self.payload_types().filter_map(move |payload_type| {
            let encoding = self.mapped("rtpmap", payload_type)?.trim().to_owned();
            Some(Mapping { payload_type, encoding, parameters: None })
        })
    }

    fn payload_types(self) -> impl Iterator<Item = u8> {
        let all = self.media.fmt.split_ascii_whitespace();
        let mux = self.is_rtcp_mux();
        all.filter_map(|text| text.parse().ok())
            .filter(move |number| *number < 128 && !(mux && LIKE_RTCP.contains(number)))
    }

    /// Whether a payload type is of comfort noise.
    fn is_noise(self, payload_type: u8) -> bool {
        let Some(encoding) = self.mapped("rtpmap", payload_type) else {
            return payload_type == NOISE;
        };
        Encoding::parse(encoding).is_some_and(|encoding| {
            encoding.name.eq_ignore_ascii_case("CN") && encoding.clock_rate == NOISE_CLOCK_RATE
        })
    }

    /// The named events of a payload type, if it is of such.
    fn events(self, payload_type: u8) -> Option<NamedEvents> {
        let mapping = self.mapped("rtpmap", payload_type)?;
        NamedEvents::read(payload_type, mapping, self.mapped("fmtp", payload_type))
    }

    /// The codec of a payload type: what `a=rtpmap` says, else the static one. RFC 3551 §6.
    fn codec(self, payload_type: u8) -> Option<Codec> {
        let Some(encoding) = self.mapped("rtpmap", payload_type) else {
            return Codec::from_payload_type(payload_type);
        };
        let encoding = Encoding::parse(encoding)?;
        // A static type is what the profile says, however many channels its mapping claims.
        let fixed = || Codec::from_payload_type(payload_type).filter(|c| encoding.names(*c));
        encoding.codec().or_else(fixed)
    }

    /// What an attribute says of a payload type, which stands before it.
    fn mapped(self, name: &'a str, payload_type: u8) -> Option<&'a str> {
        self.values(name)
            .filter_map(|value| value.split_once(' '))
            .find(|(number, _)| number.parse() == Ok(payload_type))
            .map(|(_, said)| said)
    }

    /// Which way media flows, seen from the description's sender.
    pub fn direction(self) -> Direction {
        let stated = |attributes: &[Attribute]| {
            attributes.iter().find_map(|attribute| Direction::parse(&attribute.attribute))
        };
        stated(&self.media.attributes)
            .or_else(|| stated(&self.session.attributes))
            .unwrap_or(Direction::SendRecv)
    }

    /// Whether RTCP may go with RTP, by the same port. RFC 5761 §5.1.1.
    pub fn is_rtcp_mux(self) -> bool {
        self.media.attributes.iter().any(|attribute| attribute.attribute == "rtcp-mux")
    }

    /// Whether the sender wants VoIP metrics with reports: by the line's attribute, or where that has
    /// none, the session's. RFC 3611 §5.1.
    pub fn wants_voip_metrics(self) -> bool {
        let formats = |all: &'a [Attribute]| {
            let mut all = all.iter().filter(|attribute| attribute.attribute == "rtcp-xr");
            all.next().map(|attribute| attribute.value.as_deref().unwrap_or_default())
        };
        let stated = formats(&self.media.attributes);
        let stated = stated.or_else(|| formats(&self.session.attributes)).unwrap_or_default();
        stated.split_ascii_whitespace().any(|format| format == "voip-metrics")
    }

    /// Where media goes; `None` while the sender holds with a null address.
    ///
    /// The address of `a=rtcp` is not looked at, only its port: reports go where media goes.
    ///
    /// # Errors
    /// There is no address, or media may not go to it.
    pub fn remote(
        self, local: IpAddr, peer_on_loopback: bool,
    ) -> Result<Option<Remote>, NotAcceptable> {
        let connection = self.media.connections.first();
        let connection =
            connection.or(self.session.connection.as_ref()).ok_or(NotAcceptable::Address)?;
        let Some(ip) = address::judge(connection, local, peer_on_loopback)? else {
            return Ok(None);
        };
        let rtp = self.media.port;
        let rtcp = if self.is_rtcp_mux() { rtp } else { self.rtcp_port()? };
        Ok(Some(Remote { rtp: SocketAddr::new(ip, rtp), rtcp: SocketAddr::new(ip, rtcp) }))
    }

    /// What the line says of ICE.
    pub(super) fn ice(self, local: IpAddr, peer_on_loopback: bool) -> Said {
        Said::read(self.session, self.media, local, peer_on_loopback)
    }

    /// The port of RTCP where it has one of its own. RFC 3605.
    fn rtcp_port(self) -> Result<u16, NotAcceptable> {
        let stated = self
            .values("rtcp")
            .find_map(|value| value.split_ascii_whitespace().next()?.parse().ok());
        stated
            .filter(|port| *port != 0)
            .or_else(|| self.media.port.checked_add(1))
            .ok_or(NotAcceptable::Address)
    }

    /// The values of the line's attributes of a name.
    fn values(self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.media
            .attributes
            .iter()
            .filter(move |attribute| attribute.attribute == name)
            .filter_map(|attribute| attribute.value.as_deref())
    }
}
