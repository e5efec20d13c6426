//! VoIP metrics, which go beside reports where they were agreed on: how a call is at who sends them.
//! RFC 3611 §2, §4.7.

/// The packet type of extended reports. RFC 3611 §2.
pub(super) const PACKET_TYPE: u8 = 207;

/// Octets before the blocks of an extended report.
const HEADER: usize = 8;

/// Octets of a block of VoIP metrics.
const BLOCK: usize = 36;

/// Octets of an extended report that has one block of them.
const PACKET: usize = HEADER + BLOCK;

/// What stands for a value that is not known.
const UNAVAILABLE: u8 = 127;

/// How a call is at whoever says so: what it received of one source. What is not known, or cannot be,
/// is `None`. RFC 3611 §4.7.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VoipMetrics {
    /// The source that was received.
    pub ssrc: u32,
    /// Packets that were lost, in 256ths of those expected.
    pub loss_rate: u8,
    /// Packets that came too late or too early to be played, in 256ths of those expected.
    pub discard_rate: u8,
    /// Packets that were lost or discarded in bursts, in 256ths of those expected in bursts.
    pub burst_density: u8,
    /// The same between bursts.
    pub gap_density: u8,
    /// How long bursts are on the mean, in ms.
    pub burst_duration: u16,
    /// How long it is between bursts on the mean, in ms.
    pub gap_duration: u16,
    /// The round trip between the ends of RTP, in ms; 0: not known.
    pub round_trip: u16,
    /// What microphone to packet and packet to loudspeaker add there, in ms; 0: not known.
    pub end_system_delay: u16,
    /// How loud speech is, in dBm0.
    pub signal_level: Option<i8>,
    /// How loud silence is, in dBm0.
    pub noise_level: Option<i8>,
    /// How much echo is left, in dB below what caused it.
    pub residual_echo_return_loss: Option<u8>,
    /// Packets without a loss that end a burst.
    pub gmin: u8,
    /// The rating factor of ITU-T G.107, 0 to 100.
    pub r_factor: Option<u8>,
    /// That of a network beyond, 0 to 100.
    pub external_r_factor: Option<u8>,
    /// The mean opinion score of who only listens, in tenths, 10 to 50.
    pub mos_lq: Option<u8>,
    /// That of who converses, so that delay counts, in tenths, 10 to 50.
    pub mos_cq: Option<u8>,
    /// How losses are concealed, and whether the jitter buffer adapts. RFC 3611 §4.7.6.
    pub rx_config: u8,
    /// The jitter buffer's delay, in ms.
    pub jb_nominal: u16,
    /// The most that it may be at present, in ms.
    pub jb_maximum: u16,
    /// The most that it may ever be, in ms.
    pub jb_absolute_maximum: u16,
}

impl VoipMetrics {
    fn block(&self) -> [u8; BLOCK] {
        let [s0, s1, s2, s3] = self.ssrc.to_be_bytes();
        let [b0, b1] = self.burst_duration.to_be_bytes();
        let [g0, g1] = self.gap_duration.to_be_bytes();
        let [r0, r1] = self.round_trip.to_be_bytes();
        let [e0, e1] = self.end_system_delay.to_be_bytes();
        let [n0, n1] = self.jb_nominal.to_be_bytes();
        let [m0, m1] = self.jb_maximum.to_be_bytes();
        let [a0, a1] = self.jb_absolute_maximum.to_be_bytes();
        let or_not = |value: Option<u8>| value.unwrap_or(UNAVAILABLE);
        let level = |value: Option<i8>| value.map_or(UNAVAILABLE, i8::cast_unsigned);
        let (signal, noise) = (level(self.signal_level), level(self.noise_level));
        let echo = or_not(self.residual_echo_return_loss);
        let (r, external) = (or_not(self.r_factor), or_not(self.external_r_factor));
        let (lq, cq) = (or_not(self.mos_lq), or_not(self.mos_cq));
        let Self { loss_rate, discard_rate, burst_density, gap_density, gmin, rx_config, .. } =
            *self;
        #[rustfmt::skip]
        let block = [
            7, 0, 0, 8,
            s0, s1, s2, s3,
            loss_rate, discard_rate, burst_density, gap_density,
            b0, b1, g0, g1,
            r0, r1, e0, e1,
            signal, noise, echo, gmin,
            r, external, lq, cq,
            rx_config, 0, n0, n1,
            m0, m1, a0, a1,
        ];
        block
    }

