//! Each method of the client: its limits, its deadline, and the answers that it takes.

use super::*;
use sma::{
    Decrypted, HashId, Key, KeyFacts, KeyValidity, MAX_OCTETS, Notation, Report, ToSign, ToVerify,
};

fn fingerprint() -> Fingerprint {
    Fingerprint::parse(&"ab".repeat(20)).unwrap()
}

fn to_sign(data: usize) -> ToSign {
    ToSign {
        signer: fingerprint(),
        data: vec![b'x'; data],
        notation: Notation { name: "n@example.org".into(), value: Vec::new(), critical: true },
        expires_in: Duration::from_secs(300),
    }
}

fn to_verify(data: usize, signature: usize) -> ToVerify {
    ToVerify {
        signer: fingerprint(),
        data: vec![b'x'; data],
        signature: vec![b'x'; signature],
        known_notations: Vec::new(),
    }
}

fn keys(count: usize) -> Answer {
    let facts = KeyFacts::default();
    let (user_ids, certified_by) = (Vec::new(), Vec::new());
    let key = Key { fingerprint: fingerprint(), user_ids, secret: false, facts, certified_by };
    Answer::Keys(vec![key; count])
}

fn report() -> Answer {
    Answer::Report(Report {
        good: true,
        data_sha256: [7; 32],
        signatures: 1,
        primary: fingerprint(),
        hash: HashId(8),
        class: 0,
        created: 0,
        expires: None,
        key: KeyValidity::Valid,
        strong: true,
        notations: Vec::new(),
    })
}

fn plain(length: usize) -> Answer {
    Answer::Decrypted(Decrypted { octets: vec![b'x'; length].into(), integrity: true })
}

fn octets(length: usize) -> Answer {
    Answer::Octets(vec![b'x'; length])
}

/// Every method, and whether it took what it was answered.
const METHODS: [&str; 8] =
    ["identities", "sign", "verify", "encrypt", "decrypt", "generate", "import", "export"];

async fn ask(client: &Client, method: &str) -> Result<(), Error> {
    match method {
        "identities" => client.identities().await.map(drop),
        "sign" => client.sign(to_sign(1)).await.map(drop),
        "verify" => client.verify(to_verify(1, 1)).await.map(drop),
        "encrypt" => client.encrypt(vec![fingerprint()], vec![1].into()).await.map(drop),
        "decrypt" => client.decrypt(fingerprint(), vec![1]).await.map(drop),
        "generate" => client.generate("x".into()).await.map(drop),
        "import" => client.import(vec![1]).await.map(drop),
        _ => client.export(fingerprint()).await.map(drop),
    }
}

/// Asks a server that answers every question with `answer`.
async fn answered(method: &str, answer: Answer) -> Result<(), Error> {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let _server = Running(tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let question = receive(&mut stream).await;
        send(&mut stream, question.id, Body::Answer(Ok(answer))).await;
        std::future::pending::<()>().await;
    }));
    ask(&place.client(), method).await
}

