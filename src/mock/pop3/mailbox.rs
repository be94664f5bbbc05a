//! A mailbox as one session sees it: the mails that were there when it began, and which of them it has deleted.
//!
//! A newcomer's trap: a thousand clients of one mailbox see the same mails. Each has 8 bytes for a mail at most (80 KB
//! with as many mails as are looked at) and a number for each that it has deleted; all else is kept once.

use crate::mock::maildir::{self, Mail, Maildir, snapshot::Entry};
use std::{
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io,
    rc::Rc,
};

/// See the module's description. Mails are counted from 0 here.
#[derive(Debug)]
pub struct Mailbox {
    mails: Rc<[Rc<Entry>]>,
    deleted: BTreeSet<usize>,
}

impl Mailbox {
    /// Looks what is there.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn open(maildir: &Maildir) -> io::Result<Self> {
        let mails = maildir.snapshot()?;
        Ok(Self { mails, deleted: BTreeSet::new() })
    }

    /// Whether both are one and the same in memory.
    #[cfg(test)]
    pub(crate) fn shares(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.mails, &other.mails)
    }

    /// How many mails there were at the beginning.
    #[must_use]
    pub fn count(&self) -> usize {
        self.mails.len()
    }

    /// How many of them are not deleted.
    #[must_use]
    pub fn present(&self) -> usize {
        self.count().saturating_sub(self.deleted.len())
    }

    /// What those have on the wire, in octets.
    #[must_use]
    pub fn octets(&self) -> u64 {
        let present = (0..self.count()).filter(|mail| !self.is_deleted(*mail));
        present.map(|mail| self.size(mail)).fold(0, u64::saturating_add)
    }

    /// How large a mail is on the wire, in octets; 0 if it is gone.
    #[must_use]
    pub fn size(&self, mail: usize) -> u64 {
        let Some(entry) = self.mails.get(mail) else { return 0 };
        entry.size()
    }

    /// What a mail is called in all sessions (RFC 1939, 7).
    #[must_use]
    pub fn id(&self, mail: usize) -> &str {
        self.mails.get(mail).map_or("", |entry| entry.id())
    }

    /// The file of a mail, wherever another program has moved it.
    ///
    /// # Errors
    /// When it is gone, or cannot be read.
    pub fn file(&self, mail: usize, maildir: &Maildir) -> io::Result<File> {
        let entry = self.mails.get(mail).ok_or(io::ErrorKind::NotFound)?;
        match maildir::open(&entry.mail.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let moved = maildir.mails()?.into_iter().find(|mail| mail.name == entry.mail.name).ok_or(error)?;
                entry.measure(&moved);
                maildir::open(&moved.path)
            }
            opened => opened,
        }
    }

    /// Whether it has been deleted in this session.
    #[must_use]
    pub fn is_deleted(&self, mail: usize) -> bool {
        self.deleted.contains(&mail)
    }

    /// Deletes a mail when the session ends in order.
    pub fn delete(&mut self, mail: usize) {
        self.deleted.insert(mail);
    }

    /// None is deleted.
    pub fn reset(&mut self) {
        self.deleted.clear();
    }

    /// Removes what has been deleted: how many are gone now, and why others are not.
    pub fn update(&mut self, maildir: &Maildir) -> (usize, Option<io::Error>) {
        let (mut gone, mut failure, mut moved) = (0, None, None);
        for mail in std::mem::take(&mut self.deleted) {
            let Some(entry) = self.mails.get(mail) else { continue };
            match fs::remove_file(&entry.mail.path).or_else(|error| match error.kind() {
                io::ErrorKind::NotFound => remove_moved(&entry.mail, maildir, &mut moved),
                _ => Err(error),
            }) {
                Ok(()) => gone += 1,
                Err(error) => failure = Some(error),
            }
        }
        (gone, failure)
    }
}

/// Removes a mail that is not where it was: another session has deleted it, or another program moved it.
fn remove_moved(mail: &Mail, maildir: &Maildir, known: &mut Option<HashMap<String, Mail>>) -> io::Result<()> {
    if known.is_none() {
        *known = Some(maildir.mails()?.into_iter().map(|mail| (mail.name.clone(), mail)).collect());
    }
    known.as_ref().and_then(|known| known.get(&mail.name)).map_or(Ok(()), |moved| fs::remove_file(&moved.path))
}