    /// What a block says; `None` for one of another kind, or of another length.
    fn read(block: &[u8]) -> Option<Self> {
        #[rustfmt::skip]
        let [
            7, _, 0, 8,
            s0, s1, s2, s3,
            loss_rate, discard_rate, burst_density, gap_density,
            b0, b1, g0, g1,
            r0, r1, e0, e1,
            signal, noise, echo, gmin,
            r, external, lq, cq,
            rx_config, _, n0, n1,
            m0, m1, a0, a1,
        ] = *block else {
            return None;
        };
        let number = |high, low| u16::from_be_bytes([high, low]);
        // RFC 3611 §4.7.5: values out of range are ignored.
        let rating = |value: u8| (value <= 100).then_some(value);
        let score = |value: u8| (10..=50).contains(&value).then_some(value);
        let known = |value: u8| (value != UNAVAILABLE).then_some(value);
        Some(Self {
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
            loss_rate,
            discard_rate,
            burst_density,
            gap_density,
            burst_duration: number(b0, b1),
            gap_duration: number(g0, g1),
            round_trip: number(r0, r1),
            end_system_delay: number(e0, e1),
            signal_level: known(signal).map(u8::cast_signed),
            noise_level: known(noise).map(u8::cast_signed),
            residual_echo_return_loss: known(echo),
            gmin,
            r_factor: rating(r),
            external_r_factor: rating(external),
            mos_lq: score(lq),
            mos_cq: score(cq),
            rx_config,
            jb_nominal: number(n0, n1),
            jb_maximum: number(m0, m1),
            jb_absolute_maximum: number(a0, a1),
        })
    }
}

/// An extended report of the sender `ssrc` with these metrics alone.
pub(super) fn extended(ssrc: u32, metrics: &VoipMetrics) -> [u8; PACKET] {
    let mut packet = [0; PACKET];
    let [s0, s1, s2, s3] = ssrc.to_be_bytes();
    let header = [0x80, PACKET_TYPE, 0, (PACKET / 4 - 1) as u8, s0, s1, s2, s3];
    let octets = header.into_iter().chain(metrics.block());
    packet.iter_mut().zip(octets).for_each(|(place, octet)| *place = octet);
    packet
}

