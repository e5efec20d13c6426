//! The client, and servers that are none of ours.

use super::*;
use std::collections::BTreeSet;

#[tokio::test]
async fn the_client_keeps_the_contract() {
    let place = Place::new();
    let listener = Listener::bind(&place.socket()).unwrap();
    let double = Arc::new(Double::new(&Directory::new(1), Arc::new(|| 1_700_000_000)));
    let (stop, stopped) = oneshot::channel::<()>();
    let administration: Arc<dyn KeyAdministration> = double.clone();
    let server = serve(listener, double, Some(administration), async {
        let _ = stopped.await;
    });
    let server = tokio::spawn(server);
    let client = place.client();
    assert_eq!(sma::conformance::run(&client, Some(&client)).await, []);
    stop.send(()).unwrap();
    server.await.unwrap();
    assert!(!place.socket().exists());
    assert_eq!(client.identities().await, Err(Error::Unavailable));
}

#[tokio::test]
async fn g20_a_missing_or_refusing_socket_is_unavailable_at_once() {
    let place = Place::new();
    let asked = Instant::now();
    assert_eq!(place.client().identities().await, Err(Error::Unavailable));
    drop(UnixListener::bind(place.socket()).unwrap());
    assert_eq!(place.client().identities().await, Err(Error::Unavailable));
    assert!(asked.elapsed() < Duration::from_millis(500));
}

#[tokio::test]
async fn g21_a_silent_application_is_a_deadline() {
    let place = Place::new();
    let _server = start(&place, Arc::new(Hanging::new()));
    let client = place.hasty_client();
    assert_eq!(client.identities().await, Err(Error::Deadline));
}

#[tokio::test]
async fn the_usual_deadlines_are_those_of_the_design() {
    let place = Place::new();
    let _listener = UnixListener::bind(place.socket()).unwrap();
    let asked = Instant::now();
    assert_eq!(place.client().identities().await, Err(Error::Deadline));
    assert!((2000..2300).contains(&asked.elapsed().as_millis()));
    assert_eq!(Deadlines::default().sign, Duration::from_secs(5));
    assert_eq!(Deadlines::attended().sign, Duration::from_secs(60));
}

#[tokio::test]
async fn the_client_connects_again_after_a_restart() {
    let place = Place::new();
    let client = place.client();
    for _ in 0..3 {
        let server = start(&place, Arc::new(double().0));
        assert_eq!(client.identities().await.unwrap().len(), 1);
        drop(server);
        until("the socket is gone", || !place.socket().exists()).await;
    }
    assert_eq!(client.identities().await, Err(Error::Unavailable));
}

#[tokio::test]
async fn a_dropped_question_is_cancelled_in_the_application() {
    let place = Place::new();
    let hanging = Arc::new(Hanging::new());
    let _server = start(&place, hanging.clone());
    let client = place.client();
    let question = client.identities();
    tokio::select! {
        _ = question => panic!("it answered"),
        () = until("the job runs", || hanging.waiting() == 1) => {}
    }
    until("the job is dropped", || hanging.waiting() == 0).await;
}

#[tokio::test]
async fn g23_wrong_and_duplicate_replies_are_discarded() {
    let answer = against(|mut stream, question| async move {
        send(&mut stream, [0xEE; 16], no_keys()).await;
        send(&mut stream, question.id, no_keys()).await;
        send(&mut stream, question.id, no_keys()).await;
        receive(&mut stream).await;
    });
    assert_eq!(answer.await, Ok(Vec::new()));
}

#[tokio::test]
async fn g23_a_late_reply_is_discarded_and_the_connection_goes_on() {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let _server = Running(tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let late = receive(&mut stream).await;
        let cancel = receive(&mut stream).await;
        assert!(cancel.id == late.id && cancel.body == Body::Cancel);
        send(&mut stream, late.id, Body::Answer(Err(Error::Locked))).await;
        let next = receive(&mut stream).await;
        assert!(next.id != late.id);
        send(&mut stream, late.id, Body::Answer(Err(Error::Locked))).await;
        send(&mut stream, next.id, no_keys()).await;
        std::future::pending::<()>().await;
    }));
    let client = place.hasty_client();
    assert_eq!(client.identities().await, Err(Error::Deadline));
    assert_eq!(client.identities().await, Ok(Vec::new()));
}

#[tokio::test]
async fn g23_a_gibibyte_of_length_closes_the_connection() {
    let answer = against(|mut stream, _| async move {
        stream.write_u32(1 << 30).await.unwrap();
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    });
    assert_eq!(answer.await, Err(Error::Protocol));
}

