//! What is not done any more once the library has panicked.

use super::*;
use crate::transport::ice::tests::{US, agreed, check, controlled, from, host, refusal, start};
use rice_proto::candidate::TcpType;

/// Checks with a peer that has told of no candidate.
fn checks() -> (Checks, Instant) {
    let (now, agreed) = (start(), agreed(false, Vec::new()));
    let (allowance, clock) = (Allowance::default(), Clock::new(now));
    (Checks::new(&agreed, Channel::Rtp, &allowance, clock, now).unwrap(), now)
}

/// It nominates, refuses to be controlled, and then controls no more: the library starts a check twice.
/// RFC 7675 §5.1: nothing is sent without consent, be a question due in the very step.
#[test]
fn who_has_failed_asks_for_no_consent_in_the_same_step() {
    let (mut checks, began) = checks();
    let peer = from(host(2, 5000));
    checks.on_message(began, peer, &check(US, 'h', true)).unwrap();
    checks.on_timeout(began + Duration::from_millis(60));
    let ours = std::iter::from_fn(|| checks.poll_message()).last().unwrap();
    checks.on_message(began, peer, &refusal(&ours, 487)).unwrap();
    checks.on_message(began, peer, &controlled(1)).unwrap();
    checks.choose(began, host(1, 4000), host(2, 5000));
    checks.on_timeout(began + Duration::from_secs(6));
    assert_eq!(checks.standing(), Standing::Failed);
    assert_eq!((checks.poll_message(), checks.due()), (None, None));
}

/// The library takes in nothing while something is left that came by TCP, which nothing of ours does.
#[test]
fn who_has_the_library_panic_by_a_message_ends_its_own_line_at_most() {
    let (mut checks, now) = checks();
    let (at, peer) = (host(1, 4000), from(host(2, 5000)));
    let tcp =
        library::Candidate::builder(COMPONENT, CandidateType::Host, TransportType::Tcp, "9", at);
    let tcp = tcp.tcp_type(TcpType::Passive).base_address(at).build();
    let moment = checks.moment(now);
    let mut stream = checks.machine.mut_stream(STREAM).unwrap();
    stream.add_local_candidate(tcp);
    let check = check(US, 'h', false);
    for octets in [&check[..], b"audio"] {
        // RFC 4571 §2.
        let framed = [&(octets.len() as u16).to_be_bytes(), octets].concat();
        let came = Transmit::new(framed, TransportType::Tcp, peer.source, at);
        stream.handle_incoming_data(COMPONENT, came, moment);
    }
    assert_eq!(checks.on_message(now, peer, &check), Ok(()));
    assert_eq!(checks.standing(), Standing::Failed);
    assert_eq!(checks.on_message(now, peer, &check), Err(Reason::Unexpected));
    assert_eq!((checks.poll_message(), checks.due()), (None, None));
}