/// The VoIP metrics of an extended report. Other blocks are stepped over by their length; from one on
/// whose length is more than there is, nothing is read. RFC 3611 §3.
pub(super) fn metrics(packet: &[u8]) -> impl Iterator<Item = VoipMetrics> {
    let padding = match (packet.first(), packet.last()) {
        (Some(head), Some(padding)) if head & 0x20 != 0 => usize::from(*padding),
        _ => 0,
    };
    let end = packet.len().saturating_sub(padding);
    let mut rest = packet.get(HEADER..end).unwrap_or_default();
    let blocks = std::iter::from_fn(move || {
        let [_, _, high, low, ..] = *rest else { return None };
        let length = 4 * (1 + usize::from(u16::from_be_bytes([high, low])));
        let (block, after) = rest.split_at_checked(length)?;
        rest = after;
        Some(block)
    });
    blocks.filter_map(VoipMetrics::read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample() -> VoipMetrics {
        VoipMetrics {
            ssrc: 0x1122_3344,
            loss_rate: 12,
            discard_rate: 13,
            burst_density: 84,
            gap_density: 10,
            burst_duration: 120,
            gap_duration: 520,
            round_trip: 61,
            end_system_delay: 80,
            signal_level: Some(-18),
            noise_level: Some(-60),
            residual_echo_return_loss: Some(45),
            gmin: 16,
            r_factor: Some(90),
            external_r_factor: None,
            mos_lq: Some(43),
            mos_cq: Some(42),
            rx_config: 0xf0,
            jb_nominal: 60,
            jb_maximum: 400,
            jb_absolute_maximum: 65_535,
        }
    }

    /// The words of RFC 3611 §2 and §4.7, one a line.
    #[test]
    fn a_block_is_laid_out_as_the_rfc_draws_it() {
        #[rustfmt::skip]
        let expected = [
            0x80, 207, 0, 10,
            0, 0, 0, 9,
            7, 0, 0, 8,
            0x11, 0x22, 0x33, 0x44,
            12, 13, 84, 10,
            0, 120, 2, 8,
            0, 61, 0, 80,
            238, 196, 45, 16,
            90, 127, 43, 42,
            0xf0, 0, 0, 60,
            1, 144, 255, 255,
        ];
        assert_eq!(extended(9, &sample()), expected);
        let read: Vec<_> = metrics(&expected).collect();
        assert_eq!(read, [sample()]);
    }

    #[test]
    fn what_is_not_known_is_127_and_what_cannot_be_is_not_known() {
        let nothing = VoipMetrics::default();
        let packet = extended(9, &nothing);
        assert_eq!(packet[HEADER + 20..HEADER + 23], [127; 3]);
        assert_eq!(packet[HEADER + 24..HEADER + 28], [127; 4]);
        assert_eq!(metrics(&packet).next(), Some(nothing));
        for (at, values) in
            [(24, [101, 126, 255]), (25, [101, 200, 255]), (26, [9, 51, 0]), (27, [9, 51, 255])]
        {
            for value in values {
                let mut packet = extended(9, &sample());
                packet[HEADER + at] = value;
                let read = metrics(&packet).next().unwrap();
                let of = [read.r_factor, read.external_r_factor, read.mos_lq, read.mos_cq];
                assert_eq!(of[at - 24], None, "{at} {value}");
            }
        }
    }

    #[test]
    fn lengths_that_lie_are_not_believed() {
        let good = extended(9, &sample());
        // Other blocks before it, one of them without contents, and padding behind it.
        let before =
            [&good[..HEADER], &[4, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8], &[9, 0, 0, 0]].concat();
        let mut packet = [&before[..], &good[HEADER..], &[0, 0, 0, 4]].concat();
        packet[0] |= 0x20;
        assert_eq!(metrics(&packet).collect::<Vec<_>>(), [sample()]);
        // The block before claims what there is not, or its own words.
        for length in [13, 14, 255] {
            packet[HEADER + 3] = length;
            assert_eq!(metrics(&packet).next(), None, "{length}");
        }
        for length in [0, 7, 9, 255] {
            let mut packet = good;
            packet[HEADER + 3] = length;
            assert_eq!(metrics(&packet).next(), None, "{length}");
        }
        for length in 0..good.len() {
            assert_eq!(metrics(&good[..length]).next(), None, "{length}");
        }
        let mut padded = good;
        padded[0] |= 0x20;
        padded[PACKET - 1] = 255;
        assert_eq!(metrics(&padded).next(), None);
    }

    proptest! {
        #[test]
        fn no_octets_panic_and_what_is_read_is_written_alike(
            octets in proptest::collection::vec(any::<u8>(), 0..200),
            block in proptest::collection::vec(any::<u8>(), BLOCK - 4),
        ) {
            let _ = metrics(&octets).count();
            let packet = [&[0x80, PACKET_TYPE, 0, 10, 0, 0, 0, 9, 7, 0, 0, 8][..], &block].concat();
            let read = metrics(&packet).next().unwrap();
            prop_assert_eq!(metrics(&extended(1, &read)).next(), Some(read));
        }
    }
}
