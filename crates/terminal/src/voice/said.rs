//! What an agent has sent to be said, until it is: so much of it, marked where the agent wants to
//! know how far it came.

use super::limits::AHEAD;
use std::collections::VecDeque;

/// What waits to be said in one call.
#[derive(Debug, Default)]
pub(super) struct Said {
    samples: VecDeque<i16>,
    /// Where marks stand, in samples from the start of the call, in order.
    marks: VecDeque<(u64, String)>,
    /// Samples that were said.
    played: u64,
}

/// What a flush left unsaid.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Flushed {
    /// Samples.
    pub(super) discarded: usize,
    /// Marks that were not reached.
    pub(super) marks: Vec<String>,
}

impl Said {
    /// Samples that are still taken, at this rate.
    pub(super) fn room(&self, rate: u32) -> usize {
        ((rate * AHEAD) as usize).saturating_sub(self.samples.len())
    }

    /// Takes samples; whoever calls this has looked whether there is room.
    pub(super) fn take(&mut self, samples: &[i16]) {
        self.samples.extend(samples);
    }

    /// Marks the end of what was taken until now; whoever calls this has looked how many wait.
    pub(super) fn mark(&mut self, name: String) {
        self.marks.push_back((self.played + self.samples.len() as u64, name));
    }

    /// Marks that wait.
    pub(super) fn marks(&self) -> usize {
        self.marks.len()
    }

    /// Says the next frame: what there is, and silence.
    pub(super) fn play(&mut self, frame: &mut [i16]) {
        let count = frame.len().min(self.samples.len());
        let silence = std::iter::repeat(0);
        for (to, from) in frame.iter_mut().zip(self.samples.drain(..count).chain(silence)) {
            *to = from;
        }
        self.played += count as u64;
    }

    /// The next mark that was reached.
    pub(super) fn reached(&mut self) -> Option<String> {
        let (at, _) = self.marks.front()?;
        if *at > self.played {
            return None;
        }
        self.marks.pop_front().map(|(_, name)| name)
    }

    /// Samples that were said.
    pub(super) const fn played(&self) -> u64 {
        self.played
    }

    /// Leaves unsaid what waits.
    pub(super) fn flush(&mut self) -> Flushed {
        let discarded = self.samples.len();
        self.samples.clear();
        Flushed { discarded, marks: self.marks.drain(..).map(|(_, name)| name).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_is_said_once_in_order_and_then_there_is_silence() {
        let mut said = Said::default();
        said.take(&[1, 2, 3]);
        said.take(&[4]);
        let mut frame = [9; 3];
        said.play(&mut frame);
        assert_eq!((frame, said.played()), ([1, 2, 3], 3));
        said.play(&mut frame);
        assert_eq!((frame, said.played()), ([4, 0, 0], 4));
        said.play(&mut frame);
        assert_eq!((frame, said.played()), ([0, 0, 0], 4));
    }

    #[test]
    fn a_mark_is_reached_when_what_came_before_it_is_said() {
        let mut said = Said::default();
        said.take(&[1; 5]);
        said.mark("five".to_owned());
        said.mark("too".to_owned());
        let mut frame = [0; 4];
        said.play(&mut frame);
        assert_eq!(said.reached(), None);
        said.play(&mut frame);
        assert_eq!(
            (said.reached(), said.reached()),
            (Some("five".to_owned()), Some("too".to_owned()))
        );
        assert_eq!(said.reached(), None);
        // Where nothing waits, it is reached at once.
        said.mark("now".to_owned());
        assert_eq!(said.reached().as_deref(), Some("now"));
    }

    #[test]
    fn what_is_flushed_is_not_said_and_what_follows_is() {
        let mut said = Said::default();
        said.take(&[1; 100]);
        said.mark("end".to_owned());
        let mut frame = [0; 10];
        said.play(&mut frame);
        assert_eq!(said.flush(), Flushed { discarded: 90, marks: vec!["end".to_owned()] });
        said.take(&[2; 10]);
        said.mark("next".to_owned());
        said.play(&mut frame);
        assert_eq!((frame, said.played()), ([2; 10], 20));
        assert_eq!(said.reached().as_deref(), Some("next"));
    }

    #[test]
    fn half_a_minute_is_taken_at_any_rate() {
        let mut said = Said::default();
        assert_eq!((said.room(8_000), said.room(48_000)), (240_000, 1_440_000));
        said.take(&[0; 239_000]);
        assert_eq!(said.room(8_000), 1_000);
        said.play(&mut [0; 160]);
        assert_eq!(said.room(8_000), 1_160);
    }
}