#[tokio::test]
async fn g23_each_method_takes_its_own_kind_of_answer_and_no_other() {
    type Case<'a> = (fn() -> Answer, &'a [&'a str]);
    let answers: [Case<'_>; 12] = [
        (|| keys(0), &["identities", "import"]),
        (|| keys(1), &["identities", "import", "generate"]),
        (|| keys(2), &["identities", "import"]),
        (|| octets(0), &["sign", "encrypt"]),
        (|| octets(2048), &["sign", "encrypt"]),
        (|| octets(2049), &["encrypt"]),
        (|| octets(MAX_OCTETS), &["encrypt"]),
        (|| octets(MAX_OCTETS + 1), &[]),
        (|| plain(MAX_OCTETS), &["decrypt"]),
        (|| plain(MAX_OCTETS + 1), &[]),
        (|| report(), &["verify"]),
        (|| Answer::Text("key".into()), &["export"]),
    ];
    for (number, (answer, takers)) in answers.iter().enumerate() {
        for method in METHODS {
            let expected = if takers.contains(&method) { Ok(()) } else { Err(Error::Protocol) };
            assert_eq!(answered(method, answer()).await, expected, "{method}, answer {number}");
        }
    }
}

#[tokio::test]
async fn what_is_over_a_limit_is_not_asked() {
    // Nobody listens: what would be asked is `Unavailable`.
    let place = Place::new();
    let client = place.client();
    let (max, more) = (vec![0; MAX_OCTETS], vec![0; MAX_OCTETS + 1]);
    let to = || vec![fingerprint()];
    for (answer, expected) in [
        (client.sign(to_sign(MAX_OCTETS)).await.err(), Error::Unavailable),
        (client.sign(to_sign(MAX_OCTETS + 1)).await.err(), Error::TooLarge),
        (client.verify(to_verify(MAX_OCTETS, 2048)).await.err(), Error::Unavailable),
        (client.verify(to_verify(MAX_OCTETS + 1, 1)).await.err(), Error::TooLarge),
        (client.verify(to_verify(1, 2049)).await.err(), Error::TooLarge),
        (client.encrypt(to(), max.clone().into()).await.err(), Error::Unavailable),
        (client.encrypt(to(), more.clone().into()).await.err(), Error::TooLarge),
        (client.decrypt(fingerprint(), max.clone()).await.err(), Error::Unavailable),
        (client.decrypt(fingerprint(), more.clone()).await.err(), Error::TooLarge),
        (client.import(max).await.err(), Error::Unavailable),
        (client.import(more).await.err(), Error::TooLarge),
        (client.generate("x".repeat(MAX_FRAME)).await.err(), Error::TooLarge),
    ] {
        assert_eq!(answer, Some(expected));
    }
}

#[test]
fn each_question_has_the_deadline_of_its_kind() {
    let [sign, verify, administration] = [1, 2, 3].map(Duration::from_secs);
    let deadlines = Deadlines { sign, verify, administration };
    for (question, expected) in [
        (Question::Identities, verify),
        (Question::Sign(to_sign(1)), sign),
        (Question::Verify(to_verify(1, 1)), verify),
        (Question::Encrypt { recipients: Vec::new(), octets: Vec::new().into() }, verify),
        (Question::Decrypt { recipient: fingerprint(), octets: Vec::new() }, verify),
        (Question::Generate(String::new()), administration),
        (Question::Import(Vec::new()), administration),
        (Question::Export(fingerprint()), administration),
    ] {
        assert_eq!(deadlines.of(&question), expected);
    }
    let usual = Deadlines::default();
    assert_eq!(usual.administration, Duration::from_secs(10));
    let minute = Duration::from_secs(60);
    let attended = Deadlines { sign: minute, administration: minute, ..usual };
    assert_eq!(Deadlines::attended(), attended);
}

#[tokio::test]
async fn g23_keys_where_none_were_asked_for_close_the_connection() {
    for method in METHODS {
        let place = Place::new();
        let listener = UnixListener::bind(place.socket()).unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let question = receive(&mut stream).await;
            send(&mut stream, question.id, Body::Answer(Ok(keys(1)))).await;
            let mut octet = [0; 1];
            let closed = tokio::time::timeout(Duration::from_millis(100), stream.read(&mut octet));
            closed.await.is_ok_and(|read| read.is_ok())
        });
        let client = place.client();
        let taken = ask(&client, method).await.is_ok();
        assert_eq!(taken, matches!(method, "identities" | "generate" | "import"), "{method}");
        assert_eq!(server.await.unwrap(), !taken, "{method}");
    }
}

#[tokio::test]
async fn more_than_the_socket_takes_at_once_is_all_asked() {
    const ASKED: usize = 16;
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    // It reads nothing for a while, and answers nothing before it has read everything.
    let _server = Running(tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let mut ids = Vec::new();
        for _ in 0..ASKED {
            ids.push(receive(&mut stream).await.id);
        }
        for id in ids {
            send(&mut stream, id, Body::Answer(Ok(octets(1)))).await;
        }
        std::future::pending::<()>().await;
    }));
    let client = Arc::new(place.client());
    let asked: Vec<_> = (0..ASKED)
        .map(|_| {
            let client = client.clone();
            let plaintext = vec![b'x'; MAX_OCTETS].into();
            tokio::spawn(async move { client.encrypt(vec![fingerprint()], plaintext).await })
        })
        .collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap(), Ok(vec![b'x']));
    }
}
