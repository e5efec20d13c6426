//! What an agent is told and hears, until it reads: never more than so much.

use super::frame::Frame;
use super::limits::{BEHIND, OBJECTS, OCTETS};
use std::collections::VecDeque;

/// What waits to be read, in order.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    frames: VecDeque<Frame>,
    /// Frames of audio among them.
    audio: usize,
    /// Octets of the objects among them.
    octets: usize,
    /// Frames of audio that were dropped, and nobody was told of.
    dropped: usize,
}

/// What is to be written next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This.
    Frame(Frame),
    /// That so many frames of audio were dropped, before what follows.
    Dropped(usize),
}

impl Outbox {
    /// Takes a frame of audio; where too many wait, the oldest goes.
    pub(super) fn hear(&mut self, samples: &[i16]) {
        let is_audio = |frame: &Frame| matches!(frame, Frame::Audio(_));
        if self.audio == BEHIND
            && let Some(at) = self.frames.iter().position(is_audio)
        {
            self.frames.remove(at);
            self.dropped += 1;
        } else {
            self.audio += 1;
        }
        self.frames.push_back(Frame::Audio(samples.to_vec()));
    }

    /// Takes an object; `false` where too many wait.
    pub(super) fn tell(&mut self, object: Vec<u8>) -> bool {
        let fits = self.frames.len() - self.audio < OBJECTS
            && object.len() <= OCTETS.saturating_sub(self.octets);
        if fits {
            self.octets += object.len();
            self.frames.push_back(Frame::Json(object));
        }
        fits
    }

    /// What is to be written next.
    pub(super) fn next(&mut self) -> Option<Next> {
        match self.frames.front()? {
            Frame::Audio(_) if self.dropped > 0 => {
                return Some(Next::Dropped(std::mem::take(&mut self.dropped)));
            }
            Frame::Audio(_) => self.audio -= 1,
            Frame::Json(object) => self.octets -= object.len(),
        }
        self.frames.pop_front().map(Next::Frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_audio_is_dropped_and_told_of_and_objects_stay_in_their_place() {
        let mut outbox = Outbox::default();
        outbox.hear(&[0]);
        assert!(outbox.tell(b"first".to_vec()));
        for n in 1..=BEHIND as i16 + 2 {
            outbox.hear(&[n]);
        }
        assert_eq!(outbox.frames.len(), BEHIND + 1);
        assert_eq!(outbox.next(), Some(Next::Frame(Frame::Json(b"first".to_vec()))));
        assert_eq!(outbox.next(), Some(Next::Dropped(3)));
        for n in 3..=BEHIND as i16 + 2 {
            assert_eq!(outbox.next(), Some(Next::Frame(Frame::Audio(vec![n]))));
        }
        assert_eq!(outbox.next(), None);
    }

    #[test]
    fn so_many_objects_wait_and_no_more() {
        let mut outbox = Outbox::default();
        outbox.hear(&[0]);
        assert!((0..OBJECTS).all(|_| outbox.tell(b"{}".to_vec())));
        assert!(!outbox.tell(b"{}".to_vec()));
        outbox.hear(&[1]);
        assert_eq!(outbox.frames.len(), OBJECTS + 2);
    }

    #[test]
    fn so_many_octets_of_objects_wait_and_no_more() {
        let mut outbox = Outbox::default();
        assert!(outbox.tell(vec![b' '; OCTETS - 1]));
        assert!(outbox.tell(vec![b' '; 1]));
        assert!(!outbox.tell(vec![b' '; 1]));
        // What was read makes room.
        assert!(outbox.next().is_some());
        assert!(!outbox.tell(vec![b' '; OCTETS]));
        assert!(outbox.tell(vec![b' '; OCTETS - 1]));
    }
}
