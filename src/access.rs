//! Who may connect: `--allow`, `--deny`, and the files of `--allowfile` and `--denyfile`.
//!
//! Everything becomes blocks of addresses once, at the start; asking about a client is a look
//! through two lists. How a host is written is in `notation`.
//!
//! A newcomer's trap: an empty list of allowed hosts is not the same as none. Who gives
//! `--allow` a file without hosts lets nobody in, as in Ncat.

mod block;
mod notation;

use crate::{
    error::{Error, Result, why},
    report::escape,
};
use block::{Block, Octets};
use notation::Notation;
use std::{
    fs::File,
    io::Read,
    net::IpAddr,
    path::{Path, PathBuf},
};

/// As much as a file of hosts may hold, in bytes; some 300,000 addresses.
const FILE_LIMIT: u64 = 4 * 1024 * 1024;

/// Hosts, as the user gave them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// The value of `--allow` or `--deny`.
    Hosts(String),
    /// `--allowfile` or `--denyfile`: the file's name, and what [`read_file`] found in it.
    File {
        /// For messages.
        path: PathBuf,
        /// The whole of it.
        text: String,
    },
}

impl Entry {
    /// Reads a file of hosts.
    ///
    /// # Errors
    /// Those of [`read_file`].
    pub fn file(path: &Path) -> Result<Self> {
        Ok(Self::File { path: path.to_owned(), text: read_file(path)? })
    }
}

/// Who may connect.
#[derive(Debug, Default)]
pub struct Access {
    /// Everyone, if `None`.
    allow: Option<List>,
    deny: List,
}

/// Turns a name into addresses. It may take its time: names are looked up once.
pub type LookUp<'a> = dyn Fn(&str) -> Result<Vec<IpAddr>> + 'a;

impl Access {
    /// Reads both lists, and looks up the names in them.
    ///
    /// # Errors
    /// When an entry is not a host, or a name has no address.
    pub fn new(allow: &[Entry], deny: &[Entry], look_up: &LookUp<'_>) -> Result<Self> {
        let allow = if allow.is_empty() { None } else { Some(List::new("--allow", allow, look_up)?) };
        Ok(Self { allow, deny: List::new("--deny", deny, look_up)? })
    }

    /// Whether everyone may connect.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.allow.is_none() && self.deny.is_empty()
    }

    /// Whether clients without an IP address may connect: they are in no list, so not if some are to be
    /// let in alone.
    #[must_use]
    pub fn admits_others(&self) -> bool {
        self.allow.is_none()
    }

    /// Whether this client may connect: no `--deny` matches, and one `--allow` does if there is any.
    #[must_use]
    pub fn admits(&self, client: IpAddr) -> bool {
        !self.deny.contains(client) && self.allow.as_ref().is_none_or(|allow| allow.contains(client))
    }
}

/// Reads a file of hosts: one or more a line, `#` begins a comment.
///
/// # Errors
/// When it cannot be read, is longer than 4 MiB or is not text.
pub fn read_file(path: &Path) -> Result<String> {
    let failed = |why: String| Error::usage(format!("read {}", shown(path)), why);
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_LIMIT + 1).read_to_end(&mut bytes))
        .map_err(|error| failed(why(&error)))?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(failed("a list of hosts may have 4 MiB".to_owned()).hint("CIDR blocks make lists shorter"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().iter().take(error.utf8_error().valid_up_to());
        let line = 1 + before.filter(|byte| **byte == b'\n').count();
        failed(format!("line {line} is not UTF-8 text"))
    })
}

/// One of the two lists.
#[derive(Debug, Default)]
struct List {
    blocks: Vec<Block>,
    octets: Vec<Octets>,
}

