//! Our own key and certificate.

use crate::certified::{Lab, Pair};
use crate::{NAME, client_of, connect, listen, network, server_of};
use net::tokio::{Tls, certificates};
use rcgen::KeyPair;
use std::sync::Arc;

#[tokio::test]
async fn a_key_that_is_not_the_certificates_is_said_to_be_none() {
    let lab = Lab::new();
    let (pair, other) = (lab.issue(&[NAME]), lab.issue(&[NAME]));
    let mixed = Pair { chain: pair.chain.clone(), key: other.key };
    let without = network(Tls::new(Arc::new(lab.trust().presenting(pair.chain.clone()))));
    let cases = [
        (server_of(&lab, &mixed), "the private key does not belong to the certificate to present"),
        (without, "there is a certificate to present, but no private key for it"),
    ];
    for (server, told) in cases {
        let (mut listener, local) = listen(&server);
        let client = client_of(&lab);
        let (near, far) = tokio::join!(connect(&client, local, NAME), listener.accept());
        assert!(near.is_err());
        let text = far.unwrap_err().to_string();
        assert!(text.ends_with(told), "{text}");
    }
}

#[test]
fn keys_and_certificates_are_read_from_pem() {
    let lab = Lab::new();
    let key = KeyPair::generate().unwrap();
    let tls = || Tls::new(Arc::new(lab.trust()));
    assert!(tls().with_key(key.serialize_pem().as_bytes()).is_ok());
    assert!(tls().with_key(&key.serialize_der()).is_ok());
    for wrong in [&b""[..], b"0", b"-----BEGIN PRIVATE KEY-----\n", &lab.der()] {
        let text = tls().with_key(wrong).unwrap_err().to_string();
        assert!(text.contains("private key"), "{text}");
    }
    let pem = lab.pem();
    let both = format!("text before\n{pem}{}{pem}", key.serialize_pem());
    assert_eq!(certificates(both.as_bytes()).unwrap(), [lab.der().to_vec(), lab.der().to_vec()]);
    for wrong in ["", "text", &key.serialize_pem(), &pem[..pem.len() - 30]] {
        assert!(certificates(wrong.as_bytes()).is_err());
    }
}
