//! What name servers answer to a search for mail exchangers: the input is records of an answer, or the whole message.
//!
//! The question's id and name are put in front of it, or almost all would be thrown away at once.

use super::common::{choices, harmless, one_line};
use rncat::{
    cli::config::Family,
    proto::dns::{Over, Search, Servers},
};
use std::{net::SocketAddr, time::Instant};

pub(crate) fn run(data: &[u8]) {
    let Some((which, counts, bytes)) = choices(data, 4) else { return };
    let server = SocketAddr::from(([127, 0, 0, 1], 53));
    let mut search = Search::new("example.org".to_owned(), Family::Any, true, Servers::one(server), || 7);
    let now = Instant::now();
    let mut asked = 0;
    while let Some((lookup, sending)) = search.send(now) {
        asked += 1;
        assert!(asked <= 200, "it asks for ever");
        let message = match which {
            0 => bytes.to_vec(),
            _ => answer(&sending.message, counts, which, bytes),
        };
        search.heard(lookup, server, if which == 3 { Over::Tcp } else { sending.over }, &message);
        if search.is_open(lookup) {
            search.failed(lookup, server, sending.over, "nothing came");
            search.failed(lookup, server, Over::Tcp, "nothing came");
        }
    }
    match search.exchangers() {
        Ok(exchangers) => {
            for exchanger in exchangers.unwrap_or_default() {
                harmless(&exchanger.name);
                assert!(search.addresses(exchanger).len() <= 1024);
                one_line(&search.why(exchanger));
            }
        }
        Err(error) => one_line(&error.to_string()),
    }
    search.records().iter().for_each(|it| harmless(it));
    search.notes().iter().for_each(|it| harmless(it));
    one_line(&search.what());
}

/// The header of an answer to this question, the question, and then the input.
fn answer(question: &[u8], counts: u8, which: usize, records: &[u8]) -> Vec<u8> {
    let flags = if which == 2 { [0x81, 0x80 | counts & 0xf] } else { [0x81, 0x80] };
    let end = 12 + question[12..].iter().position(|byte| *byte == 0).unwrap_or_default() + 5;
    let counts = [0, 1, 0, counts & 0x3f, 0, 0, 0, 0];
    [&question[..2], &flags, &counts, &question[12..end], records].concat()
}
