//! Who may use the proxy: whom the [`Guard`] lets in, or everyone where there is none.
//!
//! A newcomer's trap: each request is asked about once, for a Digest answer is good for one alone.

use super::asking::Authorize;
use crate::proto::auth::{Guard, Verdict};
use std::time::Instant;

/// Looks at the requests of this moment.
pub struct Gate<'a> {
    /// Nobody is asked for credentials without it.
    pub guard: Option<&'a mut Guard>,
    /// The time.
    pub now: Instant,
}

impl Authorize for Gate<'_> {
    fn check(&mut self, method: &str, uri: &[u8], proxy_authorization: Option<&[u8]>) -> Result<(), Vec<String>> {
        let Some(guard) = &mut self.guard else { return Ok(()) };
        match guard.check(proxy_authorization, method.as_bytes(), uri, self.now) {
            Verdict::Granted => Ok(()),
            verdict => {
                // A machine without random numbers has no challenges, and lets nobody in.
                let challenges = guard.challenges(verdict, self.now).map(Vec::from).unwrap_or_default();
                Err(challenges.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::{auth::Credentials, http::testing::run};

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    #[test]
    fn who_knows_the_password_is_let_in() {
        let now = Instant::now();
        let mut guard = Guard::new(Credentials::parse("joe:secret").unwrap(), "proxy", now).unwrap();
        let mut ask = |field: &str| {
            let request = format!("GET http://h/ HTTP/1.1\r\n{field}\r\n");
            run(request.as_bytes(), OK, 99, &mut Gate { guard: Some(&mut guard), now }).client
        };
        let refused = ask("");
        assert!(refused.starts_with("HTTP/1.1 407 "), "{refused}");
        assert_eq!(refused.matches("\r\nProxy-Authenticate: ").count(), 3, "{refused}");
        assert!(ask("Proxy-Authorization: Basic am9lOndyb25n\r\n").starts_with("HTTP/1.1 407 "));
        assert!(ask("Proxy-Authorization: Basic am9lOnNlY3JldA==\r\n").starts_with("HTTP/1.1 200 "));
    }

    #[test]
    fn without_a_guard_everyone_is() {
        let seen = run(b"GET http://h/ HTTP/1.1\r\n\r\n", OK, 99, &mut Gate { guard: None, now: Instant::now() });
        assert!(seen.client.starts_with("HTTP/1.1 200 "));
    }
}
