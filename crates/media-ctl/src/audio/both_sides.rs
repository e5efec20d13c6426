//! A call recorded from both ends: what is said and what is heard, side by side, each at its time.
//!
//! ```text
//!   source ── read ──┬──▶ the line      every 20 ms the line plays a frame, then says one: the two
//!                    ▼                  are written together when the next is played, and silence
//!                said ─┐                for what was not said
//!               heard ─┴▶ WavSink
//!                    ▲
//!   sink ◀── write ──┴─── the line
//! ```

use super::{AudioSink, AudioSource, Converter, Ends, Recording, WavError, WavSink, frame_samples};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Samples a second of such recordings: what wideband codecs carry.
const RATE: u32 = 16_000;

/// Which sides of a call are recorded, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sides {
    /// Stereo: what is heard on the left, what is said on the right.
    #[default]
    Both,
    /// Both in one channel.
    Mixed,
    /// What is heard alone, in one channel.
    Heard,
}

/// Records a call to `recording`, which is for `path`, at 16 kHz and 16 bits, and gives the ends that
/// are to stand in the place of `source` and `sink`; without a sink nobody else hears it.
///
/// As [`WavSink`], it is flushed every second, and gets its place when the session stops.
///
/// # Errors
/// It cannot be written to.
pub fn record(
    (source, sink): (Box<dyn AudioSource>, Option<Box<dyn AudioSink>>), sides: Sides, path: &Path,
    recording: Box<dyn Recording>,
) -> Result<Ends, WavError> {
    let channels = if sides == Sides::Both { 2 } else { 1 };
    let wav = WavSink::interleaved(path, recording, RATE, channels)?;
    let heard_at = sink.as_ref().map_or(RATE, |sink| sink.rate());
    let tape = Tape {
        wav,
        sides,
        said: Side::new(source.rate()),
        heard: Side::new(heard_at),
        written: Vec::new(),
    };
    let tape = Arc::new(Mutex::new(tape));
    let ear = Ear { sink, rate: heard_at, tape: Arc::clone(&tape) };
    Ok(Ends { source: Box::new(Mouth { source, tape }), sink: Box::new(ear) })
}

/// What both ends write to.
struct Tape {
    wav: WavSink,
    sides: Sides,
    said: Side,
    heard: Side,
    /// The frame that is being written.
    written: Vec<i16>,
}

/// One side, and the frame of it that waits to be written.
struct Side {
    converter: Converter,
    frame: Vec<i16>,
    waits: bool,
}

impl Side {
    fn new(rate: u32) -> Self {
        Self { converter: Converter::new(rate, RATE), frame: Vec::new(), waits: false }
    }

    fn take(&mut self, frame: &[i16]) {
        self.converter.convert(frame, &mut self.frame);
        self.waits = true;
    }

    /// The samples that wait, or silence in their place.
    fn samples(&mut self) -> impl Iterator<Item = i16> {
        let frame: &[i16] = if std::mem::take(&mut self.waits) { &self.frame } else { &[] };
        frame.iter().copied().chain(std::iter::repeat(0)).take(frame_samples(RATE))
    }
}

impl Tape {
    /// Writes the frame that waits on either side.
    fn write(&mut self) -> io::Result<()> {
        if !self.heard.waits {
            return Ok(());
        }
        self.written.clear();
        let pairs = self.heard.samples().zip(self.said.samples());
        match self.sides {
            Sides::Both => self.written.extend(pairs.flat_map(|(heard, said)| [heard, said])),
            Sides::Mixed => {
                self.written.extend(pairs.map(|(heard, said)| heard.saturating_add(said)));
            }
            Sides::Heard => self.written.extend(pairs.map(|(heard, _)| heard)),
        }
        self.wav.write(&self.written)
    }
}

/// The source, overheard.
struct Mouth {
    source: Box<dyn AudioSource>,
    tape: Arc<Mutex<Tape>>,
}

/// The sink, overheard, where there is one.
struct Ear {
    sink: Option<Box<dyn AudioSink>>,
    rate: u32,
    tape: Arc<Mutex<Tape>>,
}

fn lock(tape: &Mutex<Tape>) -> MutexGuard<'_, Tape> {
    tape.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AudioSource for Mouth {
    fn rate(&self) -> u32 {
        self.source.rate()
    }

    fn is_guest(&self) -> bool {
        self.source.is_guest()
    }

    fn read(&mut self, frame: &mut [i16]) -> usize {
        let count = self.source.read(frame);
        if let Some(rest) = frame.get_mut(count..) {
            rest.fill(0);
        }
        lock(&self.tape).said.take(frame);
        count
    }
}

impl AudioSink for Ear {
    fn rate(&self) -> u32 {
        self.rate
    }

    fn write(&mut self, frame: &[i16]) -> io::Result<()> {
        let heard = self.sink.as_mut().map_or(Ok(()), |sink| sink.write(frame));
        let mut tape = lock(&self.tape);
        let written = tape.write();
        tape.heard.take(frame);
        heard.and(written)
    }

