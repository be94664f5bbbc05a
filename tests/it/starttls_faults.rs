//! STARTTLS that the user asks for, with servers that refuse, cannot, or are not alone: what was meant to be
//! encrypted is not sent in clear.

use crate::lang::{A_WHILE, End, Identity, Peer, PeerListener, Session, Tls, Wire, it, netcat};
use crate::starttls_typed::{agrees, greets, typed};

#[test]
fn at_a_terminal_a_refusal_is_for_the_user_to_see() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        greets(&mut client, &mut peer);
        client.types("STARTTLS\n");
        peer.hears("STARTTLS\r\n");
        peer.sends("454 not now\r\n");
        client.shows("454 not now\r\n");
        client.types("QUIT\n");
        peer.hears("QUIT\r\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn what_was_typed_behind_a_refused_request_is_not_sent_in_clear() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        greets(&mut client, &mut peer);
        client.types("STARTTLS\nAUTH PLAIN secret\n");
        peer.hears("STARTTLS\r\n");
        peer.hears_nothing_for(A_WHILE);
        peer.sends("454 not now\r\n");
        gives_up(&mut client, &mut peer, &["STARTTLS with 127.0.0.1:", "does not encrypt; 19 bytes not sent"]);
    });
}

#[test]
fn for_a_pipe_a_refusal_is_1() {
    it(|| {
        let (mut client, mut peer) = asks();
        peer.sends("502 what?\r\n");
        gives_up(&mut client, &mut peer, &["STARTTLS with 127.0.0.1:", "does not encrypt"]);
    });
}

#[test]
fn for_a_pipe_a_server_of_another_protocol_is_1_and_hears_no_secret() {
    it(|| {
        for (greeting, request) in [
            ("220 hi\r\n", "STLS\r\nPASS secret\r\n"),
            ("hello\r\n+OK hi\r\n", "STLS\r\nPASS secret\r\n"),
            ("hello\r\n", "STARTTLS\r\nAUTH PLAIN secret\r\n"),
            ("+OK hello\r\n", "STARTTLS\r\nAUTH PLAIN secret\r\n"),
            ("* OK hello\r\n", "STARTTLS\r\nAUTH PLAIN secret\r\n"),
        ] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = typed("").connects_to(&listener);
            let mut peer = listener.accepts();
            peer.sends(greeting);
            client.shows(greeting);
            client.types(request);
            let words = ["STARTTLS with", "does not speak the protocol", "nothing more was sent", "bytes not sent"];
            gives_up(&mut client, &mut peer, &words);
        }
    });
}

#[test]
fn a_pipe_is_not_put_off_by_being_asked_more() {
    it(|| {
        let (mut client, mut peer) = {
            let listener = PeerListener::new(Wire::Plain);
            (typed("").connects_to(&listener), listener.accepts())
        };
        greets(&mut client, &mut peer);
        client.types("EHLO me\r\n");
        peer.hears("EHLO me\r\n");
        peer.sends("334 more\r\n");
        client.shows("334 more\r\n");
        client.types("STARTTLS\r\nAUTH PLAIN secret\r\n");
        peer.hears("STARTTLS\r\n");
        peer.hears_nothing_for(A_WHILE);
        peer.sends("454 no\r\n");
        gives_up(&mut client, &mut peer, &["does not encrypt; 19 bytes not sent"]);
    });
}

#[test]
fn an_answer_that_is_neither_is_1() {
    it(|| {
        let (mut client, mut peer) = asks();
        peer.sends("250 fine\r\n");
        gives_up(&mut client, &mut peer, &["the server neither agreed to encrypt nor refused"]);
    });
}

#[test]
fn for_a_command_a_refusal_is_1_at_a_terminal_too() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let script = "read a; echo STARTTLS; read b; echo AUTH PLAIN secret; cat";
        let mut client = typed("").arg("-c").arg(script).at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("STARTTLS\n");
        peer.sends("454 no\r\n");
        gives_up(&mut client, &mut peer, &["STARTTLS with 127.0.0.1:", "does not encrypt"]);
    });
}

