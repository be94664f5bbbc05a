//! Where transcripts are written: to one file, to a file for each client, to stderr.
//!
//! A newcomer's trap: on stderr the lines of several clients mix, so a comment says whose they are.

use super::{TapFile, failed, file};
use crate::{
    error::{Result, why},
    report::say,
};
use std::{
    cell::Cell,
    fs::File,
    io::Write,
    path::{Path, PathBuf},
    rc::Rc,
};

/// See the module's description.
#[derive(Debug)]
pub(super) enum Place {
    /// Connections follow one another in it.
    File(PathBuf, Rc<File>),
    /// `FILE.1`, `FILE.2`, …
    Files {
        /// Without the number.
        file: TapFile,
        count: Cell<u64>,
    },
    Stderr {
        /// Clients may be there at the same time.
        many: bool,
        count: Cell<u64>,
        /// The number of the one who spoke last.
        last: Rc<Cell<u64>>,
    },
}

/// What one connection's transcript is written to.
#[derive(Debug)]
pub(super) enum Output {
    /// To this file, which is there.
    File(PathBuf, Rc<File>),
    Stderr {
        /// Of several clients.
        number: Option<u64>,
        last: Rc<Cell<u64>>,
    },
}

impl Place {
    /// Opens the file, or sees whether files could be made.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub(super) fn new(file: &TapFile, many: bool) -> Result<Self> {
        let count = Cell::new(0);
        if file.path.as_os_str() == "-" {
            return Ok(Self::Stderr { many, count, last: Rc::default() });
        }
        if many {
            let first = numbered(&file.path, 1);
            file::can_be_made(&first)?;
            return Ok(Self::Files { file: file.clone(), count });
        }
        let opened = file::open(&file.path, file.append)?;
        Ok(Self::File(file.path.clone(), Rc::new(opened)))
    }

    /// The file that is there from the beginning, if there is one.
    pub(super) fn file(&self) -> Option<(&File, &Path)> {
        match self {
            Self::File(path, file) => Some((file, path)),
            Self::Files { .. } | Self::Stderr { .. } => None,
        }
    }

    /// For the next connection.
    ///
    /// # Errors
    /// When its file cannot be made.
    pub(super) fn next(&self) -> Result<Output> {
        match self {
            Self::File(path, file) => Ok(Output::File(path.clone(), Rc::clone(file))),
            Self::Files { file, count } => {
                count.set(count.get() + 1);
                let path = numbered(&file.path, count.get());
                let opened = file::open(&path, file.append)?;
                Ok(Output::File(path, Rc::new(opened)))
            }
            Self::Stderr { many, count, last } => {
                count.set(count.get() + 1);
                Ok(Output::Stderr { number: many.then(|| count.get()), last: Rc::clone(last) })
            }
        }
    }
}

impl Output {
    /// Writes whole lines, at once.
    ///
    /// # Errors
    /// When the disk is full, and the like.
    pub(super) fn write(&self, lines: &str) -> Result<()> {
        match self {
            Self::File(path, file) => {
                (&**file).write_all(lines.as_bytes()).map_err(|error| failed("write", path, why(&error)))
            }
            Self::Stderr { number, last } => {
                let mut text = String::new();
                if let Some(number) = number
                    && last.replace(*number) != *number
                {
                    text = format!("# Client {number}:\n");
                }
                text.push_str(lines);
                // Of what found no room there, the lines are counted and told of.
                say(&text).map_err(|error| failed("write", "stderr".as_ref(), why(&error)))
            }
        }
    }
}

fn numbered(path: &Path, number: u64) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    name.into()
}
