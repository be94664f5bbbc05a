//! FTP's control connection (RFC 959).
//!
//! A newcomer's trap: between the first and the last line of a reply stands anything, also lines that
//! begin with other codes; and after a reply of 1xx another one comes to the same command.

use super::{
    Conversation, Kind, Next, Reply, Turn,
    code::{self, Code, verb},
    lines::Lines,
};
use crate::error::Result;

/// The service is not available; the connection will be closed (RFC 959, 5.4).
const CLOSING: u16 = 421;

/// See the module's description. It begins with the greeting.
#[derive(Debug)]
pub struct Ftp {
    lines: Lines,
    /// The first line of a reply of several, and its code.
    first: Option<(u16, Vec<u8>)>,
    is_waiting: bool,
    /// The client has asked to leave, and nothing else since.
    has_quit: bool,
    /// Either side has said that it leaves.
    is_leaving: bool,
}

impl Ftp {
    fn replied(&mut self, code: Code, line: Vec<u8>) -> Reply {
        self.is_leaving |= code.number == CLOSING;
        self.is_waiting &= code.number < 200;
        Reply { kind: code.kind(), line, unless: None }
    }
}

impl Default for Ftp {
    fn default() -> Self {
        Self { lines: Lines::default(), first: None, is_waiting: true, has_quit: false, is_leaving: false }
    }
}

impl Conversation for Ftp {
    fn turn(&self) -> Turn {
        if self.is_waiting { Turn::Wait } else { Turn::Line }
    }

    fn greeted(&mut self) {
        self.is_waiting = false;
    }

    fn said(&mut self, line: &[u8]) {
        self.is_waiting = true;
        self.has_quit = verb(line) == b"QUIT";
        self.is_leaving |= self.has_quit;
    }

    fn heard(&mut self, mut bytes: &[u8], replies: &mut Vec<Reply>) -> Result<()> {
        loop {
            let Some((number, first)) = &mut self.first else {
                let Some(line) = self.lines.line(&mut bytes)? else { return Ok(()) };
                let code = Code::of(&line, "FTP")?;
                if code.goes_on {
                    self.first = Some((code.number, line.into_owned()));
                } else {
                    replies.push(self.replied(code, line.into_owned()));
                }
                continue;
            };
            let Some(line) = self.lines.text(&mut bytes) else { return Ok(()) };
            if let Some(code) = Code::parse(&line).filter(|code| code.number == *number && !code.goes_on) {
                let first = std::mem::take(first);
                self.first = None;
                replies.push(self.replied(code, first));
            }
        }
    }

    fn next(&self) -> Next {
        Next::Reply
    }

    fn kind(&self, beginning: &[u8]) -> Option<Kind> {
        match self.first {
            // Whatever stands in between belongs to the reply.
            Some((number, _)) => Some(Code { number, goes_on: true }.kind()),
            None => code::kind(beginning),
        }
    }

    fn may_end(&self) -> bool {
        self.turn() != Turn::Wait || self.has_quit
    }

