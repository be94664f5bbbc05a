//! `--pace` with mail: a script from a pipe arrives as if somebody had read each reply.

use crate::lang::{
    Netcat, Peer, PeerListener, Stdin, Stdout, Wire, it, ms, netcat, noise, over_tcp_and_tls, same_bytes,
};

const MAIL: &str = "EHLO me\nMAIL FROM:<a>\nRCPT TO:<b>\nDATA\nSubject: x\n\n..dot\nMAIL text\n.\nQUIT\n";

over_tcp_and_tls!(each_line_waits_for_the_reply_to_the_one_before, a_refused_message_is_not_sent);

fn each_line_waits_for_the_reply_to_the_one_before(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = script("--pace smtp", MAIL).over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    peer.hears_nothing_for(ms(50));
    peer.sends("220-mail\r\n");
    peer.hears_nothing_for(ms(50));
    peer.sends("220 hi\r\n");
    answers(&mut peer, "EHLO me", "250-mail\r\n250-PIPELINING\r\n250 SIZE\r\n");
    answers(&mut peer, "MAIL FROM:<a>", "250 ok\r\n");
    answers(&mut peer, "RCPT TO:<b>", "250 ok\r\n");
    answers(&mut peer, "DATA", "354 go\r\n");
    answers(&mut peer, "Subject: x\r\n\r\n..dot\r\nMAIL text\r\n.", "250 queued\r\n");
    answers(&mut peer, "QUIT", "221 bye\r\n");
    peer.hears_end();
    peer.closes();
    client.leaves(0);
    let shown = String::from_utf8(client.shows_to_end()).unwrap();
    assert!(shown.starts_with("220-mail\r\n220 hi\r\n250-mail\r\n") && shown.ends_with("221 bye\r\n"), "{shown:?}");
    assert!(client.said().is_empty(), "{:?}", client.said());
}

fn a_refused_message_is_not_sent(wire: Wire) {
    let listener = PeerListener::new(wire);
    let mut client = script("--pace smtp", MAIL).over(wire).connects_to(&listener);
    let mut peer = listener.accepts();
    greets(&mut peer);
    answers(&mut peer, "MAIL FROM:<a>", "250 ok\r\n");
    answers(&mut peer, "RCPT TO:<b>", "550 nobody\x1b[2J\r\n");
    answers(&mut peer, "DATA", "554 no valid recipients\r\n");
    answers(&mut peer, "QUIT", "221 bye\r\n");
    peer.hears_end();
    peer.closes();
    client.leaves(0);
    client.says(&["the message (5 lines, 30 bytes) was not sent", "refused it: 554 no valid recipients"]);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
}

#[test]
fn a_reply_that_comes_byte_by_byte_is_one() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace smtp", "EHLO me\nQUIT\n").connects_to(&listener);
        let mut peer = listener.accepts();
        "220-mail\r\n220 hi\r\n".bytes().for_each(|byte| peer.sends([byte]));
        peer.hears("EHLO me\r\n");
        for byte in "250-mail\r\n250 SIZE\r".bytes() {
            peer.sends([byte]);
            peer.hears_nothing_for(ms(2));
        }
        peer.sends("\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_line_typed_late_is_sent_at_once_and_the_last_one_gets_its_end() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--pace smtp").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        client.shows("220 hi\r\n");
        client.types("EH");
        client.types("LO me\n");
        answers(&mut peer, "EHLO me", "250 hi\r\n");
        client.types("QUIT");
        client.ends_stdin();
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn bare_line_feeds_can_be_sent() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--no-crlf --pace smtp", "EHLO me\nQUIT\r\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("EHLO me\n");
        peer.sends("250 hi\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_big_message_goes_to_a_slow_reader_in_little_memory() {
    it(|| {
        let mut message = noise(1, 20_000_000);
        message.iter_mut().filter(|byte| b"\r\n.".contains(byte)).for_each(|byte| *byte = b'x');
        message.iter_mut().skip(70).step_by(71).for_each(|byte| *byte = b'\n');
        let mut all = b"DATA\n".to_vec();
        all.extend_from_slice(&message);
        all.extend_from_slice(b"\n.\nQUIT\n");
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--pace smtp").connects_to(&listener);
        client.types_all(all);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("DATA\r\n");
        peer.sends("354 go\r\n");
        let before = client.resident_kib();
        client.stays_for(ms(300));
        let mut expected = message.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b"\r\n"[..]);
        expected.extend_from_slice(b"\r\n.\r\n");
        same_bytes(&peer.exchanges_until(&[], expected.len()), &expected);
        assert!(client.resident_kib() < before + 4096, "{before} KiB, then {}", client.resident_kib());
        peer.sends("250 queued\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_silent_server_is_1_after_the_idle_time() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("-i 300ms --pace smtp", "EHLO me\nQUIT\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("EHLO me\r\n");
        peer.sends("250-still");
        peer.waits_for_end();
        client.leaves(1);
        client.says(&["it has sent nothing for 300 ms, and has not replied to \"EHLO me\"; 5 bytes not sent"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn a_server_is_not_silent_while_nobody_reads_stdout() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let session = script("-i 300ms --pace pop3", "RETR 1\nQUIT\n").stdout(Stdout::Unread);
        let mut client = session.connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("+OK hi\r\n");
        peer.hears("RETR 1\r\n");
        peer.sends("+OK\r\n");
        let lines = "a mail\r\n".repeat(2_000_000);
        let sent = peer.sends_until_blocked(lines.as_bytes());
        assert!(sent < lines.len());
        assert!(client.wakes_in_a_second() < 20, "it is past the idle time, and nobody is woken for it");
        client.reads_stdout();
        peer.sends(&lines[sent..]);
        peer.sends(".\r\n");
        answers(&mut peer, "QUIT", "+OK bye\r\n");
        peer.closes();
        client.leaves(0);
        assert!(client.said().is_empty(), "{:?}", client.said());
    });
}

#[test]
fn waiting_for_a_reply_is_no_work() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace smtp", &MAIL.repeat(1000)).connects_to(&listener);
        let mut peer = listener.accepts();
        assert!(client.wakes_in_a_second() < 20);
        greets(&mut peer);
        peer.hears("MAIL FROM:<a>\r\n");
        assert!(client.wakes_in_a_second() < 20);
        peer.resets();
        client.leaves(1);
        client.says(&["Connection reset by peer", "not delivered"]);
    });
}

