//! The mock servers, each told what any client may say: the same answers however it is cut, and bounded ones.

use super::common::{choices, pieces};
use rncat::{
    mock::{Client, SERVICES, Session, Shared, gallery::Gallery, maildir::Maildir},
    report::Report,
};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

pub(crate) fn http(data: &[u8]) {
    run("http", data);
}

pub(crate) fn pop3(data: &[u8]) {
    run("pop3", data);
}

pub(crate) fn smtp(data: &[u8]) {
    run("smtp", data);
}

thread_local! {
    /// Mails that are kept take room on a disk, so that a new mailbox begins now and then.
    static SHARED: RefCell<Option<Rc<Shared>>> = const { RefCell::new(None) };
    static ROUNDS: Cell<u64> = const { Cell::new(0) };
}

fn shared() -> Rc<Shared> {
    let round = ROUNDS.replace(ROUNDS.get() + 1);
    SHARED.with_borrow_mut(|shared| {
        if round.is_multiple_of(256) {
            *shared = None;
        }
        let new = || {
            let (maildir, gallery) = (Maildir::open(None).expect("a mailbox"), RefCell::new(Gallery::default()));
            Rc::new(Shared { maildir, gallery, report: Report::new("rncat", 0, true) })
        };
        Rc::clone(shared.get_or_insert_with(new))
    })
}

fn run(name: &str, data: &[u8]) {
    let Some((which, cut, bytes)) = choices(data, 2) else { return };
    let service = SERVICES.iter().find(|it| it.name == name).expect("a service");
    let talk = |cut| {
        let client = Client { name: "127.0.0.1:1".to_owned(), tls: which == 1, may_encrypt: which == 0 };
        let mut session = (service.begin)(&shared(), client);
        let mut out = Vec::new();
        session.greet(&mut out);
        let mut steps = 0;
        for mut piece in pieces(bytes, cut) {
            while !piece.is_empty() && !session.is_over() {
                let before = out.len();
                let taken = session.hear(piece, &mut out);
                assert!((1..=piece.len()).contains(&taken), "it takes {taken} of {}", piece.len());
                piece = &piece[taken..];
                go_on(&mut *session, &mut out);
                assert!(out.len() - before <= 256 * 1024, "a long answer");
                steps += 1;
                assert!(steps <= bytes.len());
                if session.encrypts() {
                    return out.len();
                }
            }
        }
        session.left(&mut out);
        go_on(&mut *session, &mut out);
        out.len()
    };
    // What is said ahead of the answer to a request for TLS is told from what is said after it.
    if bytes.windows(3).any(|it| it.eq_ignore_ascii_case(b"TLS")) {
        return;
    }
    // Ids and dates differ, not their lengths; of POP3, what is deleted does. SMTP's and HTTP's are counted up.
    let (whole, parts) = (talk(0), talk(cut));
    assert!(whole.abs_diff(parts) <= 64 * (1 + bytes.len() / 4), "{whole} {parts}");
}

/// Until nothing more comes.
fn go_on(session: &mut dyn Session, out: &mut Vec<u8>) {
    for _ in 0..1024 {
        let before = out.len();
        session.go_on(out);
        if out.len() == before {
            return;
        }
    }
    panic!("an answer without end");
}
