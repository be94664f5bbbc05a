//! What clients say to our SOCKS server: 4, 4a and 5, with a password and without.

use super::{
    common::{choices, harmless, play},
    socks_client::CREDENTIALS,
};
use rncat::proto::{
    Step,
    auth::Credentials,
    proxy::serve::{Outcome, SERVERS},
};
use std::rc::Rc;

pub(crate) fn run(data: &[u8]) {
    let Some((which, cut, bytes)) = choices(data, 4) else { return };
    let played = |cut| {
        let credentials = CREDENTIALS[which % 2].map(|it| Rc::new(Credentials::parse(it).expect("credentials")));
        let mut server = (SERVERS[which / 2].serve)("c:1".to_owned(), credentials);
        let played = play(&mut *server, bytes, cut, 1024);
        assert_eq!(server.destination().is_some(), played.end == Ok(Step::Done));
        let reply = server.reply(Outcome::Connected(([127, 0, 0, 1], 9).into()));
        assert!(reply.len() <= 22);
        let destination = server.destination().map(ToString::to_string);
        destination.iter().for_each(|it| harmless(it));
        (played, destination)
    };
    let whole = played(0);
    assert_eq!(played(cut), whole);
    assert!(bytes.ends_with(&whole.0.rest));
}