#[test]
fn the_user_may_be_silent_as_without_it() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("-i 300ms --pace smtp").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        client.leaves(1);
        client.says(&["Idle timeout expired (300 ms)"]);
        peer.waits_for_end();
    });
}

#[test]
fn a_server_that_leaves_without_a_reply_is_1() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace smtp", "EHLO me\nQUIT\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("EHLO me\r\n");
        peer.sends("250-half of it\r\n");
        peer.closes();
        client.leaves(1);
        client.says(&["it ended the connection without a reply to \"EHLO me\"; 5 bytes not sent"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn a_server_that_leaves_before_all_was_sent_is_1() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--pace smtp").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("421 too busy\r\n");
        peer.half_closes();
        client.shows("421 too busy\r\n");
        client.types("EHLO me\nQUIT\n");
        client.leaves(1);
        client.says(&["not sent"]);
        drop(peer);
    });
}

#[test]
fn a_server_that_was_asked_to_leave_is_0_whatever_follows() {
    it(|| {
        for rest in ["\n", "more"] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = script("--pace smtp", &format!("QUIT\n{rest}")).connects_to(&listener);
            let mut peer = listener.accepts();
            peer.sends("220 hi\r\n");
            answers(&mut peer, "QUIT", "");
            peer.half_closes();
            client.leaves(0);
            client.says(&["not delivered"]);
        }
        for rest in ["\n", "more"] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = script("--pace smtp", &format!("QUIT\n{rest}")).connects_to(&listener);
            let mut peer = listener.accepts();
            peer.sends("220 hi\r\n");
            answers(&mut peer, "QUIT", "221 bye\r\n");
            peer.hears_end();
            peer.closes();
            client.leaves(0);
            client.says(&["not sent, since the session had been ended before"]);
        }
    });
}

#[test]
fn a_message_without_its_dot_is_2() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace smtp", "DATA\nx\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        answers(&mut peer, "DATA", "354 go\r\n");
        peer.hears("x\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(2);
        client.says(&["it ended before the message or the body was whole"]);
    });
}

#[test]
fn an_endless_reply_is_1() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace smtp", "EHLO me\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("EHLO me\r\n");
        peer.sends("2".repeat(70_000));
        client.leaves(1);
        client.says(&["the reply: a line of it is longer than 64 KiB"]);
        peer.waits_for_end();
        assert_eq!(client.shows_to_end().len(), 70_008, "it is shown nevertheless");
    });
}

#[test]
fn another_kind_of_server_is_1() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--pace smtp", "EHLO me\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("SSH-2.0-x\r\n");
        client.leaves(1);
        client.shows("SSH-2.0-x\r\n");
        client.says(&["the reply: \"SSH-2.0-x\" is no reply of SMTP; 8 bytes not sent"]);
        peer.waits_for_end();
    });
}

#[test]
fn vvv_names_the_layer_and_a_probe_needs_none() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("-vvv --pace smtp", "QUIT\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.closes();
        client.leaves(0);
        client.says(&["the layers are pace over tcp"]);
        let mut probe = netcat("-z --pace smtp").connects_to(&listener);
        probe.leaves(0);
        probe.says(&["--pace has no effect with -z"]);
    });
}

#[test]
fn send_only_waits_for_replies_as_well() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = script("--send-only --pace smtp", "EHLO me\nQUIT\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        answers(&mut peer, "EHLO me", "250 hi\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.waits_for_end();
        client.leaves(0);
        client.shows_nothing_more();
    });
}

#[test]
fn a_command_may_say_the_script() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--pace smtp -c").arg("printf 'EHLO me\\nQUIT\\n'").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        answers(&mut peer, "EHLO me", "250 hi\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.waits_for_end();
        client.leaves(0);
    });
}

#[test]
fn a_proxy_may_be_in_between() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = script("--pace smtp", "EHLO me\nQUIT\n").via(&proxy).connects_to_name("localhost", 25);
        let mut peer = proxy.accepts();
        peer.hears_message();
        peer.sends("HTTP/1.1 200 OK\r\n\r\n220-with the answer\r\n");
        peer.hears_nothing_for(ms(50));
        peer.sends("220 hi\r\n");
        answers(&mut peer, "EHLO me", "250 hi\r\n");
        answers(&mut peer, "QUIT", "221 bye\r\n");
        peer.closes();
        client.leaves(0);
    });
}

/// A client that gives this on stdin, all at once.
pub(crate) fn script(args: &str, text: &str) -> Netcat {
    netcat(args).stdin(Stdin::File(text.into()))
}

/// The next line is this, and nothing behind it, before it is answered.
#[track_caller]
pub(crate) fn answers(peer: &mut Peer, line: &str, reply: &str) {
    peer.hears(format!("{line}\r\n"));
    peer.hears_nothing_for(ms(20));
    peer.sends(reply);
}

#[track_caller]
fn greets(peer: &mut Peer) {
    peer.sends("220 hi\r\n");
    answers(peer, "EHLO me", "250 hi\r\n");
}
