//! Client and server over real sockets; the other side played by hand where it misbehaves.

#![expect(clippy::disallowed_methods, reason = "real sockets, so tokio and the real clock")]

use crate::frame::{self, Answer, Body, Frame, Question};
use crate::{BindError, Client, Deadlines, Listener, MAX_FRAME, MAX_QUEUED, MAX_RUNNING, serve};
use sma::conformance::{Directory, Double, Gate, Hanging, Late};
use sma::{Error, Fingerprint, KeyAdministration, SecurityApplication};
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A folder of mode 0700 with a socket's name in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let mode = Permissions::from_mode(0o700);
        let folder = tempfile::Builder::new().permissions(mode).tempdir();
        Self(folder.unwrap())
    }

    fn socket(&self) -> std::path::PathBuf {
        self.0.path().join("pgp.sock")
    }

    fn client(&self) -> Client {
        Client::new(self.socket())
    }

    /// A client that gives up after a moment.
    fn hasty_client(&self) -> Client {
        let deadlines = Deadlines { verify: Duration::from_millis(60), ..Deadlines::default() };
        Client::with_deadlines(self.socket(), deadlines)
    }
}

/// A running server; dropped, it is gone.
struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn start(place: &Place, application: Arc<dyn SecurityApplication>) -> Running {
    let listener = Listener::bind(&place.socket()).unwrap();
    Running(tokio::spawn(serve(listener, application, None, std::future::pending())))
}

fn double() -> (Double, Fingerprint) {
    let double = Double::new(&Directory::new(1), Arc::new(|| 1_700_000_000));
    let key = double.add_key("sip:alice@example.org");
    (double, key)
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let limit = Duration::from_secs(5);
    tokio::time::timeout(limit, waiting).await.expect(what);
}

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
    let client = Arc::new(place.client());
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

async fn send(stream: &mut UnixStream, id: frame::RequestId, body: Body) {
    let octets = frame::encode(Frame { id, body }).unwrap();
    stream.write_u32(octets.len() as u32).await.unwrap();
    stream.write_all(&octets).await.unwrap();
}

async fn receive(stream: &mut UnixStream) -> Frame {
    let length = stream.read_u32().await.unwrap() as usize;
    assert!(length <= MAX_FRAME);
    let mut octets = vec![0; length];
    stream.read_exact(&mut octets).await.unwrap();
    frame::decode(&octets).unwrap()
}

fn no_keys() -> Body {
    Body::Answer(Ok(Answer::Keys(Vec::new())))
}

/// A server that accepts one connection, reads one question and lets `play` answer.
async fn against<F: Future<Output = ()> + Send + 'static>(
    play: impl FnOnce(UnixStream, Frame) -> F + Send + 'static,
) -> Result<Vec<sma::Key>, Error> {
    let place = Place::new();
    let listener = UnixListener::bind(place.socket()).unwrap();
    let _server = Running(tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let question = receive(&mut stream).await;
        play(stream, question).await;
        std::future::pending::<()>().await;
    }));
    place.hasty_client().identities().await
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
async fn o03_a_folder_that_others_can_enter_is_refused() {
    let place = Place::new();
    let folder = place.0.path().join("run");
    let socket = folder.join("pgp.sock");
    assert!(matches!(Listener::bind(&socket), Err(BindError::NotDirectory(_))));
    fs::create_dir(&folder).unwrap();
    for mode in [0o755, 0o710, 0o1700] {
        fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
        let refused = Listener::bind(&socket).unwrap_err();
        let told = format!("{}: mode is {mode:04o}, must be 0700", folder.display());
        assert_eq!(refused.to_string(), told);
    }
    fs::set_permissions(&folder, Permissions::from_mode(0o700)).unwrap();
    let link = place.0.path().join("link");
    symlink(&folder, &link).unwrap();
    let through_link = Listener::bind(&link.join("pgp.sock"));
    assert!(matches!(through_link, Err(BindError::NotDirectory(_))));
    let listener = Listener::bind(&socket).unwrap();
    let mode = fs::metadata(listener.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_stale_socket_is_replaced_and_nothing_else_is() {
    let place = Place::new();
    drop(UnixListener::bind(place.socket()).unwrap());
    let listener = Listener::bind(&place.socket()).unwrap();
    let second = Listener::bind(&place.socket());
    assert!(matches!(second, Err(BindError::InUse(_))));
    drop(listener);
    fs::write(place.socket(), b"a file").unwrap();
    let occupied = Listener::bind(&place.socket());
    assert!(matches!(occupied, Err(BindError::Occupied(_))));
    fs::remove_file(place.socket()).unwrap();
    symlink("/nowhere", place.socket()).unwrap();
    let occupied = Listener::bind(&place.socket());
    assert!(matches!(occupied, Err(BindError::Occupied(_))));
}
