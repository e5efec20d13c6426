//! Documents of event packages: what is read is written, and read back the same; documents that are
//! put together hold no more than one may.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip_core::packages::dialog_info::{DialogInfo, Dialogs};
use sip_core::packages::presence::Presence;
use sip_core::packages::reg_info::{RegInfo, Registrations};
use sip_core::packages::{Applied, MessageSummary};

/// Longer documents may be too long once their quotation marks are escaped.
const LONGEST: usize = 8 * 1_024;

/// What a table holds at most.
const MOST: usize = 1_024;

fuzz_target!(|octets: &[u8]| {
    if octets.len() > LONGEST {
        return;
    }
    let _ = MessageSummary::parse(octets);
    match Presence::parse(octets) {
        Ok(presence) => assert_eq!(Presence::parse(&presence.to_body()), Ok(presence)),
        Err(why) => assert!(why.at <= octets.len() && why.found.len() < 2_048),
    }
    // Several documents of one subscription stand behind one another.
    let (mut dialogs, mut registrations) = (Dialogs::default(), Registrations::default());
    for part in octets.split(|octet| *octet == 0) {
        if let Ok(document) = DialogInfo::parse(part) {
            assert_eq!(DialogInfo::parse(&document.to_body()), Ok(document.clone()));
            let applied = dialogs.apply(document.clone());
            assert!(dialogs.rows().len() <= MOST);
            assert!(applied != Applied::Gap || !dialogs.is_complete());
            assert_eq!(dialogs.apply(document), Applied::Old);
        }
        if let Ok(document) = RegInfo::parse(part) {
            assert_eq!(RegInfo::parse(&document.to_body()), Ok(document.clone()));
            let applied = registrations.apply(document.clone());
            let held: usize = registrations.rows().iter().map(|it| 1 + it.contacts.len()).sum();
            assert!(held <= MOST);
            assert!(applied != Applied::Gap || !registrations.is_complete());
            assert_eq!(registrations.apply(document), Applied::Old);
        }
    }
});
