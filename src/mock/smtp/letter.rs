//! One mail on its way in: its envelope, and what is kept of it on disk.
//!
//! A newcomer's trap: a mail is as long as its sender likes, and so is the list of its recipients. Neither is held
//! in memory, and a mail that fits into the buffer takes no descriptor before it is complete.

use super::trace::EnvelopeTo;
use crate::mock::maildir::{Delivery, Mail, Maildir};
use std::io;

/// So many recipients can a mail have; RFC 5321, 4.5.3.1.8, wants 100 at least.
pub(super) const RECIPIENTS: usize = 1000;

/// So much waits to be written at most, in bytes.
const BUFFER: usize = 4096;

/// So many recipients are named when it is shown.
const SHOWN: usize = 10;

/// See the module's description.
#[derive(Debug)]
pub(super) struct Letter {
    /// Without brackets; nothing for the null path.
    pub(super) sender: String,
    /// SMTPUTF8 was asked for.
    pub(super) utf8: bool,
    recipients: usize,
    shown: String,
    list: EnvelopeTo,
    draft: Draft,
}

impl Letter {
    /// Begins one from `sender`.
    pub(super) fn new(sender: &str, utf8: bool, maildir: &Maildir) -> Self {
        let mut draft = Draft::default();
        draft.write(format!("Return-Path: <{sender}>\n").as_bytes(), maildir);
        Self {
            sender: sender.to_owned(),
            utf8,
            recipients: 0,
            shown: String::new(),
            list: EnvelopeTo::default(),
            draft,
        }
    }

    /// How many it has.
    pub(super) fn recipients(&self) -> usize {
        self.recipients
    }

    /// One recipient more, unless there are too many.
    pub(super) fn goes_to(&mut self, address: &str, maildir: &Maildir) -> bool {
        if self.recipients == RECIPIENTS {
            return false;
        }
        if self.recipients < SHOWN {
            let glue = if self.recipients == 0 { "" } else { ", " };
            self.shown.push_str(&format!("{glue}<{address}>"));
        }
        self.recipients += 1;
        self.draft.write(self.list.one_more(address).as_bytes(), maildir);
        true
    }

    /// Sender and recipients, in a line.
    pub(super) fn envelope(&self) -> String {
        let more = match self.recipients.saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("from <{}> to {}{more}", self.sender, self.shown)
    }

    /// Ends the envelope; the text of the mail comes next.
    pub(super) fn begin(&mut self, received: &str, maildir: &Maildir) {
        self.draft.write(format!("\n{received}").as_bytes(), maildir);
        self.draft.text_from = self.draft.written;
    }

    /// Adds to its text.
    pub(super) fn add(&mut self, bytes: &[u8], maildir: &Maildir) {
        self.draft.write(bytes, maildir);
    }

    /// It will be refused: nothing of it stays.
    pub(super) fn give_up(&mut self) {
        self.draft = Draft { given_up: true, ..Draft::default() };
    }

    /// It is complete. Beside it comes where in its file the text begins, in bytes.
    ///
    /// # Errors
    /// When it could not be written.
    pub(super) fn keep(self, maildir: &Maildir) -> io::Result<(Mail, u64)> {
        let from = self.draft.text_from;
        Ok((self.draft.finish(maildir)?, from))
    }
}

/// A file that is written, with a buffer in front of it.
#[derive(Debug, Default)]
struct Draft {
    buffer: Vec<u8>,
    delivery: Option<Delivery>,
    error: Option<io::Error>,
    given_up: bool,
    /// How much has been written, the buffer included.
    written: u64,
    text_from: u64,
}

impl Draft {
    /// What cannot be written is remembered, and told at the end.
    fn write(&mut self, mut bytes: &[u8], maildir: &Maildir) {
        self.written += bytes.len() as u64;
        while !bytes.is_empty() && self.error.is_none() && !self.given_up {
            let room = BUFFER.saturating_sub(self.buffer.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() >= BUFFER {
                self.flush(maildir);
            }
        }
    }

    fn flush(&mut self, maildir: &Maildir) {
        if let Err(error) = self.try_flush(maildir) {
            // The half that is there takes room on a disk that may have none.
            (self.delivery, self.buffer, self.error) = (None, Vec::new(), Some(error));
        }
    }

    fn try_flush(&mut self, maildir: &Maildir) -> io::Result<()> {
        let delivery = match &mut self.delivery {
            Some(delivery) => delivery,
            none => none.insert(maildir.deliver()?),
        };
        delivery.write(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    fn finish(mut self, maildir: &Maildir) -> io::Result<Mail> {
        if self.error.is_none() && !self.given_up {
            self.flush(maildir);
        }
        match (self.error, self.delivery) {
            (None, Some(delivery)) => delivery.finish(),
            (Some(error), _) => Err(error),
            (None, None) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_letter_is_kept_with_its_envelope_in_front() {
        let maildir = Maildir::open(None).unwrap();
        let mut letter = Letter::new("a@b", false, &maildir);
        assert!(letter.goes_to("c@d", &maildir) && letter.goes_to("e@f", &maildir));
        letter.begin("Received: x\n", &maildir);
        letter.add(b"Subject: y\n\nz\n", &maildir);
        assert_eq!(letter.envelope(), "from <a@b> to <c@d>, <e@f>");
        let (mail, from) = letter.keep(&maildir).unwrap();
        let text = fs::read_to_string(mail.path).unwrap();
        assert_eq!(text, "Return-Path: <a@b>\nEnvelope-To: c@d, e@f\nReceived: x\nSubject: y\n\nz\n");
        assert_eq!(&text[usize::try_from(from).unwrap()..], "Subject: y\n\nz\n");
    }

    #[test]
    fn no_more_than_a_buffer_is_held_in_memory() {
        let maildir = Maildir::open(None).unwrap();
        let mut letter = Letter::new("", false, &maildir);
        let long = format!("{}@example.org", "l".repeat(60));
        for _ in 0..RECIPIENTS {
            assert!(letter.goes_to(&long, &maildir));
            assert!(letter.draft.buffer.capacity() <= 2 * BUFFER && letter.shown.capacity() < 2048);
        }
        assert!(!letter.goes_to(&long, &maildir));
        assert!(letter.envelope().ends_with("> and 990 more"));
        letter.begin("", &maildir);
        letter.add(&vec![b'x'; 10 * BUFFER + 1], &maildir);
        assert!(letter.draft.buffer.capacity() <= 2 * BUFFER);
        let in_tmp = || fs::read_dir(maildir.path().join("tmp")).unwrap().count();
        assert_eq!(in_tmp(), 1);
        letter.give_up();
        assert_eq!(in_tmp(), 0);
        letter.add(&vec![b'x'; 10 * BUFFER], &maildir);
        assert_eq!(in_tmp(), 0);
        assert!(letter.keep(&maildir).is_err());
    }

    #[test]
    fn a_folder_that_is_gone_is_told_at_the_end() {
        let maildir = Maildir::open(None).unwrap();
        fs::remove_dir_all(maildir.path()).unwrap();
        let mut letter = Letter::new("a@b", false, &maildir);
        letter.goes_to("c@d", &maildir);
        letter.begin("", &maildir);
        letter.add(&vec![b'x'; 3 * BUFFER], &maildir);
        assert_eq!(letter.keep(&maildir).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
