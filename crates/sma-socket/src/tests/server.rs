//! The server, and clients that are none of ours.

use super::*;

#[tokio::test]
async fn a_client_that_goes_takes_its_jobs_along() {
    let place = Place::new();
    let hanging = Arc::new(Hanging::new());
    let _server = start(&place, hanging.clone());
    let mut stream = UnixStream::connect(place.socket()).await.unwrap();
    send(&mut stream, [1; 16], Body::Question(Question::Identities)).await;
    until("the job runs", || hanging.waiting() == 1).await;
    drop(stream);
    until("the job is dropped", || hanging.waiting() == 0).await;
}

#[tokio::test]
async fn four_run_and_thirty_two_wait_and_one_more_is_busy() {
    let place = Place::new();
    let gate = Gate::closed();
    let _server = start(&place, Arc::new(Late::new(double().0, gate.clone())));
    let mut stream = UnixStream::connect(place.socket()).await.unwrap();
    let full = u8::try_from(MAX_RUNNING + MAX_QUEUED).unwrap();
    for n in 0..=full {
        send(&mut stream, [n; 16], Body::Question(Question::Identities)).await;
    }
    let busy = receive(&mut stream).await;
    assert!(busy.id == [full; 16] && busy.body == Body::Answer(Err(Error::Busy)));
    assert_eq!(gate.waiting(), MAX_RUNNING);
    gate.open();
    for _ in 0..full {
        let answer = receive(&mut stream).await;
        assert!(matches!(answer.body, Body::Answer(Ok(Answer::Keys(_)))));
    }
}

#[tokio::test]
async fn large_questions_and_answers_at_once_do_not_block_each_other() {
    let place = Place::new();
    let (double, key) = double();
    let _server = start(&place, Arc::new(double));
    // How long they take is another matter, and the machine's.
    let deadlines = Deadlines { verify: Duration::from_secs(60), ..Deadlines::default() };
    let client = Arc::new(Client::with_deadlines(place.socket(), deadlines));
    let asked: Vec<_> = (0..MAX_RUNNING + MAX_QUEUED)
        .map(|n| {
            let (client, key) = (client.clone(), key.clone());
            let octets = vec![u8::try_from(n).unwrap(); 60_000];
            tokio::spawn(async move {
                let message = client.encrypt(vec![key.clone()], octets.clone().into()).await;
                let plain = client.decrypt(key, message.unwrap()).await.unwrap();
                assert!(plain.octets.expose() == octets);
            })
        })
        .collect();
    for answer in asked {
        answer.await.unwrap();
    }
}

