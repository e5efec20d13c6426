//! `score SAID HEARD`: how much of speech is left, from 1 (nothing) to 5 (all): MOS-LQO by ViSQOL 3.1 in
//! its mode for speech. Both are WAV files of one channel at 16 kHz.

use std::error::Error;
use visqol_rs::constants::{DEFAULT_WINDOW_SIZE, NUM_BANDS_SPEECH};
use visqol_rs::variant::Variant;
use visqol_rs::visqol_manager::VisqolManager;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [said, heard] = arguments.as_slice() else {
        return Err("usage: score SAID HEARD".into());
    };
    let speech = Variant::Wideband { use_unscaled_mos_mapping: false };
    let mut visqol = VisqolManager::<NUM_BANDS_SPEECH>::new(speech, DEFAULT_WINDOW_SIZE);
    println!("{:.2}", visqol.run(said, heard)?.moslqo);
    Ok(())
}
