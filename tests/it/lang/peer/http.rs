//! Messages of HTTP, as far as a test has to read them.
//!
//! A newcomer's trap: only Content-Length is understood here; a test of chunks says what it hears byte by byte.

use super::Peer;

/// A request or a response.
pub(crate) struct Message {
    /// With the empty line.
    pub(crate) head: String,
    /// As long as Content-Length says.
    pub(crate) body: Vec<u8>,
}

impl Peer {
    /// All that comes up to this text, and the text.
    #[track_caller]
    pub(crate) fn hears_through(&mut self, text: &str) -> String {
        let end = |unread: &[u8]| unread.windows(text.len()).position(|it| it == text.as_bytes());
        self.until(&format!("{text:?}"), |peer| end(&peer.unread).is_some());
        let end = end(&self.unread).unwrap() + text.len();
        String::from_utf8_lossy(&self.unread.drain(..end).collect::<Vec<_>>()).into_owned()
    }

    /// The next so many bytes.
    #[track_caller]
    pub(crate) fn hears_next(&mut self, count: usize) -> Vec<u8> {
        self.until(&format!("{count} bytes"), |peer| peer.unread.len() >= count);
        self.unread.drain(..count).collect()
    }

    /// A head, and the body that its Content-Length tells of.
    #[track_caller]
    pub(crate) fn hears_message(&mut self) -> Message {
        let mut message = Message { head: self.hears_through("\r\n\r\n"), body: Vec::new() };
        let length = message.field("content-length").map_or(0, |length| length.parse().unwrap());
        message.body = self.hears_next(length);
        message
    }
}

impl Message {
    /// What stands behind the version in the first line.
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0)
    }

    /// The value of the first field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields(name).into_iter().next()
    }

    /// The values of all fields of this name.
    pub(crate) fn fields(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }
}
