//! A stream: however its octets are cut up, the same comes out. The first octet says how large the
//! pieces are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip_core::{FrameError, Framed, Limits, StreamFramer};

#[derive(Debug, PartialEq)]
enum Out {
    Message(Vec<u8>),
    KeepAlive,
    Lost(FrameError),
}

fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Out> {
    let mut framer = StreamFramer::new(Limits::default());
    let mut out = Vec::new();
    for piece in pieces {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(Framed::Message(message))) => {
                    out.push(Out::Message(message.as_bytes().to_vec()));
                }
                Ok(Some(Framed::KeepAlive)) => out.push(Out::KeepAlive),
                Ok(None) => break,
                Err(error) => {
                    out.push(Out::Lost(error));
                    return out;
                }
            }
        }
    }
    out
}

fuzz_target!(|octets: &[u8]| {
    if let Some((size, stream)) = octets.split_first() {
        let whole = read(std::iter::once(stream));
        assert_eq!(read(stream.chunks(1 + usize::from(*size))), whole);
    }
});
