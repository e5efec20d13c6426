//! Keys that the peer presses: each is told once, however many packets tell of it, and whichever of
//! them come. RFC 4733 §2.5.2.

use super::jitter::distance;
use crate::format::Dtmf;

/// Octets that tell of one event. RFC 4733 §2.3.
const REPORT: usize = 4;

/// Events in a packet that are looked at: those that follow each other at once. RFC 4733 §2.5.1.5.
const AT_ONCE: usize = 4;

/// The longest duration, after which a longer event goes on as another segment. RFC 4733 §2.5.1.3.
const SEGMENT: u32 = 0xffff;

/// Ticks within which a packet that is older than the last key was overtaken by it: 2.5 s at 8 000 Hz.
/// Beyond, timestamps have jumped.
const OVERTAKEN: i32 = 20_000;

/// What the peer's packets have told.
#[derive(Debug, Default)]
pub(crate) struct KeyReports(Option<Last>);

/// The last event that was told of.
#[derive(Clone, Copy, Debug)]
struct Last {
    code: u8,
    /// When it, or its last segment, began.
    timestamp: u32,
    ended: bool,
}

impl KeyReports {
    /// Forgets what was told: timestamps are another source's.
    pub(crate) fn reset(&mut self) {
        self.0 = None;
    }

    /// Takes a packet's payload, and hands over the keys that it is the first to tell of; returns the
    /// timestamp up to which it tells. `None` where the payload is none of events; events that are no
    /// keys, and a duration of 0, are passed over.
    pub(crate) fn packet(
        &mut self, timestamp: u32, payload: &[u8], mut pressed: impl FnMut(Dtmf),
    ) -> Option<u32> {
        let (reports, rest) = payload.as_chunks::<REPORT>();
        if reports.is_empty() || !rest.is_empty() {
            return None;
        }
        let mut start = timestamp;
        for [code, flags, high, low] in reports.iter().take(AT_ONCE) {
            let duration = u16::from_be_bytes([*high, *low]);
            // RFC 4733 §2.3.5: what lasts for ever is a state, and no key is.
            if duration == 0 {
                continue;
            }
            if self.is_new(*code, start) {
                Dtmf::new(*code).into_iter().for_each(&mut pressed);
            }
            self.note(*code, start, flags & 0x80 != 0);
            start = start.wrapping_add(duration.into());
        }
        Some(start)
    }

    /// Whether an event that began then has not been told of.
    fn is_new(&self, code: u8, timestamp: u32) -> bool {
        let Some(last) = self.0 else { return true };
        let since = distance(timestamp, last.timestamp);
        let is_segment = code == last.code && !last.ended && since == SEGMENT as i32;
        !is_segment && !(-OVERTAKEN..=0).contains(&since)
    }

