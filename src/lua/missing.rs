//! In place of the interpreter, in a build without it.

use crate::{
    cli::program_name,
    error::{Error, Result},
    report::Report,
};
use std::{ffi::OsStr, path::Path, process::ExitCode};

pub(super) fn open(_file: &Path) -> Result<()> {
    Err(Error::usage("--lua-exec", "this build of rncat has no Lua"))
}

pub(super) fn check(file: &Path) -> Result<()> {
    open(file)
}

pub(super) fn run(name: &OsStr, file: &Path) -> ExitCode {
    if let Err(error) = open(file) {
        Report::new(program_name(Some(name)), 0, false).error(&error);
    }
    crate::error::Exit::Usage.into()
}
