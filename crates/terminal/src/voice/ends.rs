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
