//! Taps: files that record what was really sent and received. One file a format.
//!
//! A newcomer's trap: `-o` and `-x` have all connections of a run in one file, as it comes; a transcript has
//! one conversation, which has a beginning and two sides, so it is kept for each connection.

mod file;
mod hex;
mod place;
mod record;
mod secrets;
mod transcript;

pub use record::{Ends, Record};

use crate::{
    error::{Error, Result, why},
    proto::evidence::Side,
    report::{Report, escape},
};
use place::Place;
use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    fs::{File, Metadata},
    io::Write,
    os::unix::fs::MetadataExt,
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

impl TapFile {
    /// Whether something is held back until the end of a connection: a line without an end.
    #[must_use]
    pub fn holds_lines(&self) -> bool {
        matches!(self.format, Format::Dialogue { .. })
    }
}

/// What the connections of a run have in common.
#[derive(Debug, Clone)]
pub struct Sessions {
    /// Which side we are.
    pub side: Side,
    /// Whether there may be several at once, as clients of `-k`.
    pub many: bool,
    /// The server as it was typed, if we are the client and it was.
    pub target: Option<String>,
}

/// All taps of a run, shared by its connections; each has a [`Record`].
#[derive(Debug)]
pub struct Taps {
    open: RefCell<Vec<Tap>>,
    transcript: Option<Transcripts>,
    failed: Cell<bool>,
    sessions: Sessions,
    report: Report,
}

#[derive(Debug)]
struct Tap {
    file: File,
    path: PathBuf,
    format: Format,
}

/// The transcripts of a run.
#[derive(Debug)]
struct Transcripts {
    place: Place,
    timestamps: bool,
    show_secrets: bool,
    /// It was told that one of them could not be written.
    told: Cell<bool>,
}

impl Taps {
    /// Opens the files.
    ///
    /// # Errors
    /// When one cannot be written to.
    pub fn open(files: &[TapFile], sessions: Sessions, report: Report) -> Result<Self> {
        let (mut open, mut transcript) = (Vec::new(), None);
        for it in files {
            let (path, format) = (it.path.clone(), it.format);
            if let Format::Dialogue { timestamps, secrets: show_secrets } = format {
                let place = Place::new(it, sessions.many)?;
                transcript = Some(Transcripts { place, timestamps, show_secrets, told: Cell::new(false) });
            } else {
                let file = file::open(&path, it.append)?;
                open.push(Tap { file, path, format });
            }
        }
        let one = transcript.as_ref().and_then(|transcripts| transcripts.place.file());
        let all: Vec<_> = open.iter().map(|tap| (&tap.file, &*tap.path)).chain(one).collect();
        let mixes = files.iter().any(|it| it.append);
        if let Some(path) = twice(&all).filter(|_| !mixes) {
            return Err(failed("open", path, "it would be written to twice".to_owned()).hint("give each its own file"));
        }
        Ok(Self { open: RefCell::new(open), transcript, failed: Cell::new(false), sessions, report })
    }

    /// What is recorded of a new connection; `None` if nothing is.
    #[must_use]
    pub fn record(self: &Rc<Self>, ends: &Ends<'_>) -> Option<Rc<Record>> {
        let any = self.transcript.is_some() || !self.open.borrow().is_empty();
        any.then(|| Rc::new(Record::new(Rc::clone(self), ends)))
    }

    /// Whether a file could not be written to; the session goes on, but ends with status 2.
    #[must_use]
    pub fn have_failed(&self) -> bool {
        self.failed.get()
    }

    fn piece(&self, bytes: &[u8]) {
        self.open.borrow_mut().retain_mut(|tap| {
            let written = match tap.format {
                Format::Hex => tap.file.write_all(hex::dump(bytes).as_bytes()),
                Format::Raw | Format::Dialogue { .. } => tap.file.write_all(bytes),
            };
            if let Err(error) = &written {
                self.failed.set(true);
                self.report.error(&failed("write", &tap.path, why(error)).and(UNRECORDED));
            }
            written.is_ok()
        });
    }

    /// Tells it, of the first one.
    fn transcript_failed(&self, error: &Error) {
        self.failed.set(true);
        if self.transcript.as_ref().is_some_and(|transcripts| !transcripts.told.replace(true)) {
            self.report.error(error);
        }
    }
}

/// What becomes of a session whose file cannot be written to.
const UNRECORDED: &str = "the session goes on unrecorded";

/// A file that is there twice, whose parts would overwrite each other. What has no size (`/dev/null`) is no such file.
fn twice<'a>(files: &[(&File, &'a Path)]) -> Option<&'a Path> {
    let known = files.iter().filter_map(|(file, path)| {
        let about = file.metadata().ok().filter(Metadata::is_file)?;
        Some(((about.dev(), about.ino()), *path))
    });
    let mut seen = HashSet::new();
    known.into_iter().find_map(|(which, path)| (!seen.insert(which)).then_some(path))
}

fn failed(what: &str, path: &Path, why: String) -> Error {
    Error::usage(format!("{what} {}", escape(path.as_os_str().as_encoded_bytes())), why)
}
