//! A mailbox as one session sees it: the mails that were there when it began, and which of them it has deleted.
//!
//! A newcomer's trap: a thousand clients of one mailbox see the same mails. Each has 8 bytes for a mail at most (80 KB
//! with as many mails as are looked at) and a number for each that it has deleted; all else is kept once.

use crate::mock::maildir::{Mail, Maildir};
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeSet, HashMap},
    fs::{self, File},
    io,
    os::unix::ffi::OsStrExt,
    path::Path,
    rc::Rc,
    time::{Duration, SystemTime},
};

/// A unique-id may have so many octets (RFC 1939, 7).
const LONGEST_ID: usize = 70;

/// A folder that was changed so recently may have been changed again in the same tick of its file system's clock.
const RECENT: Duration = Duration::from_secs(2);

/// What somebody who looked last has seen, for all who see the same.
#[derive(Debug, Default)]
pub struct Snapshot {
    mails: RefCell<Rc<[Rc<Entry>]>>,
    /// When the folders had been changed, if that was not [`RECENT`].
    pub(super) changed: Cell<Option<[SystemTime; 2]>>,
}

/// A mail, and what has been found out about it.
#[derive(Debug)]
struct Entry {
    mail: Mail,
    /// Its unique-id, if that is not its name.
    id: Option<Box<str>>,
    size: Cell<Option<u64>>,
}

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
    pub fn open(maildir: &Maildir, last: &Snapshot) -> io::Result<Self> {
        let known = last.mails.borrow().clone();
        let changed = changed(maildir)?;
        // To look through a large folder for each of a thousand clients takes long.
        let mails = if last.changed.get() == Some(changed) {
            known
        } else {
            let now = SystemTime::now();
            let settled = changed.iter().all(|it| now.duration_since(*it).is_ok_and(|time| time > RECENT));
            let found = maildir.mails()?;
            last.changed.set(settled.then_some(changed));
            let same = found.len() == known.len() && found.iter().zip(&*known).all(|(mail, entry)| *mail == entry.mail);
            if same { known } else { merged(found, &known) }
        };
        last.mails.replace(Rc::clone(&mails));
        Ok(Self { mails, deleted: BTreeSet::new() })
    }

    /// Whether both are one and the same in memory.
    #[cfg(test)]
    pub(crate) fn shares(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.mails, &other.mails)
    }

    /// How many mails there were at the beginning.
    #[must_use]
    pub fn len(&self) -> usize {
        self.mails.len()
    }

    /// How many of them are not deleted.
    #[must_use]
    pub fn present(&self) -> usize {
        self.len().saturating_sub(self.deleted.len())
    }

    /// What those have on the wire, in octets.
    #[must_use]
    pub fn octets(&self) -> u64 {
        let present = (0..self.len()).filter(|mail| !self.is_deleted(*mail));
        present.map(|mail| self.size(mail)).fold(0, u64::saturating_add)
    }

    /// How large a mail is on the wire, in octets; 0 if it is gone.
    #[must_use]
    pub fn size(&self, mail: usize) -> u64 {
        let Some(entry) = self.mails.get(mail) else { return 0 };
        if entry.size.get().is_none() {
            entry.size.set(entry.mail.size().ok());
        }
        entry.size.get().unwrap_or(0)
    }

    /// What a mail is called in all sessions (RFC 1939, 7).
    #[must_use]
    pub fn id(&self, mail: usize) -> &str {
        self.mails.get(mail).map_or("", |entry| entry.id.as_deref().unwrap_or(&entry.mail.name))
    }

    /// The file of a mail, wherever another program has moved it.
    ///
    /// # Errors
    /// When it is gone, or cannot be read.
    pub fn file(&self, mail: usize, maildir: &Maildir) -> io::Result<File> {
        let entry = self.mails.get(mail).ok_or(io::ErrorKind::NotFound)?;
        match File::open(&entry.mail.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let moved = maildir.mails()?.into_iter().find(|mail| mail.name == entry.mail.name).ok_or(error)?;
                entry.size.set(entry.size.get().or_else(|| moved.size().ok()));
                File::open(moved.path)
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

/// When a mail came or went last, in each folder.
fn changed(maildir: &Maildir) -> io::Result<[SystemTime; 2]> {
    let time = |folder| fs::metadata(maildir.path().join(folder))?.modified();
    Ok([time("new")?, time("cur")?])
}

/// The mails that were found, with what is known of them; both are sorted by name.
fn merged(found: Vec<Mail>, known: &[Rc<Entry>]) -> Rc<[Rc<Entry>]> {
    let mut known = known.iter().peekable();
    let mut entries: Vec<Rc<Entry>> = Vec::with_capacity(found.len());
    let mut found = found.into_iter().peekable();
    while let Some(mail) = found.next() {
        while known.next_if(|entry| entry.mail.name < mail.name).is_some() {}
        let entry = known.next_if(|entry| entry.mail == mail).cloned().unwrap_or_else(|| {
            let twice = found.peek().is_some_and(|next| next.name == mail.name)
                || entries.last().is_some_and(|last| last.mail.name == mail.name);
            Rc::new(Entry { id: id(&mail, twice), mail, size: Cell::new(None) })
        });
        entries.push(entry);
    }
    entries.into()
}

/// The unique-id of a mail whose name is none, or the name of another, too.
fn id(mail: &Mail, twice: bool) -> Option<Box<str>> {
    let fits = (1..=LONGEST_ID).contains(&mail.name.len()) && mail.name.bytes().all(|byte| byte.is_ascii_graphic());
    // The name that is kept need not be the file's: that may be no text.
    let file = mail.path.file_name().unwrap_or_default().as_bytes();
    let folder = mail.path.parent().and_then(Path::file_name).unwrap_or_default().as_bytes();
    // What follows a colon changes when it is read.
    let stable = file.split(|byte| *byte == b':').next().unwrap_or_default();
    let hash = |bytes: &[u8]| Some(HEXLOWER.encode(digest(&SHA256, bytes).as_ref()).into());
    match (twice, fits) {
        (true, _) => hash(&[folder, b"/", file].concat()),
        (false, false) => hash(stable),
        (false, true) => None,
    }
}
