//! What an HTTP proxy answers to us: cut anywhere it means the same, and what is behind it stays whole.

use super::{
    common::choices,
    socks_client::{CREDENTIALS, ask},
};

pub(crate) fn run(data: &[u8]) {
    let Some((which, cut, bytes)) = choices(data, 2) else { return };
    ask("http", "example.org", CREDENTIALS[which], bytes, cut);
}
