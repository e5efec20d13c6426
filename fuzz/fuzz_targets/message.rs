//! A datagram: everything that can be asked of a message is asked; what is read is in the buffer;
//! the response that it is owed can be read itself.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sip_core::inspect::{Kind, inspect};
use sip_core::{Capabilities, Limits, Message, ResponseBuilder, validate};
use std::net::{Ipv4Addr, SocketAddr};

const SOURCE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5060);

fuzz_target!(|octets: &[u8]| {
    let capabilities = Capabilities::default();
    let _ = inspect(Kind::Message, octets, &capabilities);
    let Ok(message) = Message::parse(Bytes::copy_from_slice(octets), &Limits::default()) else {
        return;
    };
    let read: usize = message.fields().map(|(name, value)| name.len() + value.len()).sum();
    assert!(read + message.body().len() <= octets.len());

    let again = Message::parse(message.as_bytes().clone(), &Limits::default()).expect("read once");
    assert!(again.fields().eq(message.fields()));
    assert_eq!(again.body(), message.body());

    if let Some(status) = validate(&message, &capabilities).owed(&message) {
        let response = ResponseBuilder::to(&message, status, "").to_tag("tag").received(SOURCE);
        let response = response.build();
        Message::parse(response, &Limits::default()).expect("a response of ours");
    }
});
