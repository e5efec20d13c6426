//! The operations that are held to a number of instructions or of allocations, by name.

use crate::{l2, messages};
use bytes::Bytes;
use sip_core::{Limits, Message};
use std::hint::black_box;

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
    operations
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
