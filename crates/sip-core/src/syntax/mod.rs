//! The basic rules of RFC 3261 §25.1: byte classes, a cursor over them, parameters, lists.

mod class;
mod cursor;
mod list;
mod params;

pub(crate) use class::{
    ALPHANUM, DIGIT, HEADER_CHAR, HOST_CHAR, PARAM_CHAR, PASSWORD_CHAR, PHONE_CHAR, TOKEN, URIC,
    USER_CHAR, WORD, is, span, span_escaped,
};
pub(crate) use cursor::{Cursor, decimal};
pub(crate) use list::List;
pub use params::{Param, Params};