#[tokio::test]
async fn the_server_closes_on_what_no_client_says() {
    let place = Place::new();
    let _server = start(&place, Arc::new(Hanging::new()));
    let question = || Body::Question(Question::Identities);
    let mut twice = UnixStream::connect(place.socket()).await.unwrap();
    send(&mut twice, [1; 16], question()).await;
    send(&mut twice, [1; 16], question()).await;
    assert_eq!(twice.read(&mut [0; 1]).await.unwrap(), 0);
    let mut answer = UnixStream::connect(place.socket()).await.unwrap();
    send(&mut answer, [1; 16], no_keys()).await;
    assert_eq!(answer.read(&mut [0; 1]).await.unwrap(), 0);
    let mut large = UnixStream::connect(place.socket()).await.unwrap();
    large.write_u32(MAX_FRAME as u32 + 1).await.unwrap();
    assert_eq!(large.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn without_administration_its_questions_are_unavailable() {
    let place = Place::new();
    let (double, key) = double();
    let _server = start(&place, Arc::new(double));
    let answer = place.client().export(key).await;
    assert_eq!(answer, Err(Error::Unavailable));
}

#[tokio::test]
async fn one_connection_too_many_is_closed_unread() {
    let place = Place::new();
    let _server = start(&place, Arc::new(double().0));
    let connect = || UnixStream::connect(place.socket());
    let mut connections = Vec::new();
    for n in 0..64 {
        let mut stream = connect().await.unwrap();
        send(&mut stream, [n; 16], Body::Question(Question::Identities)).await;
        receive(&mut stream).await;
        connections.push(stream);
    }
    assert_eq!(connect().await.unwrap().read(&mut [0; 1]).await.unwrap_or(0), 0);
    connections.pop();
    // There is room again as soon as the server has seen that one has gone.
    let again = async {
        loop {
            let mut stream = connect().await.unwrap();
            if stream.write_all(&[0]).await.is_ok() {
                let mut octet = [0; 1];
                let closed = stream.read(&mut octet);
                if tokio::time::timeout(Duration::from_millis(50), closed).await.is_err() {
                    return;
                }
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(5), again).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_no_frame_holds_is_too_large() {
    let place = Place::new();
    let user_id = "x".repeat(MAX_FRAME);
    let double = Double::new(&Directory::new(1), Arc::new(|| 0));
    double.add_key(&user_id);
    let _server = start(&place, Arc::new(double));
    assert_eq!(place.client().identities().await, Err(Error::TooLarge));
}

#[tokio::test]
async fn a_cancelled_question_makes_room_for_the_next() {
    let place = Place::new();
    let hanging = Arc::new(Hanging::new());
    let _server = start(&place, hanging.clone());
    let mut stream = UnixStream::connect(place.socket()).await.unwrap();
    for n in 0..4 {
        send(&mut stream, [n; 16], Body::Question(Question::Identities)).await;
    }
    until("four run", || hanging.waiting() == MAX_RUNNING).await;
    // Of these two the first is cancelled while it waits; cancelling what is not there is nothing.
    for n in [4, 5] {
        send(&mut stream, [n; 16], Body::Question(Question::Identities)).await;
    }
    for n in [4, 99, 0] {
        send(&mut stream, [n; 16], Body::Cancel).await;
    }
    // An id is free again once its question is cancelled.
    send(&mut stream, [0; 16], Body::Question(Question::Identities)).await;
    for n in [1, 2, 3, 5] {
        send(&mut stream, [n; 16], Body::Cancel).await;
    }
    until("only the last runs", || hanging.waiting() == 1).await;
    send(&mut stream, [0; 16], Body::Cancel).await;
    until("nothing runs", || hanging.waiting() == 0).await;
}

/// Reads until the server closes, and says after how long.
async fn closed_after(stream: &mut UnixStream) -> Duration {
    let since = Instant::now();
    let mut octet = [0; 1];
    let read = tokio::time::timeout(Duration::from_secs(20), stream.read(&mut octet)).await;
    assert_eq!(read.expect("it is closed").unwrap_or(0), 0);
    since.elapsed()
}

#[tokio::test]
async fn g23_half_a_frame_that_stands_ends_the_connection() {
    let place = Place::new();
    let _server = start(&place, Arc::new(Hanging::new()));
    let mut half = UnixStream::connect(place.socket()).await.unwrap();
    half.write_all(&[0, 0, 0, 9, 1]).await.unwrap();
    let mut head = UnixStream::connect(place.socket()).await.unwrap();
    head.write_all(&[0, 0, 0, 9]).await.unwrap();
    // Who asks nothing may stay, and so may who waits for an answer.
    let mut idle = UnixStream::connect(place.socket()).await.unwrap();
    let mut waits = UnixStream::connect(place.socket()).await.unwrap();
    send(&mut waits, [1; 16], Body::Question(Question::Identities)).await;
    let (drip, mut dripping) = UnixStream::connect(place.socket()).await.unwrap().into_split();
    let drips = Running(tokio::spawn(async move {
        dripping.write_all(&[0, 0, 1, 0]).await.unwrap();
        while dripping.write_all(&[1]).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }));
    let mut drip = drip;
    let dripped = async {
        let since = Instant::now();
        assert_eq!(drip.read(&mut [0; 1]).await.unwrap_or(0), 0);
        since.elapsed()
    };
    let (half, head, dripped) =
        tokio::join!(closed_after(&mut half), closed_after(&mut head), dripped);
    drop(drips);
    for after in [half, head, dripped] {
        assert!((4.5..9.0).contains(&after.as_secs_f32()), "{after:?}");
    }
    let still = |stream: &mut UnixStream| stream.try_read(&mut [0; 1]).unwrap_err().kind();
    assert_eq!(still(&mut idle), std::io::ErrorKind::WouldBlock);
    assert_eq!(still(&mut waits), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn g23_who_does_not_read_is_left() {
    let place = Place::new();
    let (double, key) = double();
    let _server = start(&place, Arc::new(double));
    let mut stream = UnixStream::connect(place.socket()).await.unwrap();
    let asking = async {
        for n in 0..200_u8 {
            let recipients = vec![key.clone()];
            let question = Question::Encrypt { recipients, octets: vec![n; 60_000].into() };
            let octets = frame::encode(Frame { id: [n; 16], body: Body::Question(question) });
            let octets = octets.unwrap();
            if stream.write_u32(octets.len() as u32).await.is_err()
                || stream.write_all(&octets).await.is_err()
            {
                return true;
            }
        }
        false
    };
    let since = Instant::now();
    let left = tokio::time::timeout(Duration::from_secs(20), asking).await;
    assert!(left.unwrap(), "the server goes");
    assert!(since.elapsed() >= Duration::from_millis(4_500), "and not at once");
}

#[tokio::test]
async fn g23_a_frame_of_the_largest_size_is_answered() {
    let place = Place::new();
    let _server = start(&place, Arc::new(double().0));
    let mut stream = UnixStream::connect(place.socket()).await.unwrap();
    let question = |length| {
        let body = Body::Question(Question::Generate("x".repeat(length)));
        Frame { id: [1; 16], body }
    };
    let others = frame::encode(question(MAX_FRAME - 100)).unwrap().len() - (MAX_FRAME - 100);
    assert!(frame::encode(question(MAX_FRAME - others + 1)).is_err());
    let octets = frame::encode(question(MAX_FRAME - others)).unwrap();
    assert_eq!(octets.len(), MAX_FRAME);
    stream.write_u32(octets.len() as u32).await.unwrap();
    stream.write_all(&octets).await.unwrap();
    let answer = receive(&mut stream).await;
    assert!(answer.body == Body::Answer(Err(Error::Unavailable)));
}

#[tokio::test]
async fn who_is_always_in_the_middle_of_a_frame_but_goes_on_may_stay() {
    let place = Place::new();
    let _server = start(&place, Arc::new(double().0));
    let mut stream = UnixStream::connect(place.socket()).await.unwrap();
    let question = frame::encode(Frame { id: [1; 16], body: Body::Question(Question::Identities) });
    let question = question.unwrap();
    let head = u32::try_from(question.len()).unwrap().to_be_bytes();
    let whole = [&head[..], &question].concat();
    let (first, rest) = whole.split_at(7);
    stream.write_all(first).await.unwrap();
    // Longer in all than half a frame may stand.
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(1500)).await;
        stream.write_all(&[rest, first].concat()).await.unwrap();
        receive(&mut stream).await;
    }
}

#[tokio::test]
async fn g23_from_who_does_not_read_nothing_more_is_taken() {
    let place = Place::new();
    let (double, key) = double();
    let _server = start(&place, Arc::new(double));
    let mut stream = UnixStream::connect(place.socket()).await.unwrap();
    let mut taken = 0;
    let asking = async {
        for n in 0..200_u8 {
            let recipients = vec![key.clone()];
            let question = Question::Encrypt { recipients, octets: vec![n; 60_000].into() };
            send(&mut stream, [n; 16], Body::Question(question)).await;
            taken += 60_000;
        }
    };
    let all = tokio::time::timeout(Duration::from_secs(3), asking).await;
    // What the system keeps between the two, and what may wait to be sent.
    assert!(all.is_err() && taken < 4_000_000, "{taken}");
}
