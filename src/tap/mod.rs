//! Taps: files that record what was really sent and received. One file a format.

mod hex;

use crate::{
    error::{Error, Result, why},
    report::{Report, escape},
};
use std::{
    cell::{Cell, RefCell},
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    rc::Rc,
};

/// How a tap writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `-o`: the bytes of both directions as they came.
    Raw,
    /// `-x`: both directions as a hex dump; offsets begin anew with each piece.
    Hex,
    /// `--transcript`: as a dialogue that can be played.
    Dialogue {
        /// `--timestamps`.
        timestamps: bool,
        /// `--show-secrets`.
        secrets: bool,
    },
}

/// A file that records the session.
#[derive(Debug, Clone)]
pub struct TapFile {
    /// Where.
    pub path: PathBuf,
    /// In which form.
    pub format: Format,
    /// `--append-output`.
    pub append: bool,
}

/// All taps of a run, shared by its connections; each has a [`Record`].
#[derive(Debug)]
pub struct Taps {
    open: RefCell<Vec<Tap>>,
    failed: Cell<bool>,
    report: Report,
}

#[derive(Debug)]
struct Tap {
    file: File,
    path: PathBuf,
    format: Format,
}

impl Taps {
    /// Opens the files.
    ///
    /// # Errors
    /// When one cannot be written to.
    pub fn open(files: &[TapFile], report: Report) -> Result<Self> {
        let open = |it: &TapFile| {
            File::options()
                .create(true)
                .write(true)
                .append(it.append)
                .truncate(!it.append)
                .open(&it.path)
                .map(|file| Tap { file, path: it.path.clone(), format: it.format })
                .map_err(|error| Error::usage(format!("open {}", shown(&it.path)), why(&error)))
        };
        let open = files.iter().map(open).collect::<Result<_>>()?;
        Ok(Self { open: RefCell::new(open), failed: Cell::new(false), report })
    }

    /// What is recorded of a new connection; `None` if nothing is.
    #[must_use]
    pub fn record(self: &Rc<Self>) -> Option<Rc<Record>> {
        (!self.open.borrow().is_empty()).then(|| Rc::new(Record { taps: Rc::clone(self) }))
    }

    /// Whether a file could not be written to; the session goes on, but ends with status 2.
    #[must_use]
    pub fn have_failed(&self) -> bool {
        self.failed.get()
    }

    fn piece(&self, bytes: &[u8]) {
        self.open.borrow_mut().retain_mut(|tap| {
            let written = match tap.format {
                Format::Raw => tap.file.write_all(bytes),
                Format::Hex => tap.file.write_all(hex::dump(bytes).as_bytes()),
                Format::Dialogue { .. } => Ok(()),
            };
            if let Err(error) = &written {
                self.failed.set(true);
                self.report.error(&Error::usage(
                    format!("write {}", shown(&tap.path)),
                    format!("{}; the session goes on unrecorded", why(error)),
                ));
            }
            written.is_ok()
        });
    }
}

/// What is recorded of one connection, as it was really said: after pacing, before encryption.
#[derive(Debug)]
pub struct Record {
    taps: Rc<Taps>,
}

impl Record {
    /// These bytes were sent.
    pub fn sent(&self, bytes: &[u8]) {
        self.taps.piece(bytes);
    }

    /// These bytes came from the peer.
    pub fn received(&self, bytes: &[u8]) {
        self.taps.piece(bytes);
    }
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}
