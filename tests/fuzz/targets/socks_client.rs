//! What SOCKS servers answer to us: cut anywhere it means the same, and what is behind it stays whole.

use super::common::{choices, play};
use rncat::proto::{
    Step,
    auth::Credentials,
    proxy::{Destination, Errand, Memory, PROXIES},
};
use std::{cell::RefCell, rc::Rc};

pub(crate) const CREDENTIALS: [Option<&str>; 2] = [None, Some("joe:secret")];

pub(crate) fn run(data: &[u8]) {
    let Some((which, cut, bytes)) = choices(data, 4) else { return };
    ask(["socks4", "socks5"][which / 2], "192.0.2.1", CREDENTIALS[which % 2], bytes, cut);
}

/// Asks a proxy that answers this.
pub(crate) fn ask(kind: &str, host: &str, credentials: Option<&str>, bytes: &[u8], cut: u8) {
    let proxy = PROXIES.iter().find(|it| it.name == kind).expect("a kind of proxy");
    let played = |cut| {
        let credentials = credentials.map(|it| Rc::new(Credentials::parse(it).expect("credentials")));
        let memory = Rc::new(RefCell::new(Memory::new(credentials)));
        let errand = Errand { proxy: "p:1".to_owned(), destination: Destination::new(host, 25), memory };
        play(&mut *(proxy.ask)(errand).expect("a dialogue"), bytes, cut, 64 * 1024)
    };
    let whole = played(0);
    assert_eq!(played(cut), whole);
    assert!(bytes.ends_with(&whole.rest), "what is behind an answer is the next layer's");
    assert!(!matches!(whole.end, Ok(Step::Upgrade | Step::Send(_))));
}
