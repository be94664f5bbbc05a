//! Challenges and answers of HTTP's authentication: a guard lets nobody in who does not know its password, and a
//! client that is challenged answers without a line end of its own.

use super::common::{choices, one_line};
use rncat::proto::auth::{Credentials, Guard, Verdict, choose, parse};
use std::{rc::Rc, time::Instant};

pub(crate) fn run(data: &[u8]) {
    let Some((_, _, bytes)) = choices(data, 1) else { return };
    let challenges = parse(bytes);
    assert!(challenges.len() <= bytes.len());
    let credentials = Rc::new(Credentials::parse("joe:secret").expect("credentials"));
    let now = Instant::now();
    let mut guard = Guard::new(Rc::clone(&credentials), "rncat", now).expect("a guard");
    let verdict = guard.check(Some(bytes), b"GET", b"/", now);
    let knows = bytes.windows(12).any(|it| it == b"am9lOnNlY3Jl");
    assert!(verdict != Verdict::Granted || knows, "{}", bytes.escape_ascii());
    match choose(&challenges) {
        Ok(mut answer) => {
            let value = answer.authorize(&credentials, "GET", "/").expect("an answer");
            assert!(value.len() <= 4 * bytes.len() + 1024);
            if !bytes.iter().any(|byte| byte.is_ascii_control()) {
                assert!(!value.iter().any(u8::is_ascii_control), "{}", value.escape_ascii());
            }
        }
        Err(schemes) => assert!(schemes.len() <= 16 * bytes.len() + 1024),
    }
    // Its own challenges are understood, and what answers them lets in.
    let own = guard.challenges(verdict, now).expect("challenges");
    let own: Vec<_> = own.iter().flat_map(|it| parse(it)).collect();
    let mut answer = choose(&own).expect("one that is known");
    let value = answer.authorize(&credentials, "GET", "/").expect("an answer");
    assert_eq!(guard.check(Some(&value), b"GET", b"/", now), Verdict::Granted);
    one_line(&format!("{verdict:?}"));
}