    fn finish(&mut self) -> io::Result<()> {
        let heard = self.sink.as_mut().map_or(Ok(()), |sink| sink.finish());
        let mut tape = lock(&self.tape);
        let written = tape.write();
        let finished = tape.wav.finish();
        heard.and(finished).and(written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Silence, Speech, read_wav, similarity};
    use hound::WavReader;
    use std::fs::File;
    use std::io::{Seek, SeekFrom, Write};
    use std::path::PathBuf;

    /// A file that has its name already.
    struct Named(File);

    impl Write for Named {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.write(octets)
        }

        fn flush(&mut self) -> io::Result<()> {
            self.0.flush()
        }
    }

    impl Seek for Named {
        fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
            self.0.seek(to)
        }
    }

    impl Recording for Named {
        fn keep(self: Box<Self>) -> io::Result<()> {
            Ok(())
        }
    }

    struct Call {
        mouth: Box<dyn AudioSource>,
        ear: Box<dyn AudioSink>,
        path: PathBuf,
        _folder: tempfile::TempDir,
    }

    fn call(sides: Sides) -> Call {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("call.wav");
        let file = Box::new(Named(File::create(&path).unwrap()));
        let ends = (Box::new(Speech::new(1)) as Box<dyn AudioSource>, None);
        let Ends { source: mouth, sink: ear } = record(ends, sides, &path, file).unwrap();
        Call { mouth, ear, path, _folder: folder }
    }

    impl Call {
        /// What a line does in so many frames; where it is muted, it does not read its source.
        fn goes_on(&mut self, frames: usize, hears: &mut dyn AudioSource, muted: bool) {
            let (mut heard, mut said) = (vec![0; frame_samples(self.ear.rate())], [0; 160]);
            for _ in 0..frames {
                hears.read(&mut heard);
                self.ear.write(&heard).unwrap();
                if !muted {
                    self.mouth.read(&mut said);
                }
            }
        }

        fn channels(&self) -> [Vec<i16>; 2] {
            let samples: Vec<i16> =
                WavReader::open(&self.path).unwrap().into_samples().map(Result::unwrap).collect();
            [0, 1].map(|side| samples.iter().copied().skip(side).step_by(2).collect())
        }
    }

    /// Every other sample: 8 kHz of 16.
    fn halved(samples: &[i16]) -> Vec<i16> {
        samples.iter().copied().step_by(2).collect()
    }

    #[test]
    fn either_side_is_at_its_time_while_the_other_is_silent() {
        let mut call = call(Sides::Both);
        assert_eq!(call.ear.rate(), RATE);
        call.goes_on(100, &mut Silence, false);
        call.goes_on(50, &mut Silence, true);
        call.goes_on(100, &mut Silence, false);
        call.ear.finish().unwrap();
        let [heard, said] = call.channels();
        assert_eq!((heard.len(), said.len()), (250 * 320, 250 * 320));
        assert!(heard.iter().all(|sample| *sample == 0));
        // The filter rings on for a moment.
        assert!(said[100 * 320 + 600..149 * 320].iter().all(|sample| *sample == 0));
        let speech = Speech::samples(1, 200 * 160);
        let said = halved(&said);
        for (of, at) in [(&speech[..100 * 160], 0), (&speech[100 * 160..], 150 * 160)] {
            let there = &said[at..at + 100 * 160];
            assert!(similarity(of, there) > 0.9, "{}", similarity(of, there));
        }
    }

    #[test]
    fn what_is_heard_is_on_the_left_and_may_be_alone_or_mixed() {
        for (sides, alone) in [(Sides::Both, false), (Sides::Mixed, false), (Sides::Heard, true)] {
            let mut call = call(sides);
            let heard = &mut Speech::new(2);
            call.goes_on(200, heard, false);
            call.ear.finish().unwrap();
            let mut wide = vec![0; 200 * 320];
            Speech::new(2).read(&mut wide);
            let left = if sides == Sides::Both {
                call.channels()[0].clone()
            } else {
                WavReader::open(&call.path).unwrap().into_samples().map(Result::unwrap).collect()
            };
            let like = similarity(&halved(&wide), &halved(&left));
            assert_eq!(like > 0.99, sides != Sides::Mixed, "{sides:?}: {like}");
            let all = read_wav(&call.path).unwrap();
            let like = similarity(&Speech::samples(1, 200 * 160), &all);
            assert_eq!(like > 0.3, !alone, "{sides:?}: {like}");
        }
    }

    #[test]
    fn what_is_there_can_be_read_while_it_goes_on() {
        let mut call = call(Sides::Both);
        call.goes_on(101, &mut Silence, false);
        let [heard, said] = call.channels();
        assert_eq!((heard.len(), said.len()), (100 * 320, 100 * 320));
        let like = similarity(&Speech::samples(1, 100 * 160), &halved(&said));
        assert!(like > 0.9, "{like}");
    }
}
