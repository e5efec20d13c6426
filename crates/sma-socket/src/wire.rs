//! The protobuf messages: field numbers are the contract with other implementations.
//!
//! They are plain data; [`frame`](crate::frame) turns them into the types of `sma` and checks
//! them. `Debug` shows nothing of a frame: one may carry a plaintext. A plaintext is a part of the
//! octets that were decoded, or what is to be encoded itself, and is wiped by whoever owns those.

use bytes::Bytes;
use prost::{Message, Oneof};

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Frame {
    /// 16 random octets, chosen by who asks.
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) id: Vec<u8>,
    #[prost(oneof = "Body", tags = "2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 18, 19, 20, 21")]
    pub(crate) body: Option<Body>,
}

#[derive(Clone, PartialEq, Oneof)]
#[prost(skip_debug)]
pub(crate) enum Body {
    #[prost(message, tag = "2")]
    Identities(Nothing),
    #[prost(message, tag = "3")]
    Sign(Sign),
    #[prost(message, tag = "4")]
    Verify(Verify),
    #[prost(message, tag = "5")]
    Encrypt(Encrypt),
    #[prost(message, tag = "6")]
    Decrypt(Decrypt),
    #[prost(string, tag = "7")]
    Generate(String),
    #[prost(bytes, tag = "8")]
    Import(Vec<u8>),
    #[prost(string, tag = "9")]
    Export(String),
    #[prost(message, tag = "15")]
    Cancel(Nothing),
    #[prost(message, tag = "16")]
    Keys(Keys),
    #[prost(bytes, tag = "17")]
    Octets(Vec<u8>),
    #[prost(message, tag = "18")]
    Report(Report),
    #[prost(message, tag = "19")]
    Decrypted(Decrypted),
    #[prost(string, tag = "20")]
    Text(String),
    /// An error's code, and what it is about. See [`frame`](crate::frame).
    #[prost(uint32, tag = "21")]
    Failure(u32),
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct Nothing {}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Notation {
    #[prost(string, tag = "1")]
    pub(crate) name: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
    #[prost(bool, tag = "3")]
    pub(crate) critical: bool,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Sign {
    #[prost(string, tag = "1")]
    pub(crate) signer: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) data: Vec<u8>,
    #[prost(message, optional, tag = "3")]
    pub(crate) notation: Option<Notation>,
    /// Whole seconds.
    #[prost(uint64, tag = "4")]
    pub(crate) expires_in: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Verify {
    #[prost(string, tag = "1")]
    pub(crate) signer: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) data: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    pub(crate) signature: Vec<u8>,
    #[prost(string, repeated, tag = "4")]
    pub(crate) known_notations: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Encrypt {
    #[prost(string, repeated, tag = "1")]
    pub(crate) recipients: Vec<String>,
    #[prost(bytes = "bytes", tag = "2")]
    pub(crate) octets: Bytes,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Decrypt {
    #[prost(string, tag = "1")]
    pub(crate) recipient: String,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) octets: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Keys {
    #[prost(message, repeated, tag = "1")]
    pub(crate) keys: Vec<Key>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Key {
    #[prost(string, tag = "1")]
    pub(crate) fingerprint: String,
    #[prost(string, repeated, tag = "2")]
    pub(crate) user_ids: Vec<String>,
    #[prost(bool, tag = "3")]
    pub(crate) secret: bool,
    #[prost(uint32, optional, tag = "4")]
    pub(crate) signs: Option<u32>,
    #[prost(uint32, optional, tag = "5")]
    pub(crate) encrypts: Option<u32>,
    #[prost(bool, tag = "6")]
    pub(crate) hardware: bool,
    /// Unix seconds.
    #[prost(uint64, optional, tag = "7")]
    pub(crate) expires: Option<u64>,
    #[prost(bool, tag = "8")]
    pub(crate) revoked: bool,
    #[prost(string, repeated, tag = "9")]
    pub(crate) certified_by: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct Report {
    #[prost(bool, tag = "1")]
    pub(crate) good: bool,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) data_sha256: Vec<u8>,
    #[prost(uint32, tag = "3")]
    pub(crate) signatures: u32,
    #[prost(string, tag = "4")]
    pub(crate) primary: String,
    #[prost(uint32, tag = "5")]
    pub(crate) hash: u32,
    #[prost(uint32, tag = "6")]
    pub(crate) class: u32,
    #[prost(uint64, tag = "7")]
    pub(crate) created: u64,
    #[prost(uint64, optional, tag = "8")]
    pub(crate) expires: Option<u64>,
    /// 1 valid, 2 expired, 3 revoked, 4 not for signing; anything else is malformed.
    #[prost(uint32, tag = "9")]
    pub(crate) key: u32,
    #[prost(bool, tag = "10")]
    pub(crate) strong: bool,
    #[prost(message, repeated, tag = "11")]
    pub(crate) notations: Vec<Notation>,
}

#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
pub(crate) struct Decrypted {
    #[prost(bytes = "bytes", tag = "1")]
    pub(crate) octets: Bytes,
    #[prost(bool, tag = "2")]
    pub(crate) integrity: bool,
}
