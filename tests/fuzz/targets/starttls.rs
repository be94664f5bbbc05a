//! How encryption is asked for, in 13 protocols: nothing that came in clear is left when it begins.

use super::common::{choices, play};
use rncat::{
    proto::{
        Step,
        starttls::{Errand, PROTOCOLS},
    },
    report::Report,
};

pub fn run(data: &[u8]) {
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
    if whole.end == Ok(Step::Upgrade) {
        assert!(whole.rest.is_empty(), "in clear: {}", whole.rest.escape_ascii());
    }
    if parts.end == Ok(Step::Upgrade) && !parts.rest.is_empty() {
        // It comes only when TLS has begun, and is not taken for a message in clear then; at once, it is noticed.
        assert!(whole.end.is_err(), "{whole:?}");
    } else {
        assert_eq!(parts, whole, "{}", PROTOCOLS[which].name);
    }
}
