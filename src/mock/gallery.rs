//! What the mock servers show on stdout: mails as they come, requests in a line.
//!
//! A newcomer's trap: stdout may be slow, or stopped, and the clients must not wait for it. So what is to be
//! shown is remembered by its place on disk, not its text; and when too many wait, the rest is counted.

use super::{excerpt::Excerpt, maildir};
use crate::{
    error::why,
    stream::{Flow, Stream, hand_over},
};
use mio::{Registry, Token};
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
    rc::Rc,
};

/// So many items wait at most.
const WAITING: usize = 1000;

/// So much of a file is read at once, in bytes.
const PIECE: usize = 8192;

/// See the module's description.
#[derive(Debug, Default)]
pub struct Gallery {
    waiting: VecDeque<Item>,
    /// Items that found no room.
    left_out: u64,
    /// The number that was given last.
    number: u64,
    /// Something has been added since it was last asked.
    news: bool,
    closed: bool,
}

/// Something to show: a text, then a file, then a text.
#[derive(Debug, Default)]
pub struct Item {
    /// Comes first; its lines end with LF. Remote text in it is escaped.
    pub before: String,
    /// The file whose content comes next.
    pub file: Option<PathBuf>,
    /// Where in it that begins, in bytes.
    pub from: u64,
    /// Comes last.
    pub after: String,
}

impl Gallery {
    /// Shows this when its turn comes.
    pub fn show(&mut self, item: Item) {
        match self.waiting.len() {
            _ if self.closed => {}
            0..WAITING => self.waiting.push_back(item),
            _ => self.left_out += 1,
        }
        self.news = true;
    }

    /// A number for the next mail; the first is 1.
    pub fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Nobody looks any more.
    pub fn close(&mut self) {
        (self.waiting, self.closed) = (VecDeque::new(), true);
    }

    /// Whether something has been added; once.
    pub fn has_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    fn next(&mut self) -> Option<Item> {
        self.waiting.pop_front().or_else(|| {
            let count = std::mem::take(&mut self.left_out);
            let before = format!("({count} more came too fast to be shown)\n");
            (count > 0).then(|| Item { before, ..Item::default() })
        })
    }
}

/// A gallery as a stream to be read.
pub struct Tour {
    shared: Rc<super::Shared>,
    /// Who looks, looks at a terminal.
    terminal: bool,
    text: Vec<u8>,
    /// How much of that has been read.
    read: usize,
    exhibit: Option<Exhibit>,
}

/// A file that is being shown.
struct Exhibit {
    file: File,
    path: PathBuf,
    /// How many bytes of it are there to show.
    length: u64,
    /// What is shown of it, unless it is all.
    excerpt: Option<Excerpt>,
    after: String,
}

impl Tour {
    /// Through the gallery that all sessions share. At a `terminal`, long files are shown in part, and what could
    /// steer it is escaped.
    #[must_use]
    pub fn new(shared: Rc<super::Shared>, terminal: bool) -> Self {
        Self { shared, terminal, text: Vec::new(), read: 0, exhibit: None }
    }

    /// Makes more text ready, if there is any.
    fn go_on(&mut self) -> bool {
        (self.text, self.read) = (Vec::new(), 0);
        if let Some(mut exhibit) = self.exhibit.take() {
            if exhibit.go_on(&mut self.text) {
                self.exhibit = Some(exhibit);
            }
            return true;
        }
        let Some(item) = self.shared.gallery.borrow_mut().next() else { return false };
        self.text = item.before.into_bytes();
        match item.file.map(|path| Exhibit::open(path, item.from, self.terminal)) {
            None => self.text.extend_from_slice(item.after.as_bytes()),
            Some(Ok(exhibit)) => self.exhibit = Some(Exhibit { after: item.after, ..exhibit }),
            Some(Err(error)) => {
                let text = format!("(it cannot be shown: {})\n{}", why(&error), item.after);
                self.text.extend_from_slice(text.as_bytes());
            }
        }
        true
    }
}

impl Exhibit {
    fn open(path: PathBuf, from: u64, terminal: bool) -> io::Result<Self> {
        let mut file = maildir::open(&path)?;
        let length = file.metadata()?.len().saturating_sub(from);
        file.seek(SeekFrom::Start(from))?;
        Ok(Self { file, path, length, excerpt: terminal.then(Excerpt::default), after: String::new() })
    }

