//! What a reader can ask for: which mails there are, one of them, and that they be deleted.
//!
//! A newcomer's trap: people count mails from 1, and a deleted one keeps its number until the end.

use super::{
    Pop3, State,
    long::{Listed, Long},
    mailbox::Mailbox,
    messages,
};
use crate::error::why;
use std::io;

impl Pop3 {
    pub(super) fn list(&mut self, listed: Listed, words: &[&[u8]]) -> Result<String, String> {
        let State::Reader(mailbox) = &self.state else { return Err(String::new()) };
        if !words.is_empty() {
            return find(mailbox, words).map(|mail| listed.line(mailbox, mail));
        }
        self.long = Some(Long::Listing(listed, 0));
        let count = messages(mailbox.present());
        Ok(match listed {
            Listed::Size => format!("{count} ({} octets)", mailbox.octets()),
            Listed::Id => format!("{count}; their unique-ids follow"),
        })
    }

    /// RETR, TOP.
    pub(super) fn fetch(&mut self, word: &str, words: &[&[u8]]) -> Result<String, String> {
        let State::Reader(mailbox) = &self.state else { return Err(String::new()) };
        let (number, lines) = match *words {
            [number, lines] if word == "TOP" => {
                let lines = digits(lines).ok_or("the second number of TOP is how many lines of the text follow")?;
                (number, Some(lines))
            }
            [_] | [] if word == "TOP" => return Err("TOP takes two numbers: of a message, and of lines".to_owned()),
            [number] => (number, None),
            _ => return Err(format!("{word} takes the number of a message; LIST shows them")),
        };
        let mail = find(mailbox, &[number])?;
        let file = mailbox.file(mail, &self.shared.maildir).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("message {} is gone: somebody else has deleted it", mail + 1),
            _ => format!("[SYS/TEMP] message {} cannot be read: {}", mail + 1, why(&error)),
        })?;
        self.long = Some(Long::letter(file, lines));
        Ok(match lines {
            Some(_) => "the top of it follows".to_owned(),
            None => format!("{} octets", mailbox.size(mail)),
        })
    }

    /// RFC 1939, 6: the UPDATE state.
    pub(super) fn quit(&mut self) -> Result<String, String> {
        let State::Reader(mut mailbox) = std::mem::replace(&mut self.state, State::Over) else {
            return Ok("goodbye".to_owned());
        };
        let (gone, failure) = mailbox.update(&self.shared.maildir);
        if gone > 0 {
            let (client, count) = (&self.client.name, messages(gone));
            self.shared.report.detail(1, format_args!("{client}: {count} deleted."));
        }
        match failure {
            Some(error) => Err(format!("[SYS/TEMP] not all messages could be deleted: {}", why(&error))),
            None if gone > 0 => Ok(format!("{} deleted; goodbye", messages(gone))),
            None => Ok("goodbye".to_owned()),
        }
    }
}

pub(super) fn delete(mailbox: &mut Mailbox, words: &[&[u8]]) -> Result<String, String> {
    let mail = find(mailbox, words)?;
    mailbox.delete(mail);
    Ok(format!("message {} goes at QUIT; RSET brings it back", mail + 1))
}

/// A mail by its number, which counts from 1; it is there.
fn find(mailbox: &Mailbox, words: &[&[u8]]) -> Result<usize, String> {
    let [word] = *words else { return Err("one number of a message is wanted; LIST shows them".to_owned()) };
    let number = digits(word).ok_or("the number of a message has digits only; LIST shows them")?;
    let count = mailbox.count();
    let mail = usize::try_from(number).ok().and_then(|number| number.checked_sub(1)).filter(|mail| *mail < count);
    match mail {
        None if count == 0 => Err("there is no message".to_owned()),
        None => Err(format!("there is no such message; the last one is {count}")),
        Some(mail) if mailbox.is_deleted(mail) => Err(format!("message {number} is deleted; RSET brings it back")),
        Some(mail) => Ok(mail),
    }
}

/// A number; one that is too large is as large as can be.
fn digits(word: &[u8]) -> Option<u64> {
    let text = str::from_utf8(word).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    (!text.is_empty()).then(|| text.parse().unwrap_or(u64::MAX))
}
