//! The two ends of a call in which an agent speaks.

use super::seat::Seat;
use media_ctl::audio::{AudioSink, AudioSource, Ends};
use std::io;
use std::sync::Arc;

/// What the agent says: silence where nothing waits, since a line that sends nothing may be taken for
/// dead, and gateways forget it.
struct Mouth {
    seat: Arc<Seat>,
    rate: u32,
}

/// What the agent hears.
struct Ear {
    seat: Arc<Seat>,
    rate: u32,
}

/// Source and sink of a call for whoever has this seat.
pub(crate) fn ends(seat: &Arc<Seat>) -> Ends {
    let rate = seat.rate();
    let mouth = Mouth { seat: Arc::clone(seat), rate };
    Ends { source: Box::new(mouth), sink: Box::new(Ear { seat: Arc::clone(seat), rate }) }
}

impl AudioSource for Mouth {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn is_guest(&self) -> bool {
        true
    }

    fn read(&mut self, frame: &mut [i16]) -> usize {
        self.seat.play(frame);
        frame.len()
    }
}

impl AudioSink for Ear {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        self.seat.hear(frame);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::Draft;
    use media_ctl::audio::{Sides, record};

    #[test]
    fn an_agent_is_a_guest_where_calls_are_brought_together_recorded_or_not() {
        let seat = Arc::new(Seat::default());
        seat.hello(1, 8_000).unwrap();
        let Ends { source, sink } = ends(&seat);
        assert!(source.is_guest());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.wav");
        let part = Box::new(Draft::part(&path).unwrap());
        let recorded = record((source, Some(sink)), Sides::Both, &path, part).unwrap();
        assert!(recorded.source.is_guest());
    }
}
