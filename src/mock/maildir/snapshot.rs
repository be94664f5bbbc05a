//! The mails that were there when somebody looked last, kept once for all who see the same.
//!
//! A newcomer's trap: a thousand clients come at once, and to look through a folder of ten thousand mails takes long.
//! While nothing comes and goes it is not done again; and what is known of a mail is kept when others come.

use super::{Mail, Maildir};
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use std::{
    cell::{Cell, RefCell},
    fs, io,
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
    changed: Cell<Option<[SystemTime; 2]>>,
}

/// A mail, and what has been found out about it.
#[derive(Debug)]
pub struct Entry {
    /// Where it was found.
    pub mail: Mail,
    /// Its unique-id, if that is not its name.
    id: Option<Box<str>>,
    size: Cell<Option<u64>>,
}

impl Snapshot {
    /// What is there now.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(super) fn take(&self, maildir: &Maildir) -> io::Result<Rc<[Rc<Entry>]>> {
        let known = self.mails.borrow().clone();
        let changed = changed(maildir)?;
        // To look through a large folder for each of a thousand clients takes long.
        let mails = if self.changed.get() == Some(changed) {
            known
        } else {
            let now = SystemTime::now();
            let settled = changed.iter().all(|it| now.duration_since(*it).is_ok_and(|time| time > RECENT));
            let found = maildir.mails()?;
            self.changed.set(settled.then_some(changed));
            let same = found.len() == known.len() && found.iter().zip(&*known).all(|(mail, entry)| *mail == entry.mail);
            if same { known } else { merged(found, &known) }
        };
        self.mails.replace(Rc::clone(&mails));
        Ok(mails)
    }

    /// When the folders had been changed that need not be looked through again.
    #[cfg(test)]
    pub(super) fn settled(&self) -> Option<[SystemTime; 2]> {
        self.changed.get()
    }
}

impl Entry {
    /// How large it is on the wire, in bytes; 0 if it is gone. It is counted once.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.measure(&self.mail)
    }

    /// The same, where another program has moved it.
    pub fn measure(&self, moved: &Mail) -> u64 {
        let size = self.size.get().or_else(|| moved.size().ok());
        self.size.set(size);
        size.unwrap_or(0)
    }

    /// What it is called in all sessions of POP3 (RFC 1939, 7).
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or(&self.mail.name)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_rest_are_not_looked_through_again() {
        let maildir = Maildir::open(None).unwrap();
        let touch = |hours: u64| {
            for folder in ["new", "cur"] {
                let folder = fs::File::open(maildir.path().join(folder)).unwrap();
                folder.set_modified(SystemTime::now() - Duration::from_secs(3600 * hours)).unwrap();
            }
        };
        fs::write(maildir.path().join("new/1.a"), "x\n").unwrap();
        touch(2);
        let first = maildir.snapshot().unwrap();
        let settled = maildir.snapshot.settled();
        assert!(settled.is_some());
        assert!(Rc::ptr_eq(&first, &maildir.snapshot().unwrap()));
        // All that has changed is when.
        touch(1);
        assert!(Rc::ptr_eq(&first, &maildir.snapshot().unwrap()));
        assert!(maildir.snapshot.settled().is_some_and(|changed| Some(changed) != settled));
        fs::write(maildir.path().join("new/0.b"), "y\n").unwrap();
        let second = maildir.snapshot().unwrap();
        assert_eq!(second.iter().map(|entry| entry.id()).collect::<Vec<_>>(), ["0.b", "1.a"]);
        assert!(Rc::ptr_eq(&first[0], &second[1]), "what is known of a mail is kept");
        assert_eq!(maildir.snapshot.settled(), None, "there may be more in the same tick");
    }
}
