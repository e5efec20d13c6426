//! URIs, and the header values that hold them: a URI equals itself, and its parts are in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sip_core::inspect::{Kind, inspect};
use sip_core::{Capabilities, NameAddr, Uri, Via};

fuzz_target!(|octets: &[u8]| {
    let capabilities = Capabilities::default();
    for kind in [Kind::Uri, Kind::NameAddr, Kind::Header, Kind::StartLine] {
        let _ = inspect(kind, octets, &capabilities);
    }
    if let Ok(uri) = Uri::parse(octets) {
        // RFC 3261 §19.1.1: a parameter may not occur twice; one that does is not even like itself.
        let names: Vec<_> = uri.params().iter().map(|it| it.name.to_ascii_lowercase()).collect();
        let once = names.iter().all(|name| names.iter().filter(|it| *it == name).count() == 1);
        assert!(!once || uri.matches(&uri));
        let parts = [uri.user(), uri.password()].into_iter().flatten().map(<[u8]>::len);
        assert!(parts.sum::<usize>() <= octets.len());
        assert!(octets.starts_with(uri.without_params()));
    }
    if let Ok(address) = NameAddr::parse(octets) {
        let shown = address.display_text().map_or(0, |text| text.octets().count());
        assert!(shown + address.tag().map_or(0, <[u8]>::len) <= octets.len());
    }
    if let Ok(via) = Via::parse(octets) {
        assert!(via.same_sent_by(&via));
        let _ = (via.has_unique_branch(), via.received(), via.rport(), via.has_alias());
    }
});
