//! `--starttls PROTO`: a server is asked to encrypt in its own words, and what is typed comes after.

use crate::lang::{
    End, Identity, Netcat, Peer, PeerListener, Scratch, Session, Stdin, Tls, Wire, authority_pem, it, netcat,
};

#[test]
fn a_mail_server_is_asked_and_the_session_is_encrypted() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = verifying("--starttls smtp").connects_to(&listener);
        client.types("EHLO again\r\n");
        let mut peer = listener.accepts();
        offers_starttls(&mut peer);
        peer.sends("220 go\r\n");
        peer.turns_to_tls(&trusted());
        converses(&mut client, peer);
        assert_eq!(client.said().len(), 0, "{:?}", client.said());
    });
}

#[test]
fn a_reply_that_comes_byte_by_byte_is_the_same() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = verifying("--starttls pop3").connects_to(&listener);
        client.types("EHLO again\r\n");
        let mut peer = listener.accepts();
        for (line, answer) in [("", "+OK hi\r\n"), ("CAPA\r\n", "+OK\r\nSTLS\r\n.\r\n"), ("STLS\r\n", "+OK\r\n")] {
            peer.hears(line);
            answer.bytes().for_each(|byte| peer.sends([byte]));
        }
        peer.turns_to_tls(&trusted());
        converses(&mut client, peer);
    });
}

#[test]
fn v_shows_what_is_said_and_heard() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = verifying("-v --starttls imap").connects_to(&listener);
        client.types("EHLO again\r\n");
        let mut peer = listener.accepts();
        peer.sends("* OK \x1b[1mhi\r\n");
        peer.hears("A1 CAPABILITY\r\n");
        peer.sends("* CAPABILITY STARTTLS\r\nA1 OK done\r\n");
        peer.hears("A2 STARTTLS\r\n");
        peer.sends("A2 OK go\r\n");
        peer.turns_to_tls(&trusted());
        converses(&mut client, peer);
        let said = client.said();
        let from = said.iter().position(|line| line == "< * OK \\u{1b}[1mhi").unwrap();
        let expected = ["> A1 CAPABILITY", "< * CAPABILITY STARTTLS", "< A1 OK done", "> A2 STARTTLS", "< A2 OK go"];
        assert_eq!(said[from + 1..=from + expected.len()], expected);
        assert!(said[from + expected.len() + 1].starts_with("SSL connection to "), "{said:?}");
    });
}

#[test]
fn a_directory_is_asked_in_ber() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = verifying("-v --starttls ldap").connects_to(&listener);
        client.types("EHLO again\r\n");
        let mut peer = listener.accepts();
        peer.hears(b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037");
        peer.sends(b"\x30\x84\0\0\0\x0c\x02\x01\x01\x78\x07\x0a\x01\0\x04\0\x04\0");
        peer.turns_to_tls(&trusted());
        converses(&mut client, peer);
        client.says(&["> StartTLS"]);
        client.says(&["< ", "success"]);
    });
}

#[test]
fn a_database_is_asked_and_does_not_answer_but_in_tls() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = verifying("--starttls mysql").connects_to(&listener);
        client.types("EHLO again\r\n");
        let mut peer = listener.accepts();
        peer.sends(b"\x18\0\0\0\x0a8.0.1\0\x07\0\0\0noncenon\0\xff\xff\x21\x02");
        peer.hears(b"\x20\0\0\x01\x05\xaa\0\0\0\0\0\x01\x21");
        peer.hears([0; 23]);
        peer.turns_to_tls(&trusted());
        converses(&mut client, peer);
    });
}

