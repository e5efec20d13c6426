//! A registration that is ended in between, that a registrar will not have, or whose connection
//! lasted.

use crate::answers::scripted;
use crate::double::{CHALLENGE, Double, Script, When};
use crate::flows::{accept, listen, read};
use crate::raw::{Raw, field, response};
use crate::registrations::{again, config, failed, over};
use crate::world::{Side, World};
use sip_core::manager::{Event, RegisterConfig};
use ssa::Open;
use std::sync::Arc;
use std::time::Duration;

/// Alice, who takes two seconds for her credentials, what is asked of her security manager, and her
/// registrar.
fn slow() -> (World, Side, Arc<Double>, Raw) {
    let sign = When::After(Duration::from_secs(2));
    scripted(Script { sign, ..Script::default() })
}

/// The next REGISTER, and its CSeq.
async fn next(alice: &Side, raw: &mut Raw) -> (String, u32) {
    let register = again(alice, raw).await.1;
    let cseq = field(&register, "CSeq").split(' ').next().unwrap().parse().unwrap();
    (register, cseq)
}

#[test]
fn a_registration_that_is_ended_while_it_is_signed_sends_nothing_more() {
    let (world, mut alice, double, mut raw) = slow();
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let (register, _) = next(&alice, &mut raw).await;
        raw.send(&response(&register, "401 Unauthorized", CHALLENGE));
        raw.sleep(Duration::from_secs(1)).await;
        alice.endpoint.unregister(id).unwrap();
        let since = alice.runtime.now();
        assert_eq!(alice.next().await, over(id, false));
        assert!(alice.runtime.now() - since < Duration::from_millis(500), "at once");
        assert_eq!(double.count("authorize dropped"), 1);
        raw.sleep(Duration::from_secs(5)).await;
        assert_eq!(raw.receive().await, None);
    });
    alice.assert_empty();
}

#[test]
fn what_takes_a_registration_back_counts_on_from_all_that_has_left() {
    let (world, mut alice, _, mut raw) = slow();
    world.run(async {
        let id = alice.endpoint.register(config()).unwrap();
        let (register, _) = next(&alice, &mut raw).await;
        raw.send(&response(&register, "200 OK", "Expires: 60\r\n"));
        assert!(matches!(alice.next().await, Event::Registered { .. }));
        let mut last = 0;
        for _ in 0..2 {
            let (refresh, cseq) = next(&alice, &mut raw).await;
            raw.send(&response(&refresh, "401 Unauthorized", CHALLENGE));
            last = cseq;
        }
        // The third try is being signed.
        raw.sleep(Duration::from_secs(1)).await;
        alice.endpoint.unregister(id).unwrap();
        let (back, cseq) = next(&alice, &mut raw).await;
        assert_eq!(field(&back, "Expires"), "0");
        assert!(cseq > last, "{cseq} after {last}");
        raw.send(&response(&back, "200 OK", ""));
        assert_eq!(alice.next().await, over(id, true));
    });
}

/// RFC 3261 §21.4.5, §21.6.
#[test]
fn who_is_not_known_there_does_not_ask_again_soon() {
    for (status, code) in [("404 Not Found", 404), ("603 Decline", 603)] {
        let world = World::perfect();
        let mut alice = world.side(1, Arc::new(Open));
        let mut raw = Raw::to_alice(&world, 9);
        world.run(async {
            alice.endpoint.register(config()).unwrap();
            let register = raw.receive().await.unwrap();
            raw.send(&response(&register, status, ""));
            failed(&mut alice, code).await;
            let (waited, _) = again(&alice, &mut raw).await;
            assert!((900..=1800).contains(&waited), "{waited} s after {status}");
        });
    }
}

#[test]
fn an_interval_too_brief_that_asks_for_what_it_got_is_a_failure() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut raw = Raw::to_alice(&world, 9);
    world.run(async {
        alice.endpoint.register(config()).unwrap();
        let register = raw.receive().await.unwrap();
        raw.send(&response(&register, "423 Interval Too Brief", "Min-Expires: 600\r\n"));
        failed(&mut alice, 423).await;
        assert_eq!(raw.receive().await, None);
    });
}

/// RFC 5626 §4.5.
#[test]
fn a_connection_that_lasted_forgets_the_failures_before_it() {
    let world = World::perfect();
    let mut alice = world.side(1, Arc::new(Open));
    let mut registrar = listen(&world, 9);
    let registrar_uri = "sip:192.0.2.9;transport=tcp".to_owned();
    world.run(async {
        let wanted = RegisterConfig { registrar: registrar_uri, ..config() };
        alice.endpoint.register(wanted).unwrap();
        let mut waits = Vec::new();
        for answered in [500, 500, 500, 200, 500, 500] {
            let since = alice.runtime.now();
            let mut connection = accept(&mut *registrar).await;
            waits.push((alice.runtime.now() - since).as_secs());
            let register = read(&mut connection).await;
            if answered == 200 {
                let ok = response(&register, "200 OK", "Expires: 600\r\n");
                connection.write_all(ok.as_bytes()).await.unwrap();
                assert!(matches!(alice.next().await, Event::Registered { .. }));
                alice.sleep(Duration::from_secs(150)).await;
            } else {
                let refused = response(&register, "500 Server Internal Error", "");
                connection.write_all(refused.as_bytes()).await.unwrap();
                failed(&mut alice, answered).await;
            }
        }
        let longest = [1, 30, 60, 120, 4, 30];
        let most = waits.iter().zip(longest);
        assert!(most.clone().all(|(waited, most)| *waited <= most), "{waits:?}");
    });
}
