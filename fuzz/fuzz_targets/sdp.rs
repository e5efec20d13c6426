//! Session descriptions, as an offer and as an answer: what is agreed to can be read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use media_ctl::sdp::grammar::Sections;
use media_ctl::sdp::{Description, MAX_MEDIA_LINES};
use media_ctl::{MediaConfig, Seed, Session};
use ssm::{Call, Open};

fn session() -> Session {
    let config = MediaConfig::new(Call(1), [192, 0, 2, 1].into(), Seed::new([1; Seed::LENGTH]));
    Session::new(config, 40_000, 40_001)
}

fuzz_target!(|body: &[u8]| {
    if let Ok(description) = Description::parse(body) {
        assert!(description.lines().len() <= MAX_MEDIA_LINES);
    }
    let sections = Sections::parse(body);
    if let Ok(sections) = &sections {
        assert!(sections.media.len() <= MAX_MEDIA_LINES);
    }
    match session().answer(&Open, body) {
        Ok(answer) => {
            Description::parse(&answer).expect("our own answer");
            // A line that is rejected goes back as it came.
            if sections.is_ok() {
                Sections::parse(&answer).expect("our own answer, by the grammar");
            }
        }
        Err(error) => assert!(matches!(error.status(), 400 | 488)),
    }
    let mut caller = session();
    caller.offer(&Open).expect("an offer");
    let _ = caller.accept_answer(&Open, body);
});
