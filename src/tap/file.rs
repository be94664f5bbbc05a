//! Opening the files of taps, which may lie in folders that other users write to, as in /tmp.
//!
//! A newcomer's trap: looking at a path before it is opened proves nothing, as it may be another file by then. A link
//! is refused by the kernel while it opens, and an owner is asked of what has been opened, before it is emptied.

use super::failed;
use crate::error::{Error, Result, why};
use rustix::{
    fs::{Access, access},
    io::Errno,
};
use std::{
    fs::{self, File, Metadata},
    os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt},
    path::Path,
};

/// Readable by its owner alone: what is recorded has passwords in it, sooner or later.
const PRIVATE: u32 = 0o600;

/// The bit of a folder's mode that lets everybody make files in it.
const ALL_WRITE: u32 = 0o002;

const LINK: &str = "it is a link";

/// Opens a file to be written to, and empties it unless it is appended to. One that is made is the user's alone. In a
/// folder that everybody may write to, neither a link is followed nor another user's file taken.
///
/// # Errors
/// When it cannot be had.
pub(super) fn open(path: &Path, append: bool) -> Result<File> {
    opened(path, append, true)
}

/// Whether a file is there that can be written to, or could be made; nothing is made yet.
///
/// # Errors
/// When neither is so.
pub(super) fn can_be_made(path: &Path) -> Result<()> {
    if fs::metadata(path).is_ok() {
        return opened(path, true, false).map(drop);
    }
    if is_shared(path) && fs::symlink_metadata(path).is_ok() {
        return Err(refused(path, LINK));
    }
    access(folder(path), Access::WRITE_OK | Access::EXEC_OK).map_err(|error| failed("open", path, why(&error.into())))
}

fn opened(path: &Path, append: bool, make: bool) -> Result<File> {
    let fails = |error: &std::io::Error| failed("open", path, why(error));
    let is_shared = is_shared(path);
    let mut options = File::options();
    options.create(make).write(true).append(append).truncate(!append && !is_shared).mode(PRIVATE);
    if !is_shared {
        return options.open(path).map_err(|error| fails(&error));
    }
    let opened = options.custom_flags(libc::O_NOFOLLOW).open(path);
    let file = opened.map_err(|error| match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => refused(path, LINK),
        _ => fails(&error),
    })?;
    let about = file.metadata().map_err(|error| fails(&error))?;
    if has_content(&about) && about.uid() != rustix::process::geteuid().as_raw() {
        return Err(refused(path, "it is another user's"));
    }
    if about.is_file() && !append {
        file.set_len(0).map_err(|error| fails(&error))?;
    }
    Ok(file)
}

fn is_shared(path: &Path) -> bool {
    fs::metadata(folder(path)).is_ok_and(|folder| folder.mode() & ALL_WRITE != 0)
}

/// Where a file is.
fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Somebody could read what is written there, now or later; `/dev/null` keeps nothing.
fn has_content(about: &Metadata) -> bool {
    about.is_file() || about.file_type().is_fifo()
}

fn refused(path: &Path, what: &str) -> Error {
    failed("open", path, format!("{what}, in a folder that every user may write to"))
        .hint("name a file in a folder of yours")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn folder_of_mode(mode: u32) -> tempfile::TempDir {
        let made = tempfile::tempdir().unwrap();
        fs::set_permissions(made.path(), PermissionsExt::from_mode(mode)).unwrap();
        made
    }

    #[test]
    fn a_file_is_made_private_emptied_or_appended_to_wherever_it_is() {
        for mode in [0o700, 0o1777] {
            let made = folder_of_mode(mode);
            let path = made.path().join("log");
            drop(open(&path, false).unwrap());
            assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, PRIVATE);
            fs::write(&path, "before").unwrap();
            drop(open(&path, true).unwrap());
            assert_eq!(fs::read(&path).unwrap(), b"before");
            drop(open(&path, false).unwrap());
            assert_eq!(fs::read(&path).unwrap(), b"");
        }
    }

    #[test]
    fn a_link_is_followed_only_where_nobody_else_can_have_put_it() {
        for (mode, follows) in [(0o700, true), (0o1777, false)] {
            let (made, other) = (folder_of_mode(mode), folder_of_mode(0o700));
            let (link, target) = (made.path().join("log"), other.path().join("precious"));
            fs::write(&target, "precious").unwrap();
            symlink(&target, &link).unwrap();
            assert_eq!(open(&link, false).is_ok(), follows, "{mode:o}");
            assert_eq!(fs::read(&target).unwrap() == b"", follows);
            // One that leads nowhere makes no file either.
            fs::remove_file(&target).unwrap();
            assert_eq!(open(&link, true).is_ok() && target.exists(), follows);
        }
    }

    #[test]
    fn another_users_file_is_left_alone_in_a_shared_folder() {
        let made = folder_of_mode(0o1777);
        let path = made.path().join("log");
        fs::write(&path, "his").unwrap();
        if std::os::unix::fs::chown(&path, Some(12345), None).is_err() {
            eprintln!("skipped: only root can give a file away");
            return;
        }
        for append in [false, true] {
            assert!(open(&path, append).unwrap_err().why().starts_with("it is another user's"));
        }
        assert_eq!(fs::read(&path).unwrap(), b"his");
    }

    #[test]
    fn devices_are_nobodys() {
        drop(open(Path::new("/dev/null"), false).unwrap());
    }
}
