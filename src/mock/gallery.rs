//! What the mock servers show on stdout: mails as they come, requests in a line.
//!
//! A newcomer's trap: stdout may be slow, or stopped, and the clients must not wait for it. So what is to be
//! shown is remembered by its place on disk, not its text; and when too many wait, the rest is counted.

use crate::stream::{Flow, Stream};
use mio::{Registry, Token};
use std::{
    collections::VecDeque,
    fs::File,
    io::{self, Read},
    path::PathBuf,
    rc::Rc,
};

/// So many items wait at most.
const WAITING: usize = 1000;

/// See the module's description.
#[derive(Debug, Default)]
pub struct Gallery {
    waiting: VecDeque<Item>,
    /// Items that found no room.
    left_out: u64,
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
    text: Vec<u8>,
    file: Option<File>,
    after: String,
}

impl Tour {
    /// Through the gallery that all sessions share.
    #[must_use]
    pub fn new(shared: Rc<super::Shared>) -> Self {
        Self { shared, text: Vec::new(), file: None, after: String::new() }
    }

    /// Reads of the file, if there is one.
    fn file(&mut self, buffer: &mut [u8]) -> usize {
        let count = self.file.as_mut().map_or(0, |file| file.read(buffer).unwrap_or(0));
        if count == 0 && self.file.take().is_some() {
            self.text = std::mem::take(&mut self.after).into_bytes();
        }
        count
    }
}

impl Stream for Tour {
    /// No event ever comes: whoever adds something says so.
    fn register(&mut self, _: &Registry, _: Token) -> io::Result<()> {
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        loop {
            if !self.text.is_empty() {
                let count = self.text.len().min(buffer.len());
                let text: Vec<u8> = self.text.drain(..count).collect();
                buffer.iter_mut().zip(text).for_each(|(to, from)| *to = from);
                return Ok(Flow::Moved(count));
            }
            let count = self.file(buffer);
            if count > 0 {
                return Ok(Flow::Moved(count));
            }
            if !self.text.is_empty() {
                continue;
            }
            let Some(item) = self.shared.gallery.borrow_mut().next() else { return Ok(Flow::Blocked) };
            self.text = item.before.into_bytes();
            self.file = item.file.and_then(|path| File::open(path).ok());
            match &self.file {
                Some(_) => self.after = item.after,
                None => self.text.extend_from_slice(item.after.as_bytes()),
            }
        }
    }

    /// Nothing is written to it.
    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        Ok(Flow::Moved(bytes.len()))
    }

    fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }
}
