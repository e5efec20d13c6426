//! Named events on a line: `telephone-event`. RFC 4733 §2.4.

use super::dtmf::Dtmf;
use super::encoding::Encoding;

/// The encoding name of `a=rtpmap`. RFC 4733 §7.1.1.
const NAME: &str = "telephone-event";

/// Named events on a line. They go beside a codec of the same clock rate, whose time they share.
/// RFC 4733 §2.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedEvents {
    /// The payload type, 0–127.
    pub payload_type: u8,
    /// What timestamps and durations count, in Hz.
    pub clock_rate: u32,
    /// The keys that are taken: a bit for each code.
    keys: u16,
}

impl NamedEvents {
    /// All keys, under this payload type.
    pub const fn new(payload_type: u8, clock_rate: u32) -> Self {
        Self { payload_type, clock_rate, keys: u16::MAX }
    }

    /// What a description says of a payload type: its mapping, and its parameters; `None` where the
    /// mapping is not of named events.
    pub(crate) fn read(payload_type: u8, mapping: &str, parameters: Option<&str>) -> Option<Self> {
        let encoding = Encoding::parse(mapping)?;
        let is = encoding.name.eq_ignore_ascii_case(NAME) && encoding.channels == 1;
        is.then(|| Self {
            payload_type,
            clock_rate: encoding.clock_rate,
            // RFC 4733 §2.5.1.1: who does not say it takes the keys.
            keys: parameters.map_or(u16::MAX, keys),
        })
    }

    /// Whether this key is taken.
    pub const fn takes(&self, key: Dtmf) -> bool {
        self.keys & (1 << key.code()) != 0
    }

    /// Whether any key is taken.
    pub(crate) const fn takes_any(&self) -> bool {
        self.keys != 0
    }

    /// What `a=rtpmap` says.
    pub(crate) fn encoding(&self) -> String {
        format!("{NAME}/{}", self.clock_rate)
    }

    /// What `a=fmtp` says of events that are taken here: the keys.
    pub(crate) fn parameters() -> String {
        format!("0-{}", Dtmf::LAST)
    }
}

/// The keys of a list of codes and ranges of codes, with or without its name: `0-15,66`. What is
/// neither is left out. RFC 4733 §2.4.
fn keys(list: &str) -> u16 {
    let list = list.trim();
    let list = list.strip_prefix("events=").unwrap_or(list);
    let elements = list.split(',').filter_map(|element| {
        let element = element.trim();
        let (first, last) = element.split_once('-').unwrap_or((element, element));
        Some((first.parse::<u8>().ok()?, last.parse::<u8>().ok()?))
    });
    elements
        .flat_map(|(first, last)| first..=last.min(Dtmf::LAST))
        .fold(0, |keys, code| keys | (1 << code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_which_keys_are_taken() {
        for (list, taken) in [
            ("0-15", 0xffff),
            ("0-15,66,70", 0xffff),
            ("0-11", 0x0fff),
            ("events=0-11", 0x0fff),
            ("1, 3 ,5-6", 0b0110_1010),
            ("32-49,52-60", 0),
            ("0-255", 0xffff),
            ("5-3", 0),
            ("0-x,2", 0b100),
            ("0-65536,-1,256", 0),
            ("", 0),
        ] {
            let read = NamedEvents::read(101, "Telephone-Event/8000/1", Some(list)).unwrap();
            assert_eq!(read.keys, taken, "{list}");
            assert_eq!(read.takes_any(), taken != 0);
        }
        // RFC 4733 §2.5.1.1.
        let unsaid = NamedEvents::read(96, "telephone-event/48000", None).unwrap();
        assert_eq!(unsaid, NamedEvents::new(96, 48_000));
        assert!((0..=15).all(|code| unsaid.takes(Dtmf::new(code).unwrap())));
        assert_eq!((Dtmf::new(16), NamedEvents::read(0, "PCMU/8000", None)), (None, None));
    }
}
