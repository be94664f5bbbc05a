//! HTTP/1.1 as a proxy speaks it (RFC 9110, 9112), without I/O.
//!
//! [`exchange`] is what the wiring sees; the rest is what it is made of:
//!
//! | file | what it knows |
//! |---|---|
//! | [`head`], [`first_line`], [`fields`] | what is before the body |
//! | [`target`] | where a request wants to go |
//! | [`body`], [`chunked`] | where a body ends |
//! | [`rewrite`] | what is changed on the way |
//! | [`answers`] | what the proxy says by itself |
//!
//! A newcomer's trap: a proxy must never be the one who understands a message differently.
//! Heads are read strictly and written anew, never copied.

pub mod answers;
pub mod asking;
pub mod body;
pub mod chunked;
pub mod exchange;
pub mod fields;
pub mod first_line;
pub mod head;
mod response;
pub mod rewrite;
pub mod target;

#[cfg(test)]
pub(crate) mod testing;