#[test]
fn a_stream_of_xmpp_is_for_the_name_that_the_certificate_is_checked_for() {
    it(|| {
        for (args, domain) in [("", "localhost"), ("--ssl-servername example.org", "example.org")] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = verifying("--starttls xmpp").arg_words(args).connects_to(&listener);
            client.types("EHLO again\r\n");
            let mut peer = listener.accepts();
            peer.hears(format!("<?xml version='1.0'?><stream:stream to='{domain}' version='1.0' "));
            peer.sends("<?xml version='1.0'?><stream:stream version='1.0'><stream:features>");
            peer.sends("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>");
            peer.hears("xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
            peer.hears("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
            peer.sends("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
            peer.turns_to_tls(&Tls::server(&Identity::issued_for(&[domain])));
            converses(&mut client, peer);
        }
    });
}

#[test]
fn a_greeting_may_come_with_the_answer_of_a_proxy() {
    it(|| {
        let proxy = PeerListener::new(Wire::Plain);
        let mut client = verifying("--starttls ftp").via(&proxy).connects_to_name("localhost", 21);
        client.types("EHLO again\r\n");
        let mut peer = proxy.accepts();
        assert!(peer.hears_message().head.starts_with("CONNECT localhost:21 "));
        peer.sends("HTTP/1.1 200 OK\r\n\r\n220 hi\r\n");
        peer.hears("AUTH TLS\r\n");
        peer.sends("234 go\r\n");
        peer.turns_to_tls(&trusted());
        converses(&mut client, peer);
    });
}

#[test]
fn a_unix_socket_may_begin_in_clear() {
    it(|| {
        let scratch = Scratch::new();
        let path = scratch.path("socket");
        let listener = PeerListener::at_path(&path);
        let mut client = verifying("--starttls lmtp").connects_to_path(&path);
        client.types("EHLO again\r\n");
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        assert!(peer.hears_line().starts_with("LHLO "));
        peer.sends("250-hi\r\n250 STARTTLS\r\n");
        peer.hears("STARTTLS\r\n");
        peer.sends("220 go\r\n");
        peer.turns_to_tls(&trusted());
        converses(&mut client, peer);
    });
}

#[test]
fn a_command_speaks_when_all_is_encrypted() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = verifying("--starttls smtp").arg("-c").arg("echo QUIT").connects_to(&listener);
        let mut peer = listener.accepts();
        offers_starttls(&mut peer);
        peer.sends("220 go\r\n");
        peer.turns_to_tls(&trusted());
        peer.hears("QUIT\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_probe_tells_whether_it_can_be_encrypted() {
    it(|| {
        for (answer, status) in [("220 go\r\n", 0), ("454 not now\r\n", 1)] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = verifying("-z --starttls smtp").connects_to(&listener);
            let mut peer = listener.accepts();
            offers_starttls(&mut peer);
            peer.sends(answer);
            if status == 0 {
                peer.turns_to_tls(&trusted());
            }
            peer.waits_for_end();
            client.leaves(status);
        }
    });
}

#[test]
fn a_certificate_for_another_is_warned_of() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let session = netcat("--starttls smtp").trusting(&authority_pem()).stdin(Stdin::Null);
        let mut client = session.connects_to(&listener);
        let mut peer = listener.accepts();
        offers_starttls(&mut peer);
        peer.sends("220 go\r\n");
        peer.turns_to_tls(&Tls::server(&Identity::issued_for(&["other.example"])));
        peer.closes();
        client.leaves(0);
        client.says(&["other.example"]);
        assert_eq!(client.said().len(), 1, "{:?}", client.said());
    });
}

#[test]
fn verify_refuses_a_certificate_for_another() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = verifying("--starttls smtp").connects_to(&listener);
        client.types("secret");
        let mut peer = listener.accepts();
        offers_starttls(&mut peer);
        peer.sends("220 go\r\n");
        peer.begins_tls(&Tls::server(&Identity::issued_for(&["other.example"])));
        assert!(matches!(peer.fails_to_shake_hands(), End::Failed(_)));
        client.leaves(1);
        client.says(&["other.example"]);
        client.shows_nothing_more();
    });
}

#[test]
fn a_transcript_begins_with_the_opening_which_is_no_output() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let scratch = Scratch::new();
        let [file, transcript] = ["record", "transcript"].map(|name| scratch.path(name));
        let client = verifying("--starttls ftp").arg("-o").arg(&file).arg("--transcript").arg(&transcript);
        let mut client = client.connects_to(&listener);
        client.types("EHLO again\r\n");
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("AUTH TLS\r\n");
        peer.sends("234 go\r\n");
        peer.turns_to_tls(&trusted());
        converses(&mut client, peer);
        let [output, recorded] = [file, transcript].map(|file| std::fs::read_to_string(file).unwrap());
        let recorded: Vec<_> = recorded.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(recorded.get(..5).unwrap(), ["S: 220 hi", "C: AUTH TLS", "S: 234 go", "--- TLS", "C: EHLO again"]);
        assert!(output.starts_with("EHLO again\r\n") && output.contains("250 encrypted\r\n"), "{output:?}");
    });
}

fn trusted() -> Tls {
    Tls::server(Identity::trusted())
}

fn verifying(args: &str) -> Netcat {
    netcat("--ssl-verify").arg_words(args).trusting(&authority_pem())
}

/// Plays a mail server as far as the question whether to encrypt.
#[track_caller]
pub(super) fn offers_starttls(peer: &mut Peer) {
    peer.sends("220-mail\r\n220 hi\r\n");
    assert!(peer.hears_line().starts_with("EHLO "));
    peer.sends("250-mail\r\n250-SIZE\r\n250 STARTTLS\r\n");
    peer.hears("STARTTLS\r\n");
}

/// What was typed comes encrypted, and so does the answer.
#[track_caller]
fn converses(client: &mut Session, mut peer: Peer) {
    peer.hears("EHLO again\r\n");
    peer.sends("250 encrypted\r\n");
    client.shows("250 encrypted\r\n");
    client.ends_stdin();
    peer.hears_end();
    peer.closes();
    client.leaves(0);
    client.shows_nothing_more();
}
