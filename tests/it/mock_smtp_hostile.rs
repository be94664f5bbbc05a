//! `--mock smtp` and clients that do what they should not: it answers, and neither memory nor disk fills.

use std::path::Path;

use crate::lang::{End, Peer, Session, Wire, descriptors, it, ms};
use crate::mock_smtp_server::{BEGIN, keeping, kept, sends_a_mail, texts};

/// Whatever one client does, it may cost so much, in KiB: what travels is held in pieces of a few dozen KiB.
const LITTLE: u64 = 2048;

#[test]
fn a_line_without_an_end_is_not_held() {
    it(|| {
        let (server, _) = keeping("");
        costs_little(&server, |peer| {
            peer.sends(vec![b'x'; 32 << 20]);
            peer.sends("\r\n");
            assert!(peer.hears_line().starts_with("500 5.5.2 Line too long"));
        });
    });
}

#[test]
fn lines_without_an_end_are_hung_up_on() {
    it(|| {
        let (server, _) = keeping("");
        let mut peer = Peer::dials(&server, Wire::Plain);
        let said = peer.exchanges(&b"\r\n".repeat(20));
        assert!(String::from_utf8(said).unwrap().ends_with("\r\n421 4.7.0 Too many errors in a row; closing\r\n"));
    });
}

#[test]
fn who_asks_and_never_listens_costs_no_more_than_an_answer() {
    it(|| {
        let (server, _) = keeping("");
        costs_little(&server, |peer| {
            let all = b"HELP\r\n".repeat(4 << 20);
            let taken = peer.sends_until_blocked(&all);
            assert!(taken < all.len(), "all was heard");
        });
        sends_a_mail(&server, "x\r\n");
    });
}

#[test]
fn recipients_without_an_end_are_452_and_those_before_get_the_mail() {
    it(|| {
        let (server, mails) = keeping("");
        costs_little(&server, |peer| {
            let many: String =
                (0..20_000).map(|number| format!("RCPT TO:<{number:060}@{}.example>\r\n", "d".repeat(60))).collect();
            let said = peer.exchanges(format!("EHLO x\r\nMAIL FROM:<>\r\n{many}DATA\r\nx\r\n.\r\n").as_bytes());
            let said = String::from_utf8(said).unwrap();
            assert_eq!(said.matches("\r\n250 2.1.5 ").count(), 1000);
            assert_eq!(said.matches("\r\n452 4.5.3 ").count(), 19_000);
        });
        assert_eq!(kept(&mails)[0].matches(".example").count(), 1000);
    });
}

#[test]
fn a_mail_without_an_end_is_not_held_and_leaves_nothing() {
    it(|| {
        let (server, mails) = keeping("");
        costs_little(&server, |peer| {
            peer.sends(BEGIN);
            peer.sends(vec![b'x'; 10 << 20]);
            until_there(&mails.join("tmp"), 1);
            peer.sends(vec![b'x'; 30 << 20]);
            until_there(&mails.join("tmp"), 0);
            peer.sends("\r\n.\r\n");
            while !peer.hears_line().starts_with("552 5.3.4 ") {}
        });
        assert_eq!(texts(&mails).len(), 0);
    });
}

#[test]
fn who_leaves_in_the_middle_of_a_mail_leaves_nothing_of_it() {
    it(|| {
        for leave in [Peer::resets, Peer::closes, half_closes, drop] {
            let (server, mails) = keeping("");
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends(BEGIN);
            peer.sends(vec![b'x'; 100_000]);
            while !peer.hears_line().starts_with("354 ") {}
            until_there(&mails.join("tmp"), 1);
            leave(peer);
            server.says(&["left in the middle of a mail; nothing of it is kept"]);
            // It did not wait for an answer, so that it cannot be sent is no failure.
            assert_eq!(server.times_said(&["Broken pipe"]), 0);
            until_there(&mails.join("tmp"), 0);
            assert_eq!(texts(&mails).len(), 0);
        }
    });
}

fn half_closes(mut peer: Peer) {
    peer.half_closes();
    assert!(peer.hears_line().starts_with("451 4.4.2 The mail has no end"));
    assert_eq!(peer.waits_for_end(), End::Closed);
}