#[tokio::test]
async fn g23_nonsense_and_answers_of_another_kind_close_the_connection() {
    let answer = against(|mut stream, _| async move {
        stream.write_all(b"\0\0\0\x04nope").await.unwrap();
    });
    assert_eq!(answer.await, Err(Error::Protocol));
    let answer = against(|mut stream, question| async move {
        let body = Body::Answer(Ok(Answer::Octets(b"signature".to_vec())));
        send(&mut stream, question.id, body).await;
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
    });
    assert_eq!(answer.await, Err(Error::Protocol));
    let answer = against(|mut stream, question| async move {
        let body = Body::Question(Question::Identities);
        send(&mut stream, question.id, body).await;
    });
    assert_eq!(answer.await, Err(Error::Protocol));
}

#[tokio::test]
async fn g23_a_drip_is_a_deadline() {
    let answer = against(|mut stream, _| async move {
        for _ in 0..100 {
            stream.write_all(&[0]).await.unwrap();
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    });
    assert_eq!(answer.await, Err(Error::Deadline));
}

#[tokio::test]
async fn a_connection_that_breaks_twice_is_unavailable() {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let server = tokio::spawn(async move {
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().await.unwrap();
            receive(&mut stream).await;
        }
    });
    assert_eq!(place.client().identities().await, Err(Error::Unavailable));
    server.await.unwrap();
}

/// A server that reads every question and answers none, and the ids that it has read.
fn silent(place: &Place) -> (Running, Arc<std::sync::Mutex<Vec<frame::RequestId>>>) {
    let listener = UnixListener::bind(place.socket()).unwrap();
    let ids = Arc::new(std::sync::Mutex::new(Vec::new()));
    let read = ids.clone();
    let server = Running(tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        loop {
            let frame = receive(&mut stream).await;
            read.lock().unwrap().push(frame.id);
        }
    }));
    (server, ids)
}

#[tokio::test]
async fn s09_a_client_asks_thirty_six_questions_at_once_and_no_more() {
    let place = Place::new();
    let (_server, ids) = silent(&place);
    let client = Arc::new(place.client());
    let asked: Vec<_> = (0..MAX_RUNNING + MAX_QUEUED)
        .map(|_| {
            let client = client.clone();
            Running(tokio::spawn(async move {
                let _ = client.identities().await;
            }))
        })
        .collect();
    until("all are asked", || ids.lock().unwrap().len() == MAX_RUNNING + MAX_QUEUED).await;
    assert_eq!(client.identities().await, Err(Error::Busy));
    let different: BTreeSet<_> = ids.lock().unwrap().iter().copied().collect();
    assert_eq!(different.len(), MAX_RUNNING + MAX_QUEUED, "no two questions have one id");
    // One that is dropped makes room, and the server is told.
    drop(asked);
    until("all are cancelled", || ids.lock().unwrap().len() == 2 * (MAX_RUNNING + MAX_QUEUED))
        .await;
    assert_ne!(place.hasty_client().identities().await, Err(Error::Busy));
}

#[tokio::test]
async fn a_question_that_was_answered_is_not_cancelled() {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        for _ in 0..3 {
            let question = receive(&mut stream).await;
            assert!(question.body == Body::Question(Question::Identities));
            send(&mut stream, question.id, no_keys()).await;
        }
    });
    let client = place.client();
    for _ in 0..3 {
        assert_eq!(client.identities().await, Ok(Vec::new()));
    }
    server.await.unwrap();
}

#[tokio::test]
async fn errors_of_the_application_come_as_they_are() {
    let answer = against(|mut stream, question| async move {
        send(&mut stream, question.id, Body::Answer(Err(Error::Locked))).await;
    });
    assert_eq!(answer.await, Err(Error::Locked));
}

#[tokio::test]
async fn an_application_that_stops_reading_is_unavailable_at_once() {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let (stopped, stops) = oneshot::channel();
    let _server = Running(tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let question = receive(&mut stream).await;
        send(&mut stream, question.id, no_keys()).await;
        drop(listener);
        rustix::net::shutdown(&stream, rustix::net::Shutdown::Read).unwrap();
        stopped.send(()).unwrap();
        std::future::pending::<()>().await;
    }));
    let client = place.client();
    assert_eq!(client.identities().await, Ok(Vec::new()));
    stops.await.unwrap();
    let asked = Instant::now();
    assert_eq!(client.identities().await, Err(Error::Unavailable));
    assert!(asked.elapsed() < Duration::from_secs(1));
}
