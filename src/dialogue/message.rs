//! Where in a dialogue a message is being said, whose lines have their dots doubled: mail, news.
//!
//! A newcomer's trap: it follows the lines of both sides as they are said, not the file; a DATA that is
//! refused begins no message, but what is refused may be a command that was sent before it.

use crate::proto::evidence::Side;

/// How far it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Message {
    /// There is none.
    #[default]
    None,
    /// The client says one, up to a lone dot: after DATA (RFC 5321, 4.1.1.4), POST, IHAVE (RFC 3977, 6.3).
    FromClient,
    /// Something was refused since the client asked to say one: that, or a command before it (RFC 2920, 3.1).
    Doubtful,
    /// The server will say one, if it agrees: after RETR, TOP (RFC 1939, 5 and 7), ARTICLE, HEAD, BODY (RFC 3977, 6.2).
    AskedFor,
    /// The server says one, up to a lone dot.
    FromServer,
}

impl Message {
    /// Whether what this side says now is a message.
    pub(super) fn is_said_by(self, side: Side) -> bool {
        match side {
            Side::Client => self == Self::FromClient,
            Side::Server => self == Self::FromServer,
        }
    }

    /// This side has said a line, which is given without its end.
    pub(super) fn line(&mut self, side: Side, line: &[u8]) {
        let is = |word: &[u8]| line.trim_ascii().eq_ignore_ascii_case(word);
        let verb = line.split(|byte| *byte == b' ').next().unwrap_or_default();
        let begins = |words: &[&[u8]]| words.iter().any(|word| verb.trim_ascii_end().eq_ignore_ascii_case(word));
        let starts = |codes: &[&[u8]]| codes.iter().any(|code| line.starts_with(code));
        *self = match (*self, side) {
            (Self::FromClient, Side::Client) | (Self::FromServer, Side::Server) if line == b"." => Self::None,
            (Self::FromClient, Side::Server) if starts(&[b"4", b"5"]) => Self::Doubtful,
            (Self::Doubtful, Side::Server) if starts(&[b"354", b"340", b"335"]) => Self::FromClient,
            (Self::None | Self::Doubtful | Self::AskedFor, Side::Client)
                if is(b"DATA") || is(b"POST") || begins(&[b"IHAVE"]) =>
            {
                Self::FromClient
            }
            (Self::None | Self::Doubtful, Side::Client) if begins(&[b"RETR", b"TOP", b"ARTICLE", b"HEAD", b"BODY"]) => {
                Self::AskedFor
            }
            (Self::AskedFor, Side::Server) if starts(&[b"+OK", b"22"]) => Self::FromServer,
            (Self::AskedFor, Side::Server) => Self::None,
            (other, _) => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(lines: &str) -> Message {
        let mut message = Message::None;
        for line in lines.split('|') {
            let (side, line) = line.split_at(1);
            message.line(if side == "C" { Side::Client } else { Side::Server }, line.as_bytes());
        }
        message
    }

    #[test]
    fn what_follows_data_is_the_clients_up_to_a_lone_dot() {
        assert!(after("CDATA|S354 go on|CSubject: x|C..").is_said_by(Side::Client));
        assert!(after("Cdata |S354").is_said_by(Side::Client));
        assert_eq!(after("CDATA|S354|Cx|C."), Message::None);
        assert!(!after("CDATA|S503 no|CRSET").is_said_by(Side::Client), "it was refused");
        assert_eq!(after("CPOST / HTTP/1.1"), Message::None, "that is no news");
    }

    #[test]
    fn of_commands_sent_together_one_may_be_refused_before_data() {
        let sent = "CMAIL FROM:<a@h>|CRCPT TO:<b@h>|CRCPT TO:<c@h>|CDATA|S250 ok|S250 ok|S550 no such user";
        assert!(after(&format!("{sent}|S354 go on")).is_said_by(Side::Client));
        assert_eq!(after(&format!("{sent}|S354 go on|Cx|C.")), Message::None);
        assert!(!after(&format!("{sent}|S503 no|CRSET|S250 ok")).is_said_by(Side::Client));
        assert!(after("CDATA|S503 no|CDATA").is_said_by(Side::Client), "tried again");
    }

    #[test]
    fn what_follows_the_first_line_of_an_answer_is_the_servers() {
        assert!(!after("CRETR 1").is_said_by(Side::Server));
        assert!(after("CRETR 1|S+OK 120 octets|Sx").is_said_by(Side::Server));
        assert_eq!(after("CRETR 1|S+OK|Sx|S."), Message::None);
        assert_eq!(after("CRETR 9|S-ERR no such message"), Message::None);
        assert_eq!(after("CRETR file|S150 opening"), Message::None, "that is FTP");
        assert!(after("CARTICLE <1@h>|S220 1 <1@h>").is_said_by(Side::Server));
    }
}