#[test]
fn a_thousand_mails_at_once_in_one_session_are_all_taken() {
    it(|| {
        let (server, mails) = keeping("");
        let one = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n";
        let all: String = (0..1000).map(|number| format!("{one}{number}\r\n.\r\n")).collect();
        let mut peer = Peer::dials(&server, Wire::Plain);
        let said = String::from_utf8(peer.exchanges(format!("EHLO x\r\n{all}QUIT\r\n").as_bytes())).unwrap();
        assert!(said.ends_with("\r\n221 2.0.0 Bye\r\n"), "{}", &said[said.len() - 200..]);
        let mut numbers: Vec<u32> = texts(&mails).iter().map(|text| text.trim().parse().unwrap()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..1000).collect::<Vec<_>>());
    });
}

#[test]
fn a_thousand_clients_at_once_in_the_middle_of_a_mail_cost_little() {
    it(|| {
        let count = 1000;
        if !descriptors(count as u64 + 200) {
            return;
        }
        let (server, mails) = keeping("");
        let before = server.resident_kib();
        let mut peers: Vec<_> = (0..count).map(|_| Peer::dials(&server, Wire::Plain)).collect();
        for peer in &mut peers {
            peer.sends(BEGIN);
            peer.sends("Subject: x\r\n\r\n");
        }
        for peer in &mut peers {
            while !peer.hears_line().starts_with("354 ") {}
        }
        let grown = server.resident_kib().saturating_sub(before);
        println!("{count} clients cost {grown} KiB");
        assert!(grown < 8 * count as u64, "{count} clients cost {grown} KiB");
        for peer in &mut peers {
            peer.sends("y\r\n.\r\nQUIT\r\n");
        }
        for mut peer in peers {
            assert!(peer.hears_line().starts_with("250 2.0.0 Taken, 17 bytes"));
            assert!(peer.hears_to_end().starts_with(b"221 "));
            peer.closes();
        }
        assert_eq!(texts(&mails).len(), count);
    });
}

#[test]
fn a_web_browser_is_hung_up_on_before_it_says_more() {
    it(|| {
        let (server, mails) = keeping("");
        let mut peer = Peer::dials(&server, Wire::Plain);
        let request = format!("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{BEGIN}x\r\n.\r\n");
        let said = String::from_utf8(peer.exchanges(request.as_bytes())).unwrap();
        assert!(said.lines().nth(1).unwrap().starts_with("554 5.5.1 ") && said.lines().count() == 2, "{said}");
        assert_eq!(texts(&mails).len(), 0);
    });
}

#[test]
fn tls_where_it_was_not_asked_for_is_told_of() {
    it(|| {
        let (server, _) = keeping("");
        let mut peer = Peer::dials(&server, Wire::Plain);
        assert!(peer.hears_line().starts_with("220 "));
        peer.sends(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03");
        assert!(peer.hears_line().starts_with("554 5.5.1 That was TLS"));
        peer.hears_end();
        server.says(&["begins with TLS", "--ssl"]);
    });
}

#[test]
fn garbage_is_answered_or_hung_up_on() {
    it(|| {
        let (server, _) = keeping("");
        for seed in 0..20 {
            let mut peer = Peer::dials(&server, Wire::Plain);
            peer.sends_until_blocked(&crate::lang::noise(seed, 100_000));
            peer.resets();
        }
        sends_a_mail(&server, "x\r\n");
        server.stays_for(ms(1));
    });
}

/// What one client does while the memory of the server is looked at.
#[track_caller]
fn costs_little(server: &Session, deed: impl FnOnce(&mut Peer)) {
    // What is needed for any client at all is there then.
    sends_a_first_word(server);
    let before = server.resident_kib();
    let mut peer = Peer::dials(server, Wire::Plain);
    assert!(peer.hears_line().starts_with("220 "));
    deed(&mut peer);
    let grown = server.resident_kib().saturating_sub(before);
    println!("one client cost {grown} KiB");
    assert!(grown < LITTLE, "one client cost {grown} KiB");
}

fn sends_a_first_word(server: &Session) {
    let mut peer = Peer::dials(server, Wire::Plain);
    assert!(
        peer.exchanges(&[b"NOOP\r\n".repeat(10_000), b"QUIT\r\n".to_vec()].concat()).ends_with(b"221 2.0.0 Bye\r\n")
    );
}

/// Waits until so many files are in a folder.
#[track_caller]
fn until_there(folder: &Path, count: usize) {
    let there = || std::fs::read_dir(folder).unwrap().count();
    let until = std::time::Instant::now() + ms(20_000);
    while there() != count {
        assert!(std::time::Instant::now() < until, "{} files are in {folder:?}, not {count}", there());
        std::thread::yield_now();
    }
}
