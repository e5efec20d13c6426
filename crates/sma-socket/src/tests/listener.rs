//! The socket's file and folder.

use super::*;

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

#[tokio::test]
async fn o03_a_folder_of_another_user_is_refused() {
    let place = Place::new();
    let folder = match rustix::process::geteuid().is_root() {
        true => {
            std::os::unix::fs::chown(place.0.path(), Some(65_534), None).unwrap();
            place.0.path()
        }
        false => std::path::Path::new("/"),
    };
    let refused = crate::check_directory(folder);
    assert!(matches!(refused, Err(BindError::ForeignDirectory(path)) if path == folder));
}

#[tokio::test]
async fn o03_a_process_of_another_user_is_refused() {
    use crate::link::Link;
    let own = rustix::process::geteuid().as_raw();
    let pair = || UnixStream::pair().unwrap().0;
    assert!(Link::to_user(pair(), own).is_ok());
    for other in [own + 1, own.wrapping_sub(1), 65_534 - own % 2] {
        let refused = Link::to_user(pair(), other).err().unwrap();
        assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied, "{other}");
    }
}

#[tokio::test]
async fn a_socket_that_was_replaced_is_not_removed() {
    let place = Place::new();
    let first = Listener::bind(&place.socket()).unwrap();
    assert_eq!(first.path(), place.socket());
    fs::remove_file(place.socket()).unwrap();
    let second = Listener::bind(&place.socket()).unwrap();
    drop(first);
    assert!(UnixStream::connect(place.socket()).await.is_ok());
    drop(second);
    assert!(!place.socket().exists());
}

#[tokio::test]
async fn two_that_start_at_once_take_turns() {
    use rustix::fs::{FlockOperation, flock};
    let place = Place::new();
    let folder = fs::File::open(place.0.path()).unwrap();
    flock(&folder, FlockOperation::LockExclusive).unwrap();
    let (socket, runtime) = (place.socket(), tokio::runtime::Handle::current());
    let binding = std::thread::spawn(move || {
        let _runtime = runtime.enter();
        Listener::bind(&socket).map(drop)
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!binding.is_finished() && !place.socket().exists());
    drop(folder);
    assert!(binding.join().unwrap().is_ok());
}

#[tokio::test]
async fn a_name_without_a_folder_is_in_the_folder_at_hand() {
    match Listener::bind(std::path::Path::new("pgp.sock")) {
        Err(BindError::OpenDirectory { path, .. } | BindError::ForeignDirectory(path)) => {
            assert_eq!(path.as_os_str(), ".");
        }
        bound => assert!(bound.is_ok(), "{bound:?}"),
    }
}

#[tokio::test]
async fn a_folder_that_takes_no_socket_is_named() {
    let place = Place::new();
    let long = place.0.path().join("x".repeat(200));
    let refused = Listener::bind(&long).unwrap_err();
    assert!(matches!(&refused, BindError::Io { path, .. } if *path == long), "{refused}");
}

#[tokio::test]
async fn o03_a_socket_that_another_user_left_is_not_removed() {
    let place = Place::new();
    drop(UnixListener::bind(place.socket()).unwrap());
    // Whoever is not root cannot have such a socket in a folder of his own.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(place.socket(), Some(65_534), None).unwrap();
        let occupied = Listener::bind(&place.socket());
        assert!(matches!(occupied, Err(BindError::Occupied(_))));
        assert!(place.socket().exists());
    }
}

#[tokio::test]
async fn who_takes_a_little_at_a_time_is_not_left() {
    use crate::link::Link;
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let own = rustix::process::geteuid().as_raw();
    let mut link = Link::to_user(ours, own).unwrap();
    for _ in 0..10 {
        link.send(Arc::new(vec![0; MAX_FRAME].into())).unwrap();
    }
    assert!(!link.has_room());
    // Longer in all than what nobody takes may stand.
    let slow = async {
        let mut piece = vec![0; 64 * 1024];
        for _ in 0..12 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            theirs.read_exact(&mut piece).await.unwrap();
        }
        let mut rest = vec![0; 10 * (4 + MAX_FRAME) - 12 * piece.len()];
        theirs.read_exact(&mut rest).await.unwrap();
    };
    let sending = async {
        loop {
            if let Err(why) = link.next().await {
                return why;
            }
        }
    };
    tokio::select! {
        why = sending => panic!("{why:?}"),
        () = slow => {}
    }
}

#[tokio::test]
async fn a_socket_of_another_kind_is_in_use() {
    let place = Place::new();
    let _other = std::os::unix::net::UnixDatagram::bind(place.socket()).unwrap();
    assert!(matches!(Listener::bind(&place.socket()), Err(BindError::InUse(_))));
    assert!(place.socket().exists());
}
