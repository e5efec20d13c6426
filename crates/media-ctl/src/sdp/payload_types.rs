//! The dynamic payload types of a session: what each stands for never changes. RFC 3264 §8.3.2.

use crate::format::Mapping;
use std::ops::RangeInclusive;

/// The payload types that are for whoever maps them. RFC 3551 §3.
const DYNAMIC: RangeInclusive<u8> = 96..=127;

/// What dynamic payload types have stood for, in descriptions of either side: 32 at most.
#[derive(Debug, Default)]
pub(super) struct PayloadTypes(Vec<(u8, String)>);

impl PayloadTypes {
    /// The payload type of an encoding: the one that it had before, else one from `wished` on that
    /// nothing has had; `None` where all are taken.
    pub(super) fn of(&mut self, encoding: String, wished: u8) -> Option<u8> {
        let same = |had: &&(u8, String)| had.1.eq_ignore_ascii_case(&encoding);
        if let Some((before, _)) = self.0.iter().find(same) {
            return Some(*before);
        }
        let is_free = |number: &u8| self.0.iter().all(|(taken, _)| taken != number);
        let free = (wished..=*DYNAMIC.end()).chain(DYNAMIC).find(is_free)?;
        self.0.push((free, encoding));
        Some(free)
    }

    /// A description lists these.
    pub(super) fn learn(&mut self, mappings: impl Iterator<Item = Mapping>) {
        for Mapping { payload_type, encoding, .. } in mappings {
            let is_new = self.0.iter().all(|(taken, _)| *taken != payload_type);
            if is_new && DYNAMIC.contains(&payload_type) {
                self.0.push((payload_type, encoding));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping(payload_type: u8, encoding: &str) -> Mapping {
        Mapping { payload_type, encoding: encoding.to_owned(), parameters: None }
    }

    #[test]
    fn an_encoding_keeps_its_payload_type_and_no_other_gets_it() {
        let mut types = PayloadTypes::default();
        let theirs = [(96, "telephone-event/8000"), (97, "X/8000"), (101, "Y/1"), (0, "PCMU/8000")];
        types.learn(theirs.iter().map(|(number, encoding)| mapping(*number, encoding)));
        types.learn([mapping(97, "Z/8000")].into_iter());
        assert_eq!(types.of("Telephone-Event/8000".to_owned(), 101), Some(96));
        assert_eq!(types.of("opus/48000/2".to_owned(), 96), Some(98));
        assert_eq!(types.of("telephone-event/48000".to_owned(), 101), Some(102));
        assert_eq!(types.of("x/8000".to_owned(), 96), Some(97));
        for n in 0..27 {
            assert!(types.of(format!("L{n}/8000"), 120).is_some(), "{n}");
        }
        assert_eq!(types.of("one too many/8000".to_owned(), 96), None);
    }
}