#[test]
fn a_chat_may_begin_with_the_word() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = netcat("").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        client.types("try starttls now\nor later\n");
        peer.hears("try starttls now\nor later\n");
    });
}

#[test]
fn bytes_in_clear_behind_the_agreement_are_1_and_not_shown() {
    it(|| {
        let (mut client, mut peer) = asks();
        peer.sends("220 go\r\n250 injected\r\n");
        gives_up(&mut client, &mut peer, &[": 14 bytes came in clear behind", "CVE-2011-0411"]);
        assert_eq!(client.shows_to_end(), b"220 go\r\n");
    });
}

#[test]
fn text_instead_of_tls_is_1_and_not_shown() {
    it(|| {
        let (mut client, mut peer) = asks();
        peer.sends("220 go\r\n");
        client.shows("220 go\r\n");
        peer.sends("250 injected\r\n");
        let words = ["TLS with 127.0.0.1:", "in plain text: \"250 injected\"; somebody in between"];
        gives_up(&mut client, &mut peer, &words);
        client.shows_nothing_more();
    });
}

#[test]
fn garbage_instead_of_tls_is_1() {
    it(|| {
        let (mut client, mut peer) = asks();
        peer.sends("220 go\r\n");
        client.shows("220 go\r\n");
        peer.sends([0, 1, 2, 3]);
        gives_up(&mut client, &mut peer, &["TLS with 127.0.0.1:", "does not speak TLS"]);
    });
}

#[test]
fn a_reset_in_mid_handshake_is_1() {
    it(|| {
        let (mut client, mut peer) = asks();
        peer.sends("220 go\r\n");
        client.shows("220 go\r\n");
        peer.hears([0x16, 3, 1]);
        peer.resets();
        client.leaves(1);
        client.says(&["TLS with 127.0.0.1:", "onnection reset"]);
    });
}

#[test]
fn a_server_that_leaves_without_an_answer_is_1() {
    it(|| {
        let (mut client, peer) = asks();
        client.types("secret\r\n");
        peer.closes();
        client.leaves(1);
        client.says(&["STARTTLS with 127.0.0.1:", "without an answer"]);
    });
}

#[test]
fn a_server_that_leaves_in_mid_handshake_is_1() {
    it(|| {
        let (mut client, mut peer) = asks();
        peer.sends("220 go\r\n");
        client.types("secret\r\n");
        peer.hears([0x16, 3, 1]);
        peer.closes();
        client.leaves(1);
        client.says(&["TLS with 127.0.0.1:", "during the TLS handshake"]);
    });
}

#[test]
fn verify_refuses_a_certificate_for_another() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = typed("--ssl-verify").connects_to(&listener);
        let mut peer = listener.accepts();
        agrees(&mut client, &mut peer);
        client.types("secret");
        peer.begins_tls(&Tls::server(&Identity::issued_for(&["other.example"])));
        assert!(matches!(peer.fails_to_shake_hands(), End::Failed(error) if error.contains("alert")));
        client.leaves(1);
        client.says(&["TLS with 127.0.0.1:", "other.example"]);
        client.shows_nothing_more();
    });
}

#[test]
fn verify_wants_the_end_of_the_stream_to_be_told() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = typed("--ssl-verify").connects_to(&listener);
        let mut peer = listener.accepts();
        agrees(&mut client, &mut peer);
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        peer.sends("250 half");
        client.shows("250 half");
        peer.truncates();
        client.leaves(1);
        client.says(&["without close_notify"]);
    });
}

/// A mail server has been asked.
#[track_caller]
fn asks() -> (Session, Peer) {
    let listener = PeerListener::new(Wire::Plain);
    let mut client = typed("").connects_to(&listener);
    let mut peer = listener.accepts();
    greets(&mut client, &mut peer);
    client.types("STARTTLS\r\n");
    peer.hears("STARTTLS\r\n");
    (client, peer)
}

/// Nothing more is sent, and it ends with 1 and these words.
#[track_caller]
fn gives_up(client: &mut Session, peer: &mut Peer, words: &[&str]) {
    client.leaves(1);
    client.says(words);
    peer.waits_for_end();
}
