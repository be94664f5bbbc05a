//! The mailbox of the mock servers: a Maildir, one file a mail, as Dovecot, Postfix and mutt use it
//! (<https://cr.yp.to/proto/maildir.html>).
//!
//! A newcomer's trap: lines end with LF in these files, and with CR LF on the wire. What smtp keeps has no other
//! CR or LF, so that nothing is lost; the size of a mail is the one that it has on the wire.

pub mod snapshot;

use crate::{
    error::{Error, Result, why},
    user::User,
};
use snapshot::{Entry, Snapshot};
use std::{
    cell::Cell,
    collections::BinaryHeap,
    fs::{self, DirBuilder, File, OpenOptions, Permissions},
    io::{self, BufRead, BufReader, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    rc::Rc,
    time::{SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;

/// So many mails are looked at, the oldest by name.
pub const MOST: usize = 10_000;

/// See the module's description.
#[derive(Debug)]
pub struct Maildir {
    root: PathBuf,
    /// It goes with this.
    temporary: Option<TempDir>,
    /// How many mails have been begun.
    begun: Cell<u64>,
    snapshot: Snapshot,
}

/// A mail that is being written, in `tmp`; gone if it is not finished.
#[derive(Debug)]
pub struct Delivery {
    file: Option<File>,
    path: PathBuf,
    /// Where it goes then, without its sizes.
    to: PathBuf,
    /// As it is written.
    stored: u64,
    /// As it is on the wire.
    size: u64,
}

/// A mail that is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mail {
    /// What stays the same of its name when it is read: all before a colon.
    pub name: String,
    /// Its file.
    pub path: PathBuf,
}

impl Maildir {
    /// Opens the one at `dir`, which is made if it is not there; or one for this run.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(dir: Option<&Path>) -> Result<Self> {
        let (root, temporary) = match dir {
            Some(dir) => (dir.to_owned(), None),
            None => {
                let made =
                    tempfile::Builder::new().prefix("rncat-mail-").permissions(Permissions::from_mode(0o700)).tempdir();
                let made = made.map_err(|error| Error::usage("make a folder for mails", why(&error)))?;
                (made.path().to_owned(), Some(made))
            }
        };
        for part in ["tmp", "new", "cur"] {
            let path = root.join(part);
            DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(|error| {
                let what = format!("--mock-dir {}", crate::report::escape(path.as_os_str().as_encoded_bytes()));
                Error::usage(what, why(&error)).hint("a Maildir has the folders tmp, new and cur")
            })?;
        }
        Ok(Self { root, temporary, begun: Cell::new(0), snapshot: Snapshot::default() })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Whether it goes when the program does.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Gives all that is there to somebody else.
    ///
    /// # Errors
    /// Of chown(2).
    pub fn hand_over(&self, user: &User) -> io::Result<()> {
        user.own(&self.root)?;
        for part in ["tmp", "new", "cur"].map(|part| self.root.join(part)) {
            user.own(&part)?;
            for entry in fs::read_dir(part)? {
                user.own(&entry?.path())?;
            }
        }
        Ok(())
    }

    /// Begins a mail.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn deliver(&self) -> io::Result<Delivery> {
        let number = self.begun.get();
        self.begun.set(number + 1);
        let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, micros) = (time.as_secs(), time.subsec_micros());
        let name = format!("{seconds}.M{micros:06}P{}Q{number}.rncat", std::process::id());
        let path = self.root.join("tmp").join(&name);
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Delivery { file: Some(file), path, to: self.root.join("new").join(name), stored: 0, size: 0 })
    }

    /// The mails that are there, in the order of their names, which is that of their arrival; at most [`MOST`].
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn mails(&self) -> io::Result<Vec<Mail>> {
        self.oldest(MOST)
    }

    fn oldest(&self, most: usize) -> io::Result<Vec<Mail>> {
        let mut mails = BinaryHeap::new();
        for part in ["cur", "new"] {
            for entry in fs::read_dir(self.root.join(part))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') || !entry.file_type()?.is_file() {
                    continue;
                }
                let name = name.split_once(':').map_or(&*name, |(name, _)| name).to_owned();
                mails.push(Mail { name, path: entry.path() });
                if mails.len() > most {
                    // Somebody's folder may have millions.
                    mails.pop();
                }
            }
        }
        Ok(mails.into_sorted_vec())
    }

    /// The same, each with what is known about it; those who see the same share it.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn snapshot(&self) -> io::Result<Rc<[Rc<Entry>]>> {
        self.snapshot.take(self)
    }
}

