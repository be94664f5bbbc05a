use super::*;
use crate::sandbox::needs::Ports;
use std::{
    fs::{self, File},
    io::{self, Read, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    path::{Path, PathBuf},
    process::Command,
    thread,
};

/// What is tried, on a thread that is restricted so; and what is in force there.
fn inside<T: Send + 'static>(needs: Needs, tried: impl FnOnce() -> T + Send + 'static) -> (String, T) {
    let thread = thread::spawn(move || {
        let in_force = enter(&needs).told(&needs);
        (in_force, tried())
    });
    thread.join().unwrap()
}

/// Whether this much is in force; says so where the kernel has less.
fn has(in_force: &str, what: &str) -> bool {
    let has = in_force.contains(what);
    if !has {
        eprintln!("skipped: here it is {in_force}");
    }
    has
}

/// A folder of this test's own, gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rncat-sandbox-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::write(path.join("there"), "text").unwrap();
        Self(path)
    }
    fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn refused<T>(outcome: io::Result<T>) -> bool {
    outcome.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

#[test]
fn without_needs_nothing_is_opened_connected_to_or_run_and_what_is_open_goes_on() {
    let folder = Folder::new("nothing");
    let (there, new) = (folder.at("there"), folder.at("new"));
    let mut open = File::open(&there).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = listener.local_addr().unwrap();
    let mut client = TcpStream::connect(at).unwrap();
    let parent = rustix::process::getppid().unwrap();
    let (in_force, outcomes) = inside(Needs::default(), move || {
        let outcomes = [
            ("open", refused(File::open(&there))),
            ("make", refused(File::create(&new))),
            ("list", refused(fs::read_dir("/"))),
            ("remove", refused(fs::remove_file(&there))),
            ("connect", refused(TcpStream::connect(at))),
            ("listen", refused(TcpListener::bind("127.0.0.1:0"))),
            ("UDP", refused(UdpSocket::bind("127.0.0.1:0"))),
            ("run", refused(Command::new("/bin/true").spawn())),
            ("start a thread", refused(thread::Builder::new().spawn(|| ()))),
            ("signal", rustix::process::test_kill_process(parent).is_err()),
        ];
        client.write_all(b"hello").unwrap();
        let mut text = String::new();
        open.read_to_string(&mut text).unwrap();
        let memory = vec![1_u8; 1 << 25];
        let random = aws_lc_rs::rand::fill(&mut [0; 16]).is_ok();
        // As at the end of stdout, and when a signal has come.
        let pipe = io::pipe().is_ok();
        (outcomes, text, memory.iter().map(|it| usize::from(*it)).sum::<usize>(), random, pipe)
    });
    let (outcomes, text, memory, random, pipe) = outcomes;
    assert_eq!((text.as_str(), memory, random, pipe), ("text", 1 << 25, true, true));
    let mut heard = [0; 5];
    listener.accept().unwrap().0.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"hello");
    if has(&in_force, "no new privileges, Landlock") && has(&in_force, ", seccomp (no new sockets)") {
        assert_eq!(outcomes.iter().find(|(_, refused)| !refused), None, "{in_force}");
    }
}

#[test]
fn only_the_ports_are_connected_to_that_are_needed() {
    let listeners = ["127.0.0.1:0"; 2].map(|at| TcpListener::bind(at).unwrap());
    let [good, other] = listeners.each_ref().map(|it| it.local_addr().unwrap());
    let needs = Needs { sockets: true, connect: Ports::These(vec![good.port()]), ..Needs::default() };
    let (in_force, outcomes) = inside(needs, move || {
        let bound = TcpListener::bind("127.0.0.1:0");
        (TcpStream::connect(good).is_ok(), refused(TcpStream::connect(other)), refused(bound))
    });
    assert!(outcomes.0, "{in_force}");
    if has(&in_force, &format!("connects to TCP {}", good.port())) {
        assert_eq!(outcomes, (true, true, true), "{in_force}");
    }
}