impl List {
    fn new(option: &str, entries: &[Entry], look_up: &LookUp<'_>) -> Result<Self> {
        let mut list = Self::default();
        for entry in entries {
            match entry {
                Entry::Hosts(text) => {
                    for host in notation::hosts(text) {
                        list.add(host, look_up, &|| format!("{option} {}", escape(host.as_bytes())))?;
                    }
                }
                Entry::File { path, text } => {
                    // Editors of some systems begin a file with a byte order mark.
                    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
                    for (line, number) in text.lines().zip(1..) {
                        let hosts = line.split('#').next().unwrap_or_default();
                        for host in notation::hosts(hosts) {
                            let host_of_file =
                                || format!("{option}file {}, line {number}: {}", shown(path), escape(host.as_bytes()));
                            list.add(host, look_up, &host_of_file)?;
                        }
                    }
                }
            }
        }
        Ok(list)
    }

    fn add(&mut self, host: &str, look_up: &LookUp<'_>, what: &dyn Fn() -> String) -> Result<()> {
        let wrong = |wrong: notation::Wrong| {
            let error = Error::usage(what(), wrong.why);
            if wrong.hint.is_empty() { error } else { error.hint(wrong.hint) }
        };
        match notation::parse(host).map_err(wrong)? {
            Notation::Block(block) => self.blocks.push(block),
            Notation::Octets(octets) => self.octets.push(octets),
            Notation::Name { name, mask } => {
                let addresses = look_up(name).map_err(|error| {
                    Error::usage(what(), error.why()).hint("check the spelling and the network, or give an address")
                })?;
                self.blocks.extend(Block::around(&addresses, mask).ok_or_else(|| {
                    wrong(notation::Wrong {
                        why: "the name has no address of the family that the mask is for",
                        hint: "",
                    })
                })?);
            }
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.octets.is_empty()
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.blocks.iter().any(|block| block.contains(address))
            || self.octets.iter().any(|octets| octets.contains(address))
    }
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn look_up(name: &str) -> Result<Vec<IpAddr>> {
        let addresses: &[&str] = match name {
            "both" => &["192.0.2.7", "2001:db8::7"],
            "four" => &["192.0.2.4"],
            "mapped" => &["::ffff:192.0.2.9"],
            "127.1" => &["127.0.0.1"],
            _ => return Err(Error::usage("look up", "Name or service not known")),
        };
        Ok(addresses.iter().map(|address| address.parse().unwrap()).collect())
    }

    fn entries(texts: &[&str]) -> Vec<Entry> {
        texts.iter().map(|text| Entry::Hosts((*text).to_owned())).collect()
    }

    fn access(allow: &[&str], deny: &[&str]) -> Access {
        Access::new(&entries(allow), &entries(deny), &look_up).unwrap()
    }

    fn file(text: &str) -> Result<Access> {
        Access::new(&[Entry::File { path: "list".into(), text: text.to_owned() }], &[], &look_up)
    }

    fn admits(access: &Access, client: &str) -> bool {
        access.admits(client.parse().unwrap())
    }

    fn refused(text: &str) -> String {
        Access::new(&[], &entries(&[text]), &look_up).unwrap_err().to_string()
    }

    #[test]
    fn without_lists_everyone_may_connect() {
        let access = access(&[], &[]);
        assert!(access.is_empty() && admits(&access, "192.0.2.1") && admits(&access, "::1"));
        assert!(access.admits_others());
    }

    #[test]
    fn with_an_allow_all_others_are_denied() {
        let access = access(&["10.0.0.1", "10.0.0.2 ::1"], &[]);
        assert!(!access.is_empty());
        assert!(admits(&access, "10.0.0.1") && admits(&access, "10.0.0.2") && admits(&access, "::1"));
        assert!(!admits(&access, "10.0.0.3") && !admits(&access, "::2") && !access.admits_others());
    }

    #[test]
    fn where_both_match_deny_wins() {
        let access = access(&["10.0.0.0/8"], &["10.0.0-1.1"]);
        assert!(admits(&access, "10.0.0.2") && admits(&access, "10.0.2.1"));
        assert!(!admits(&access, "10.0.1.1") && !admits(&access, "11.0.0.1"));
    }

    #[test]
    fn mapped_addresses_are_their_ipv4_selves() {
        for text in ["10.0.0.1", "10.0.0.0-5", "::ffff:10.0.0.1", "10.0.0.0/24"] {
            let access = access(&[text], &[]);
            assert!(admits(&access, "10.0.0.1") && admits(&access, "::ffff:10.0.0.1"), "{text}");
        }
        assert!(admits(&access(&["mapped"], &[]), "192.0.2.9"));
    }

    #[test]
    fn names_stand_for_all_their_addresses() {
        let list = access(&["both,127.1"], &[]);
        assert!(admits(&list, "192.0.2.7") && admits(&list, "2001:db8::7") && admits(&list, "127.0.0.1"));
        assert!(!admits(&list, "192.0.2.8"));
        let block = access(&["both/24"], &[]);
        assert!(admits(&block, "192.0.2.200") && admits(&block, "2001:db8::7"), "the mask is for IPv4");
        assert!(!admits(&block, "2001:db8::8"));
        let block = access(&["both/64"], &[]);
        assert!(admits(&block, "2001:db8::8") && !admits(&block, "192.0.2.8"));
        assert_eq!(refused("four/64"), "--deny four/64: the name has no address of the family that the mask is for");
        assert_eq!(
            refused("10.0.0.1,nosuch"),
            "--deny nosuch: Name or service not known; check the spelling and the network, or give an address"
        );
    }

    #[test]
    fn files_have_comments_and_blank_lines() {
        let access = file("\u{feff}# ours\r\n\r\n10.0.0.1 10.0.0.2\r\n  10.0.1.1,3\t# two\n::1,10.0.2.1#x").unwrap();
        for client in ["10.0.0.1", "10.0.0.2", "10.0.1.1", "10.0.1.3", "::1", "10.0.2.1"] {
            assert!(admits(&access, client), "{client}");
        }
        assert!(!admits(&access, "10.0.1.2"));
        assert_eq!(
            file("10.0.0.1\n\n::1 10.0.0.256 # x\n").unwrap_err().to_string(),
            "--allowfile list, line 3: 10.0.0.256: an octet is a number from 0 to 255"
        );
    }

    #[test]
    fn a_list_of_nobody_lets_nobody_in() {
        let access = file("# to be filled in\n").unwrap();
        assert!(!access.is_empty() && !admits(&access, "127.0.0.1"));
        assert!(self::access(&[], &["", ","]).is_empty(), "but keeps nobody out");
    }

    #[test]
    fn a_large_list_is_fast_enough() {
        let text: String = (0..10_000).map(|n| format!("10.{}.{}.0/28 # {n}\n", n / 256, n % 256)).collect();
        let access = file(&text).unwrap();
        let begun = Instant::now();
        for _ in 0..100 {
            assert!(!admits(&access, "192.0.2.1"));
        }
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        assert!(admits(&access, "10.39.15.7") && !admits(&access, "10.39.15.16"));
    }

    #[test]
    fn a_file_is_read_or_the_reason_said() {
        let why = |path: &str| read_file(Path::new(path)).unwrap_err().to_string();
        assert_eq!(why("/nonexistent"), "read /nonexistent: No such file or directory");
        assert_eq!(why("/"), "read /: Is a directory");
        assert!(why("/dev/zero").contains("4 MiB"), "an endless file");
        let path = std::env::temp_dir().join(format!("rncat-access-{}", std::process::id()));
        std::fs::write(&path, b"::1\n\n10.0.0.\xff\n").unwrap();
        assert!(read_file(&path).unwrap_err().to_string().ends_with("line 3 is not UTF-8 text"));
        std::fs::write(&path, "::1\n").unwrap();
        assert_eq!(Entry::file(&path).unwrap(), Entry::File { path: path.clone(), text: "::1\n".to_owned() });
        std::fs::remove_file(&path).unwrap();
    }
}