    /// Adds to `text`; false when that was the end.
    fn go_on(&mut self, text: &mut Vec<u8>) -> bool {
        let mut buffer = [0; PIECE];
        let read = loop {
            match self.file.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map(|count| buffer.get(..count).unwrap_or_default()),
            }
        };
        match (read, &mut self.excerpt) {
            (Ok([]), excerpt) => excerpt.iter_mut().for_each(|excerpt| excerpt.end(text)),
            (Ok(piece), None) => {
                text.extend_from_slice(piece);
                return true;
            }
            (Ok(piece), Some(excerpt)) => {
                if excerpt.take(piece, text) {
                    return true;
                }
                let more = self.length.saturating_sub(excerpt.taken());
                if more > 0 {
                    let glue = if text.last() == Some(&b'\n') { "" } else { "\n" };
                    let path = self.path.display();
                    text.extend_from_slice(format!("{glue}[{more} more bytes are in {path}]\n").as_bytes());
                }
            }
            (Err(error), _) => text.extend_from_slice(format!("(no more can be shown: {})\n", why(&error)).as_bytes()),
        }
        text.extend_from_slice(self.after.as_bytes());
        false
    }
}

impl Stream for Tour {
    /// No event ever comes: whoever adds something says so.
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        while self.read == self.text.len() {
            if !self.go_on() {
                return Ok(Flow::Blocked);
            }
        }
        let count = hand_over(self.text.get(self.read..).unwrap_or_default(), buffer);
        self.read += count;
        Ok(Flow::Moved(count))
    }

    /// Nothing is written to it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        Ok(Flow::Moved(bytes.len()))
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mock::{Shared, maildir::Maildir},
        report::Report,
    };
    use std::{cell::RefCell, fs};

    fn shared() -> Rc<Shared> {
        let maildir = Maildir::open(None).unwrap();
        let gallery = RefCell::new(Gallery::default());
        Rc::new(Shared { maildir, gallery, report: Report::new("rncat", 0, true) })
    }

    fn seen(shared: &Rc<Shared>, terminal: bool) -> String {
        let (mut tour, mut text, mut buffer) = (Tour::new(Rc::clone(shared), terminal), Vec::new(), [0; 100]);
        while let Flow::Moved(count) = tour.read(&mut buffer).unwrap() {
            text.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8(text).unwrap()
    }

    fn item(shared: &Shared, content: &[u8]) -> Item {
        let path = shared.maildir.path().join("a");
        fs::write(&path, content).unwrap();
        Item { before: "one\n".to_owned(), file: Some(path), from: 2, after: "three\n".to_owned() }
    }

    #[test]
    fn a_text_a_file_and_a_text_are_shown_in_turn() {
        let shared = shared();
        let item = item(&shared, b"--two \x1b\n");
        shared.gallery.borrow_mut().show(item);
        shared.gallery.borrow_mut().show(Item { before: "four\n".to_owned(), ..Item::default() });
        assert!(shared.gallery.borrow_mut().has_news() && !shared.gallery.borrow_mut().has_news());
        assert_eq!(seen(&shared, false), "one\ntwo \x1b\nthree\nfour\n");
    }

    #[test]
    fn at_a_terminal_it_is_harmless_and_not_too_long() {
        let shared = shared();
        let first = item(&shared, b"--two \x1b\n");
        shared.gallery.borrow_mut().show(first);
        assert_eq!(seen(&shared, true), "one\ntwo \\u{1b}\nthree\n");
        let long = item(&shared, "--".repeat(100_001).as_bytes());
        let path = long.file.clone().unwrap();
        shared.gallery.borrow_mut().show(long);
        let seen = seen(&shared, true);
        let end = format!("--\n[134464 more bytes are in {}]\nthree\n", path.display());
        assert!(seen.ends_with(&end) && seen.len() < 70_000, "{}", &seen[seen.len() - 200..]);
    }

    #[test]
    fn what_is_gone_is_told() {
        let shared = shared();
        let item = item(&shared, b"--two\n");
        fs::remove_file(item.file.as_ref().unwrap()).unwrap();
        shared.gallery.borrow_mut().show(item);
        assert_eq!(seen(&shared, false), "one\n(it cannot be shown: No such file or directory)\nthree\n");
    }

    #[test]
    fn what_comes_too_fast_is_counted() {
        let shared = shared();
        for number in 0..WAITING + 5 {
            shared.gallery.borrow_mut().show(Item { before: format!("{number}\n"), ..Item::default() });
        }
        assert!(seen(&shared, false).ends_with("\n999\n(5 more came too fast to be shown)\n"));
        shared.gallery.borrow_mut().close();
        shared.gallery.borrow_mut().show(Item { before: "late".to_owned(), ..Item::default() });
        assert_eq!(seen(&shared, false), "");
    }
}