#[test]
fn only_what_is_to_be_read_is_read() {
    let (folder, other) = (Folder::new("read"), Folder::new("other"));
    let (there, new, away) = (folder.at("there"), folder.at("new"), other.at("there"));
    let needs = Needs { read: vec![folder.0.clone(), "/nosuch".into()], ..Needs::default() };
    let (in_force, outcomes) = inside(needs, move || {
        (fs::read(&there).is_ok(), refused(fs::read(away)), refused(File::create(new)), refused(fs::write(there, "")))
    });
    assert_eq!((outcomes.0, outcomes.2, outcomes.3), (true, true, true), "{in_force}");
    if has(&in_force, &format!("reads {}", folder.0.display())) {
        assert!(outcomes.1, "{in_force}");
    }
}

#[cfg(feature = "mock")]
#[test]
fn a_maildir_is_used_in_full_and_nothing_beside_it() {
    let (folder, other) = (Folder::new("write"), Folder::new("beside"));
    let maildir = crate::mock::maildir::Maildir::open(Some(&folder.0)).unwrap();
    drop(maildir);
    let (root, away) = (folder.0.clone(), other.0.clone());
    let needs = Needs { write: vec![root.clone()], ..Needs::default() };
    let (in_force, outcomes) = inside(needs, move || {
        fs::write(root.join("tmp/1"), "a\n").unwrap();
        fs::rename(root.join("tmp/1"), root.join("new/1")).unwrap();
        assert_eq!(fs::read_dir(root.join("new")).unwrap().count(), 1);
        fs::remove_file(root.join("new/1")).unwrap();
        fs::remove_dir(root.join("new")).unwrap();
        [refused(fs::write(away.join("1"), "")), refused(fs::read(away.join("there")))]
    });
    if has(&in_force, "writes in") {
        assert_eq!(outcomes, [true; 2], "{in_force}");
    }
}

#[test]
fn a_sockets_file_can_be_removed_and_no_other_made() {
    let folder = Folder::new("socket");
    let (there, new) = (folder.at("there"), folder.at("new"));
    let needs = Needs { remove: vec![folder.0.clone()], ..Needs::default() };
    let (in_force, outcomes) =
        inside(needs, move || (refused(fs::read(&there)), refused(File::create(new)), fs::remove_file(there).is_ok()));
    assert!(outcomes.1 && outcomes.2, "{in_force}");
    if has(&in_force, "removes a socket in") {
        assert!(outcomes.0, "{in_force}");
    }
}

#[test]
fn names_are_looked_up_where_that_is_needed() {
    use crate::{cli::config::Family, opening::resolve::Question};
    let needs = Needs {
        sockets: true,
        unix: true,
        connect: Ports::All,
        look_up: true,
        read: places::names().collect(),
        ..Needs::default()
    };
    let (in_force, found) = inside(needs, || {
        let question = |host: &str| Question { host: host.to_owned(), port: 7, family: Family::Any, numeric: false };
        let aside = question("localhost").ask_aside(|| ()).unwrap();
        (aside.recv().unwrap(), question("nosuch.invalid").ask(), refused(Command::new("/bin/true").spawn()))
    });
    let (here, nowhere, refused) = found;
    assert!(here.is_ok_and(|found| !found.is_empty()), "{in_force}");
    assert!(nowhere.is_err());
    if has(&in_force, ", seccomp") {
        assert!(refused, "{in_force}");
    }
}

#[test]
fn certificates_are_found_by_links_and_private_keys_are_not_among_them() {
    let all: Vec<_> = places::certificates().collect();
    let private = ["/etc/ssl/private/x.pem", "/etc/pki/tls/private/x.pem", "/etc/letsencrypt/live"];
    assert!(!private.iter().any(|key| all.iter().any(|place| Path::new(key).starts_with(place))));
    let needs = Needs { read: all, ..Needs::default() };
    let readable = || {
        let places = openssl_probe::probe();
        let entries = places.cert_dir.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
        let files = places.cert_file.into_iter().chain(entries.map(|entry| entry.path()));
        files.filter(|file| fs::read(file).is_ok()).count()
    };
    let before = readable();
    let (in_force, found) = inside(needs, readable);
    assert_eq!(found, before, "{in_force}");
}