impl Delivery {
    /// Adds to it, with LF at the ends of lines.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let lines = bytes.iter().filter(|&&byte| byte == b'\n').count();
        self.stored += bytes.len() as u64;
        self.size += (bytes.len() + lines) as u64;
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes))
    }

    /// It is complete: it is one of the mails now.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub fn finish(mut self) -> io::Result<Mail> {
        // It is not forced to the disk, for which all other clients would have to wait.
        self.file = None;
        let sizes = format!(",S={},W={}", self.stored, self.size);
        let name = format!("{}{sizes}", self.to.file_name().unwrap_or_default().to_string_lossy());
        let path = self.to.with_file_name(&name);
        fs::rename(&self.path, &path)?;
        self.path = PathBuf::new();
        Ok(Mail { path, name })
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            // Whoever left it there would find half a mail.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens a mail's file to read it.
///
/// # Errors
/// When it cannot be read, or is no longer a file.
pub fn open(path: &Path) -> io::Result<File> {
    // A FIFO that has taken its place would keep all clients waiting, and a link would lead out of the Maildir.
    let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no regular file")),
    }
}

impl Mail {
    /// How large it is on the wire, in bytes: as its name says, or counted.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn size(&self) -> io::Result<u64> {
        let named = self.name.split(',').find_map(|part| part.strip_prefix("W=")?.parse().ok());
        named.map_or_else(|| self.count(), Ok)
    }

    fn count(&self) -> io::Result<u64> {
        let (mut file, mut size, mut last) = (BufReader::new(open(&self.path)?), 0, 0);
        loop {
            let piece = file.fill_buf()?;
            if piece.is_empty() {
                // A last line without an end gets one on the wire.
                return Ok(size + if size > 0 && last != b'\n' { 2 } else { 0 });
            }
            for &byte in piece {
                size += 1 + u64::from(byte == b'\n' && last != b'\r');
                last = byte;
            }
            let count = piece.len();
            file.consume(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_there_once_it_is_finished() {
        let box_ = Maildir::open(None).unwrap();
        let mut mail = box_.deliver().unwrap();
        mail.write(b"Subject: a\n\nb\n").unwrap();
        assert_eq!(box_.mails().unwrap(), []);
        let mail = mail.finish().unwrap();
        assert_eq!(box_.mails().unwrap(), std::slice::from_ref(&mail));
        assert_eq!(fs::read(&mail.path).unwrap(), b"Subject: a\n\nb\n");
        assert_eq!((mail.size().unwrap(), mail.count().unwrap()), (17, 17));
        drop(box_.deliver().unwrap());
        assert_eq!(fs::read_dir(box_.path().join("tmp")).unwrap().count(), 0, "half a mail is none");
    }

    #[test]
    fn mails_of_others_have_a_size_too() {
        let box_ = Maildir::open(None).unwrap();
        fs::write(box_.path().join("cur/2.x:2,S"), b"a\r\nb\n\n").unwrap();
        fs::write(box_.path().join("new/1.x"), b"").unwrap();
        fs::write(box_.path().join("new/3.x"), b"a\nb").unwrap();
        let mails = box_.mails().unwrap();
        assert_eq!(mails.iter().map(|mail| &*mail.name).collect::<Vec<_>>(), ["1.x", "2.x", "3.x"]);
        assert_eq!(mails.iter().map(|mail| mail.size().unwrap()).collect::<Vec<_>>(), [0, 8, 6]);
    }

    #[test]
    fn what_has_taken_the_place_of_a_mail_is_not_waited_for_nor_followed() {
        let box_ = Maildir::open(None).unwrap();
        let at = |name: &str| box_.path().join("new").join(name);
        fs::write(at("a"), b"a\n").unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, at("b"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        std::os::unix::fs::symlink(at("a"), at("c")).unwrap();
        fs::create_dir(at("d")).unwrap();
        let found: Vec<bool> = ["a", "b", "c", "d"].iter().map(|name| open(&at(name)).is_ok()).collect();
        assert_eq!(found, [true, false, false, false]);
        assert_eq!(box_.mails().unwrap().len(), 1);
    }

    #[test]
    fn of_a_large_folder_the_oldest_mails_are_looked_at() {
        let box_ = Maildir::open(None).unwrap();
        for number in (0..9).rev() {
            let part = if number % 2 == 0 { "new" } else { "cur" };
            fs::write(box_.path().join(part).join(number.to_string()), b"").unwrap();
        }
        let names: Vec<_> = box_.oldest(4).unwrap().into_iter().map(|mail| mail.name).collect();
        assert_eq!(names, ["0", "1", "2", "3"]);
    }

    #[test]
    fn one_for_a_run_goes_with_it_and_nobody_else_can_read_it() {
        let box_ = Maildir::open(None).unwrap();
        let path = box_.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        drop(box_);
        assert!(!path.exists());
    }
}
