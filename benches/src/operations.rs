//! The operations that are held to a number of instructions or of allocations, by name.

use crate::auth::{AuthorizedInvite, Exchange, Sealed};
use crate::authorizing::Authorizing;
use crate::calls::{self, Answering};
use crate::{hostile, l2, messages};
use bytes::Bytes;
use md5::Md5;
use sha2::Sha256;
use sip_core::{Limits, Message};
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;

/// One operation, to be run as often as is asked.
pub struct Operation {
    /// Its name in `limits.json`.
    pub name: String,
    /// Does it once.
    pub run: Box<dyn Fn()>,
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

/// All operations.
pub fn all() -> Vec<Operation> {
    let mut operations = Vec::new();
    for (name, datagram) in messages::all() {
        for (level, parse) in [("l1", l1 as fn(&Bytes)), ("l2", l2)] {
            let datagram = datagram.clone();
            let run = Box::new(move || parse(black_box(&datagram)));
            operations.push(Operation { name: format!("parse_{level}/{name}"), run });
        }
    }
    operations.push(Operation { name: "parse_l2/sum".to_owned(), run: Box::new(nine()) });
    operations.extend(authentication());
    let answering = RefCell::new(Answering::default());
    let run = Box::new(move || assert!(answering.borrow_mut().call(), "a call that is answered"));
    operations.push(Operation { name: "call/answered".to_owned(), run });
    let authorizing = Rc::new(RefCell::new(Authorizing::default()));
    operations.push(operation("authorized_invite/verdict", &authorizing, |it| {
        let datagram = it.borrow_mut().written();
        right(it.borrow_mut().verdict(datagram));
    }));
    operations.push(operation("authorized_invite/written", &authorizing, |it| {
        drop(black_box(it.borrow_mut().written()));
    }));
    let run = Box::new(|| _ = black_box(calls::caller()));
    operations.push(Operation { name: "call/caller".to_owned(), run });
    operations.extend(hostile_datagrams());
    operations
}

/// Datagrams that are dear to read, each kind in a size and in twice that size.
fn hostile_datagrams() -> impl Iterator<Item = Operation> {
    let sizes = |kind| [30_000, 60_000].map(|size| (kind, size));
    hostile::KINDS.into_iter().flat_map(sizes).map(|(kind, size)| {
        let (datagram, limits) = (hostile::datagram(kind, size), hostile::limits());
        let run = Box::new(move || hostile::read(black_box(&datagram), &limits));
        Operation { name: format!("hostile_{size}/{kind}"), run }
    })
}

/// What an authenticated request costs beside its parse, and the floors: the bare hashes and
/// HMACs over as many octets, the parts of the whole.
fn authentication() -> Vec<Operation> {
    const NONCE: &str = "5d0e93c1b7a24f6688e1d2c3a4b5f607";
    let md5 = Rc::new(Exchange::<Md5>::new("MD5", NONCE));
    let sha256 = Rc::new(Exchange::<Sha256>::new("SHA-256", NONCE));
    let sealed = Rc::new(Sealed::default());
    let invite = Rc::new(AuthorizedInvite::default());
    vec![
        operation("digest_md5/verify", &md5, |it| right(it.verify())),
        operation("digest_md5/answer", &md5, |it| drop(black_box(it.answer()))),
        operation("digest_sha256/verify", &sha256, |it| right(it.verify())),
        operation("digest_sha256/hashes", &sha256, Exchange::hashes),
        operation("nonce/seal", &sealed, |it| _ = black_box(it.seal())),
        operation("nonce/two_hmacs", &sealed, Sealed::two_hmacs),
        operation("nonce/open", &sealed, |it| right(it.open())),
        operation("nonce/one_hmac", &sealed, Sealed::one_hmac),
        operation("authorized_invite/parse", &invite, |it| right(it.parse())),
        operation("authorized_invite/nonce", &invite, |it| right(it.nonce())),
        operation("authorized_invite/digest", &invite, |it| right(it.digest())),
    ]
}

fn operation<T: 'static>(name: &str, of: &Rc<T>, run: fn(&T)) -> Operation {
    let of = Rc::clone(of);
    Operation { name: name.to_owned(), run: Box::new(move || run(&of)) }
}

fn right(verdict: bool) {
    assert!(black_box(verdict), "a benchmark's proof does not hold");
}

fn l1(datagram: &Bytes) {
    done(l2::l1(datagram, &Limits::default()));
}

fn l2(datagram: &Bytes) {
    done(l2::l2(datagram, &Limits::default()));
}

/// Keeps the result from being optimised away. What is parsed here is valid.
fn done(message: Result<Message, sip_core::ParseError>) {
    assert!(black_box(message).is_ok(), "a benchmark's message does not parse");
}

/// All nine messages, one after the other.
fn nine() -> impl Fn() {
    let datagrams = messages::all();
    move || datagrams.iter().for_each(|(_, datagram)| l2(black_box(datagram)))
}
