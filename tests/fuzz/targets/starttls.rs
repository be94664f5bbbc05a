//! How encryption is asked for, in 13 protocols: agreed upon or not, and what came too early is not swallowed.

use super::common::{choices, play};
use rncat::{
    proto::{
        Step,
        starttls::{Errand, PROTOCOLS},
    },
    report::Report,
};

pub(crate) fn run(data: &[u8]) {
    let Some((which, cut, bytes)) = choices(data, PROTOCOLS.len()) else { return };
    let played = |cut| {
        let errand = Errand {
            what: "STARTTLS".to_owned(),
            host: "example.org".to_owned(),
            client: "client.example".to_owned(),
            report: Report::new("rncat", 0, true),
        };
        play(&mut *(PROTOCOLS[which].ask)(errand), bytes, cut, 1024 * 1024)
    };
    let (whole, parts) = (played(0), played(cut));
    assert!(!matches!(whole.end, Ok(Step::Again | Step::Done | Step::Send(_))));
    // What came behind the agreement is left, and seen by whoever begins TLS: it ends the connection then.
    assert!(bytes.ends_with(&whole.rest));
    assert_eq!(parts, whole, "{}", PROTOCOLS[which].name);
}
