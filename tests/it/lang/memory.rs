//! What a running program has in its memory.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use super::session::Session;

impl Session {
    /// Where in its memory this text is: the names of the mappings, one for each time.
    pub(crate) fn remembers(&self, text: &[u8]) -> Vec<String> {
        let maps = std::fs::read_to_string(format!("/proc/{}/maps", self.pid())).unwrap();
        let memory = File::open(format!("/proc/{}/mem", self.pid())).unwrap();
        let mut found = Vec::new();
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (from, to) = words.next().unwrap().split_once('-').unwrap();
            let [from, to] = [from, to].map(|it| u64::from_str_radix(it, 16).unwrap());
            // What cannot be written to is the program itself and its libraries.
            let is_data = words.next().unwrap().starts_with("rw");
            let name = words.nth(3).unwrap_or("nameless");
            if !is_data {
                continue;
            }
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            // A device's memory cannot be read.
            if memory.read_exact_at(&mut bytes, from).is_ok() {
                let times = bytes.windows(text.len()).filter(|it| *it == text).count();
                found.extend(std::iter::repeat_n(name.to_owned(), times));
            }
        }
        found
    }
}