    fn farewell(&self) -> Option<Vec<u8>> {
        (!self.is_leaving).then(|| b"QUIT".to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::reply::{
        Kind, LINE,
        testing::{hear, play},
    };
    use proptest::prelude::*;

    const GREETING: &str = "S: 220 hi\n! success 220 hi\n";

    #[track_caller]
    fn ftp(session: &str) -> Turn {
        play(&|| Box::new(Ftp::default()), session)
    }

    #[test]
    fn a_reply_ends_with_the_line_that_begins_with_its_code_and_a_space() {
        let turn = ftp("S: 220-Welcome
             S:
             S: 230 is no end
             S:  220 neither
             S: 220-nor this
             S: 2200
             S: 220 End
             ! success 220-Welcome
             C: USER me
             S: 331 Password?
             ! continue 331 Password?
             C: PASS x
             S: 530-Go away,
             S: 530
             ! permanent 530-Go away,");
        assert_eq!(turn, Turn::Line);
    }

    #[test]
    fn after_1xx_another_reply_is_awaited() {
        let turn = ftp("S: 120 in two minutes
             ! continue 120 in two minutes
             S: 220 hi
             ! success 220 hi
             C: RETR x
             S: 150-here
             S: 150 it comes
             ! continue 150-here
             S: 426 broken off
             ! transient 426 broken off
             C: ABOR
             S: 226 ok
             ! success 226 ok");
        assert_eq!(turn, Turn::Line);
    }

    #[test]
    fn a_name_a_password_and_encryption_are_commands_like_others() {
        let turn = ftp("S: 220 hi
             ! success 220 hi
             C: AUTH TLS
             S: 234 go ahead
             ! success 234 go ahead
             C: USER me
             S: 331 Password?
             ! continue 331 Password?
             C: PASS me
             S: 230 in
             ! success 230 in");
        assert_eq!(turn, Turn::Line);
    }

    #[test]
    fn quit_is_the_farewell_until_somebody_leaves() {
        let mut ftp = Ftp::default();
        ftp.greeted();
        assert_eq!(ftp.turn(), Turn::Line, "after AUTH TLS there is no other greeting");
        assert_eq!(ftp.farewell().unwrap(), b"QUIT");
        hear(&mut ftp, b"421 Timeout\r\n", &[99]).1.unwrap();
        assert_eq!(ftp.farewell(), None);
        let mut ftp = Ftp::default();
        ftp.said(b"quit");
        assert_eq!(ftp.farewell(), None);
    }

    #[test]
    fn an_end_owes_a_reply_except_to_quit() {
        assert_eq!(ftp("CUT"), Turn::Wait);
        assert_eq!(ftp(&format!("{GREETING}C: NOOP\nCUT")), Turn::Wait);
        assert_eq!(ftp(&format!("{GREETING}C: RETR x\nS: 150 here\n! continue 150 here\nCUT")), Turn::Wait);
        assert_eq!(ftp(&format!("{GREETING}C: QUIT\nEND")), Turn::Wait);
        assert_eq!(ftp(&format!("{GREETING}s: 421 bye\n! transient 421 bye\nEND")), Turn::Line);
        assert_eq!(ftp(&format!("{GREETING}s: 421 bye\n! transient 421 bye\nC: NOOP\nCUT")), Turn::Wait);
    }

    #[test]
    fn what_is_no_reply_is_an_error_that_names_it() {
        for wrong in ["99 x", "2200 x", "SSH-2.0-x"] {
            let error = hear(&mut Ftp::default(), format!("{wrong}\r\n").as_bytes(), &[3]).1.unwrap_err();
            assert_eq!(error.to_string(), format!("the reply: \"{wrong}\" is no reply of FTP"));
        }
    }

    #[test]
    fn a_reply_without_end_takes_no_memory() {
        let mut ftp = Ftp::default();
        assert_eq!(hear(&mut ftp, b"220-hi\r\n", &[1]).0, []);
        for _ in 0..20 {
            assert_eq!(hear(&mut ftp, &[b'x'; LINE], &[usize::MAX]), (Vec::new(), Ok(())));
            assert_eq!(hear(&mut ftp, &b"\0\xff so on\r\n".repeat(1000), &[usize::MAX]), (Vec::new(), Ok(())));
        }
        let (replies, _) = hear(&mut ftp, b"220 x\n", &[99]);
        assert_eq!(replies, [Reply { kind: Kind::Success, line: b"220-hi".to_vec(), unless: None }]);
    }

    proptest! {
        #[test]
        fn replies_in_any_pieces_are_the_same(
            lines in prop::collection::vec(prop_oneof!["(150|220|550)[ -][a\0\u{fc}]{0,3}\r?\n", "[2 -]{0,4}\n"], 0..8),
            sizes in prop::collection::vec(1usize..9, 1..6),
        ) {
            let bytes = lines.concat().into_bytes();
            let outcome = |sizes: &[usize]| {
                let mut ftp = Ftp::default();
                (hear(&mut ftp, &bytes, sizes), ftp.turn())
            };
            prop_assert_eq!(outcome(&sizes), outcome(&[usize::MAX]));
        }

        #[test]
        fn nothing_panics(steps in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..20)), 0..20)) {
            let mut ftp = Ftp::default();
            for (says, bytes) in steps {
                if says {
                    ftp.said(&bytes);
                } else {
                    let _ = ftp.heard(&bytes, &mut Vec::new());
                }
                let _ = (ftp.turn(), ftp.may_end(), ftp.farewell());
            }
        }
    }
}