    /// Notes what is known of the newest event.
    fn note(&mut self, code: u8, timestamp: u32, ended: bool) {
        match &mut self.0 {
            Some(last) if last.timestamp == timestamp => last.ended |= ended,
            Some(last) if (-OVERTAKEN..0).contains(&distance(timestamp, last.timestamp)) => {}
            last => *last = Some(Last { code, timestamp, ended }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A row of RFC 4733's table 5: timestamp, event code, duration, E bit.
    type Row = (u32, u8, u16, bool);

    /// RFC 4733 §5, table 5; where it has "…", the updates are filled in every 50 ms, as its text says.
    const TABLE_5: [Row; 20] = [
        (0, 9, 400, false),
        (0, 9, 800, false),
        (0, 9, 1200, false),
        (0, 9, 1600, false),
        (0, 9, 1600, true),
        (0, 9, 1600, true),
        (7040, 1, 400, false),
        (7040, 1, 800, false),
        (7040, 1, 1200, false),
        (7040, 1, 1600, false),
        (7040, 1, 2000, false),
        (7040, 1, 2000, true),
        (7040, 1, 2000, true),
        (11_200, 1, 400, false),
        (11_200, 1, 800, false),
        (11_200, 1, 1200, false),
        (11_200, 1, 1600, false),
        (11_200, 1, 1760, true),
        (11_200, 1, 1760, true),
        (11_200, 1, 1760, true),
    ];

    /// The codes of the keys that these packets tell of, which begin at `origin`.
    fn told(origin: u32, rows: impl IntoIterator<Item = Row>) -> Vec<u8> {
        let mut reports = KeyReports::default();
        let mut told = Vec::new();
        for (timestamp, code, duration, end) in rows {
            let [high, low] = duration.to_be_bytes();
            let payload = [code, if end { 0x94 } else { 0x14 }, high, low];
            let timestamp = origin.wrapping_add(timestamp);
            reports.packet(timestamp, &payload, |key| told.push(key.code())).unwrap();
        }
        told
    }

    #[test]
    fn the_rfc_s_911_is_told_once_a_digit() {
        for origin in [0, u32::MAX - 9000] {
            assert_eq!(told(origin, TABLE_5), [9, 1, 1]);
        }
        let twice = TABLE_5.into_iter().flat_map(|row| [row, row]);
        assert_eq!(told(0, twice), [9, 1, 1]);
    }

    #[test]
    fn one_packet_of_a_digit_is_enough_whichever_it_is() {
        for kept in 0..6 {
            let one_of_each = [&TABLE_5[..6], &TABLE_5[6..13], &TABLE_5[13..]].map(|of| of[kept]);
            assert_eq!(told(0, one_of_each), [9, 1, 1], "{kept}");
        }
    }

    #[test]
    fn what_was_overtaken_is_told_once() {
        let mut rows = TABLE_5;
        rows.swap(5, 6);
        rows.swap(12, 15);
        assert_eq!(told(77, rows), [9, 1, 1]);
    }

    /// RFC 4733 §2.5.2.3: 20 s of one key at 8 000 Hz, with the end of its first segment lost.
    #[test]
    fn a_key_of_several_segments_is_told_once() {
        let segments = [0, 0xffff, 2 * 0xffff];
        let rows = [
            (segments[0], 5, 0xfe00, false),
            (segments[1], 5, 400, false),
            (segments[1], 5, 0xffff, false),
            (segments[2], 5, 800, true),
        ];
        assert_eq!(told(9, rows), [5]);
        // Another key at that time, or one after an end, is another.
        let ended = (segments[0], 5, 0xffff, true);
        assert_eq!(told(0, [ended, rows[1]]), [5, 5]);
        assert_eq!(told(0, [rows[0], (segments[1], 6, 400, false)]), [5, 6]);
    }

    #[test]
    fn timestamps_that_start_anew_are_new_keys() {
        let again = TABLE_5.map(|(timestamp, ..)| (timestamp + 5_000_000, 2, 400, true));
        assert_eq!(told(0, again.into_iter().chain(TABLE_5)), [2, 2, 2, 9, 1, 1]);
    }

    /// RFC 4733 §5, figure 3, and §2.5.1.5.
    #[test]
    fn a_payload_is_read_as_the_rfc_lays_it_out() {
        let mut reports = KeyReports::default();
        let mut told = Vec::new();
        let mut packet = |timestamp, payload: &[u8]| {
            let read = reports.packet(timestamp, payload, |key| told.push(key.code()));
            (read.is_some(), std::mem::take(&mut told))
        };
        let figure_3 = [1, 0b1001_0100, 0x06, 0xe0];
        assert_eq!(packet(11_200, &figure_3), (true, vec![1]));
        assert_eq!(packet(11_200, &figure_3), (true, vec![]));
        // Two keys that follow at once: 15 from 20 000, 0 from 20 400.
        let two = [15, 0x8a, 0x01, 0x90, 0, 0x0a, 0x00, 0xa0];
        assert_eq!(packet(20_000, &two), (true, vec![15, 0]));
        assert_eq!(packet(20_000, &two), (true, vec![]));
        // A flash is no key; what lasts for ever is no event here; these are no reports.
        assert_eq!(packet(30_000, &[16, 0x8a, 0, 160]), (true, vec![]));
        assert_eq!(packet(40_000, &[1, 0x8a, 0, 0]), (true, vec![]));
        assert_eq!(packet(50_000, &[]), (false, vec![]));
        assert_eq!(packet(50_000, &[1, 0x8a, 0]), (false, vec![]));
        assert_eq!(packet(50_000, &[1, 0x8a, 0, 160, 2]), (false, vec![]));
    }

    #[test]
    fn a_packet_full_of_keys_tells_a_few() {
        let full: Vec<u8> = (0..500).flat_map(|n| [n as u8 % 16, 0x8a, 0, 1]).collect();
        let mut told = 0;
        KeyReports::default().packet(0, &full, |_| told += 1).unwrap();
        assert_eq!(told, AT_ONCE);
    }

    proptest! {
        /// Whatever is lost, doubled or overtaken by one: a key is told once where any of it came.
        #[test]
        fn no_loss_tells_a_key_twice(kept in proptest::collection::vec(0_usize..3, 20)) {
            let rows: Vec<_> = TABLE_5.iter().zip(&kept)
                .flat_map(|(row, times)| vec![*row; *times]).collect();
            let mut expected: Vec<_> = rows.iter().map(|(timestamp, code, ..)| (*timestamp, *code)).collect();
            expected.dedup();
            let codes: Vec<_> = expected.iter().map(|(_, code)| *code).collect();
            prop_assert_eq!(told(0, rows), codes);
        }
    }
}
