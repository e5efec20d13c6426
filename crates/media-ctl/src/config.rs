//! What a session is told when it is made.

use crate::Codec;
#[cfg(feature = "ice")]
use crate::IceServers;
use crate::transport::Servers;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// What a session is told when it is made.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// The call, as the security manager knows it.
    pub call: ssm::Call,
    /// The address that packets leave from, and that the peer is told if no other is; not an
    /// unspecified one.
    pub local_ip: IpAddr,
    /// The address that the peer is told instead, of the same family: of a translator before this
    /// host.
    pub advertised: Option<IpAddr>,
    /// The codecs that are offered and accepted, preferred first.
    pub codecs: Vec<Codec>,
    /// Random octets that SSRC, sequence number, timestamp and names are made of.
    pub seed: Seed,
    /// Whether the peer's signalling is on loopback: only then may its media be.
    pub peer_on_loopback: bool,
    /// Whether plain RTP goes to where the peer's comes from, where that is not where its description
    /// says: to the first that speaks, and away from it only once it has been silent for 5 s. Else it
    /// goes to the described address only, and comes from any port there. Case M10.
    pub symmetric: bool,
    /// Whether the way to the peer is found by ICE where the peer does it too, and who helps; `None`:
    /// it is not. RFC 8445.
    #[cfg(feature = "ice")]
    pub ice: Option<IceServers>,
    /// Time without a sign of life from the peer after which sending pauses until one comes, and
    /// [`Event::TimedOut`](crate::Event::TimedOut) is raised, if media flows both ways; `None`: never.
    /// RTP of any payload type and RTCP are signs of life.
    pub timeout: Option<Duration>,
    /// The least delay between a packet's arrival and its playout, 20 ms to 200 ms; it grows to 400 ms
    /// where packets come too late.
    pub playout_delay: Duration,
}

impl MediaConfig {
    /// All codecs, a timeout of 32 s, which is five intervals between reports at their longest
    /// (RFC 3550 §6.2), a playout delay of 60 ms at least, no loopback, not symmetric.
    pub fn new(call: ssm::Call, local_ip: IpAddr, seed: Seed) -> Self {
        Self {
            call,
            local_ip,
            advertised: None,
            codecs: Codec::ALL.to_vec(),
            seed,
            peer_on_loopback: false,
            symmetric: false,
            #[cfg(feature = "ice")]
            ice: None,
            timeout: Some(Duration::from_secs(32)),
            playout_delay: Duration::from_millis(60),
        }
    }

    /// Who helps to find the way to the peer, at these ports of ours, where ICE is done.
    #[cfg(feature = "ice")]
    pub(crate) fn servers(&self, rtp_port: u16, rtcp_port: u16) -> Option<Box<dyn Servers>> {
        let at = |port| std::net::SocketAddr::new(self.local_ip, port);
        let ice = self.ice.as_ref()?;
        Some(crate::transport::asked(ice, (at(rtp_port), at(rtcp_port)), self.advertised))
    }

    /// Nobody: ICE is not done.
    #[cfg(not(feature = "ice"))]
    pub(crate) fn servers(&self, _: u16, _: u16) -> Option<Box<dyn Servers>> {
        None
    }

    /// The address that the peer is told.
    pub(crate) fn told(&self) -> IpAddr {
        self.advertised.unwrap_or(self.local_ip)
    }
}

/// Random octets that a session's SSRC, sequence number, timestamp and names are made of.
///
/// They are an argument, so that a simulated call is the same each time. A real one takes them
/// from the system's generator. RFC 3550 §5.1, §8.1.
#[derive(Clone)]
pub struct Seed([u8; Self::LENGTH]);

impl Seed {
    /// Octets in a seed.
    pub const LENGTH: usize = 32;

    /// A seed of these octets.
    pub const fn new(octets: [u8; Self::LENGTH]) -> Self {
        Self(octets)
    }

    pub(crate) fn ssrc(&self) -> u32 {
        self.number(0, 4) as u32
    }

    /// Below 2^15: a packet that is lost at the start leaves no doubt of the rollover counter.
    /// RFC 3711 §3.3.1.
    pub(crate) fn sequence(&self) -> u16 {
        self.number(4, 2) as u16 & 0x7fff
    }

    pub(crate) fn timestamp(&self) -> u32 {
        self.number(6, 4) as u32
    }

    /// The `o=` line's session id: 48 bits, for all who read it into a signed number.
    pub(crate) fn session_id(&self) -> u64 {
        self.number(10, 6)
    }

    /// What the intervals between reports are drawn from.
    pub(crate) fn interval(&self) -> u32 {
        self.number(16, 4) as u32
    }

    /// A CNAME of 96 random bits: it tells nothing of the host. RFC 7022 §5.
    pub(crate) fn cname(&self) -> String {
        let octets = self.0.iter().skip(20);
        octets.map(|octet| format!("{octet:02x}")).collect()
    }

    /// The big-endian number of `length` octets from `from` on.
    fn number(&self, from: usize, length: usize) -> u64 {
        let octets = self.0.iter().skip(from).take(length);
        octets.fold(0, |number, octet| (number << 8) | u64::from(*octet))
    }
}

impl fmt::Debug for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seed([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::Seed;

    #[test]
    fn the_first_sequence_number_is_below_a_half() {
        assert_eq!(Seed::new([0xff; Seed::LENGTH]).sequence(), 0x7fff);
    }
}
