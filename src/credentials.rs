//! Credentials for a proxy: those of the command line, or of the file that `--proxy-auth-file` names.
//!
//! A newcomer's trap: they are read before the program becomes another user and enters its sandbox, once. What is
//! read is held by whoever uses it and wiped with him, so there is no copy that a [`Config`](crate::cli::Config)
//! would keep for the whole run.

use crate::{
    error::{Error, Result, why},
    proto::auth::Credentials,
    report::{Report, escape},
};
use std::{
    fs::File,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    rc::Rc,
};
use zeroize::Zeroizing;

/// A file has at most so many bytes.
const MOST: usize = 8 * 1024;

/// The bit of a file's mode that lets everybody read it.
const ALL_READ: u32 = 0o004;

/// Where credentials are.
#[derive(Debug, Clone)]
pub enum Auth {
    /// `--proxy-auth`, `NCAT_PROXY_AUTH`.
    Given(Rc<Credentials>),
    /// `--proxy-auth-file`.
    File(PathBuf),
}

impl Auth {
    /// The credentials. A file that everybody may read is told of.
    ///
    /// # Errors
    /// When the file cannot be read, or has something else in it.
    pub fn credentials(&self, report: Report) -> Result<Rc<Credentials>> {
        match self {
            Self::Given(credentials) => Ok(Rc::clone(credentials)),
            Self::File(path) => {
                let (credentials, is_open) = read(path)?;
                if is_open {
                    report.note(format_args!("{}: every user may read it; try: chmod 600", shown(path)));
                }
                Ok(Rc::new(credentials))
            }
        }
    }
}

/// The credentials in a file, and whether everybody may read it.
fn read(path: &Path) -> Result<(Credentials, bool)> {
    let fails = |why: String| Error::usage(shown(path), why);
    // Of its full size at once: what grows leaves copies behind.
    let mut bytes = Zeroizing::new(vec![0; MOST + 1]);
    let (file, length) = File::open(path)
        .and_then(|file| fill(&file, &mut bytes).map(|length| (file, length)))
        .map_err(|error| fails(why(&error)))?;
    // A pipe, as a shell makes it for <(...), has one reader.
    let is_open = file.metadata().is_ok_and(|about| about.is_file() && about.mode() & ALL_READ != 0);
    let text = bytes.get(..length).filter(|_| length <= MOST);
    let text = text.ok_or_else(|| fails(format!("it is too long; it has one line, of at most {MOST} bytes")))?;
    let text = str::from_utf8(text).map_err(|_| fails("it is not UTF-8".to_owned()))?;
    let line = text.strip_suffix('\n').map_or(text, |line| line.strip_suffix('\r').unwrap_or(line));
    if line.contains('\n') {
        return Err(fails("it has more than one line; it is user:password".to_owned()));
    }
    let credentials = Credentials::parse(line).map_err(|why| fails(why.to_owned()))?;
    Ok((credentials, is_open))
}

/// Reads until the end or until all of `bytes` is full; how much there was.
fn fill(mut file: &File, bytes: &mut [u8]) -> std::io::Result<usize> {
    let mut length = 0;
    while let Some(rest @ [_, ..]) = bytes.get_mut(length..) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(n) => length += n,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

fn shown(path: &Path) -> String {
    format!("--proxy-auth-file {}", escape(path.as_os_str().as_encoded_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::testing::TempFile;

    fn of(content: &[u8]) -> Result<(String, String)> {
        let file = TempFile::new(content);
        let (credentials, _) = read(file.path())?;
        Ok((credentials.user().to_owned(), credentials.password().to_owned()))
    }

    #[test]
    fn a_file_has_one_line_whatever_ends_it() {
        for content in ["joe:a b:c", "joe:a b:c\n", "joe:a b:c\r\n"] {
            assert_eq!(of(content.as_bytes()).unwrap(), ("joe".to_owned(), "a b:c".to_owned()), "{content:?}");
        }
        assert_eq!(of(b"joe").unwrap().1, "");
    }

    #[test]
    fn what_is_no_line_is_told_without_its_content() {
        let long = [b"joe:".as_slice(), &vec![b'x'; MOST]].concat();
        for (content, why) in [
            (b"".as_slice(), "the user is missing"),
            (b"\n", "the user is missing"),
            (b":hush", "the user is missing"),
            (b"joe:hush\nme:hush\n", "more than one line"),
            (b"joe:hush\n\n", "more than one line"),
            (b"joe:hush\0", "control characters"),
            (b"joe:hush\xff", "not UTF-8"),
            (&long, "too long"),
        ] {
            let error = of(content).unwrap_err();
            assert!(error.why().contains(why) && !error.to_string().contains("hush"), "{error}");
        }
        let error = read(Path::new("/nonexistent/x")).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "--proxy-auth-file /nonexistent/x: No such file or directory");
    }
}
