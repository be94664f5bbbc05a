//! STARTTLS that the user asks for: when the server agrees, the connection goes on encrypted in place.

use crate::lang::{
    A_WHILE, Identity, Netcat, Peer, PeerListener, Scratch, Session, Tls, Wire, authority_pem, it, netcat,
};

#[test]
fn at_a_terminal_a_session_goes_on_encrypted() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        greets(&mut client, &mut peer);
        client.types("starttls\n");
        peer.hears("starttls\r\n");
        peer.sends("220 go\r\n");
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        client.shows("220 go\r\n");
        let line = client.says(&["is encrypted now."]);
        assert!(line.contains(&peer.own_address().to_string()), "{line}");
        assert!(line.contains("Certificate for localhost"), "{line}");
        assert!(line.contains("; not trusted: unknown issuer (") && line.ends_with("). Say EHLO again."), "{line}");
        client.types("EHLO me\n");
        peer.hears("EHLO me\r\n");
        peer.sends("250 encrypted\r\n");
        client.shows("250 encrypted\r\n");
        assert_eq!(client.times_said(&["encrypted"]), 1, "{:?}", client.said());
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn each_protocol_has_its_own_words() {
    it(|| {
        for (greeting, ask, agreement, again) in [
            ("+OK hi\r\n", "STLS\n", "+OK go\r\n", None),
            ("* OK hi\r\n", "a1 STARTTLS\n", "a1 OK go\r\n", Some("CAPABILITY")),
            ("220 hi\r\n", "AUTH TLS\n", "234 go\r\n", None),
            ("200 hi\r\n", "STARTTLS\n", "382 go\r\n", Some("CAPABILITIES")),
        ] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = netcat("").at_a_terminal().connects_to(&listener);
            let mut peer = listener.accepts();
            peer.sends(greeting);
            client.shows(greeting);
            client.types(ask);
            peer.hears(ask.replace('\n', "\r\n"));
            peer.sends(agreement);
            peer.turns_to_tls(&Tls::server(Identity::trusted()));
            let line = client.says(&["is encrypted now."]);
            let end = again.map_or_else(|| ").".to_owned(), |again| format!("Say {again} again."));
            assert!(line.ends_with(&end), "{line}");
            client.types("NOOP\n");
            peer.hears("NOOP\r\n");
        }
    });
}

#[test]
fn an_agreement_that_comes_byte_by_byte_is_the_same() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = typed("").connects_to(&listener);
        let mut peer = listener.accepts();
        "220-hi\r\n220 hi\r\n".bytes().for_each(|byte| peer.sends([byte]));
        client.shows("220-hi\r\n220 hi\r\n");
        client.types("STARTTLS\r\n");
        peer.hears("STARTTLS\r\n");
        "220-220\r\n220 go\r\n".bytes().for_each(|byte| peer.sends([byte]));
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        client.types("EHLO me\r\n");
        peer.hears("EHLO me\r\n");
        client.says(&["; trusted. Say EHLO again."]);
    });
}

#[test]
fn a_pipe_is_held_until_the_server_has_answered() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = typed("").connects_to(&listener);
        client.types("EHLO me\r\nSTARTTLS\r\nEHLO again\r\n");
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("EHLO me\r\nSTARTTLS\r\n");
        peer.sends("250 STARTTLS\r\n");
        peer.hears_nothing_for(A_WHILE);
        peer.sends("220 go\r\n");
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        converses(&mut client, peer);
    });
}

#[test]
fn a_pipe_that_has_ended_is_held_as_well() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = typed("--ssl-verify").connects_to(&listener);
        client.types("STLS\r\nQUIT\r\n");
        client.ends_stdin();
        let mut peer = listener.accepts();
        peer.hears("STLS\r\n");
        peer.sends("+OK hi\r\n+OK go\r\n");
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        peer.hears("QUIT\r\n");
        peer.sends("+OK bye\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
        assert_eq!(client.shows_to_end(), b"+OK hi\r\n+OK go\r\n+OK bye\r\n");
    });
}

#[test]
fn the_users_end_behind_it_waits_too() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = typed("").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("200 news\r\n");
        client.shows("200 news\r\n");
        client.types("STARTTLS\r\n");
        client.ends_stdin();
        peer.hears("STARTTLS\r\n");
        peer.hears_nothing_for(A_WHILE);
        peer.sends("382 go\r\n");
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        peer.hears_end();
        peer.sends("late\r\n");
        peer.closes();
        client.leaves(0);
        assert_eq!(client.shows_to_end(), b"382 go\r\nlate\r\n");
    });
}

#[test]
fn a_command_may_ask_for_it() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let script = "read a; echo STLS; read b; echo QUIT; cat";
        let mut client = typed("--ssl-verify").arg("-c").arg(script).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("+OK hi\r\n");
        peer.hears("STLS\n");
        peer.sends("+OK go\r\n");
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        peer.hears("QUIT\n");
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_transcript_says_where_it_began() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.path("transcript");
        let listener = PeerListener::new(Wire::Plain);
        let mut client = typed("").arg("--transcript").arg(&file).connects_to(&listener);
        let mut peer = listener.accepts();
        agrees(&mut client, &mut peer);
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        client.types("EHLO again\r\n");
        converses(&mut client, peer);
        let transcript = std::fs::read_to_string(file).unwrap();
        let session = "S: 220 hi\nC: STARTTLS\nS: 220 go\n--- TLS\nC: EHLO again\nS: 250 encrypted\n";
        assert!(transcript.ends_with(session), "{transcript}");
    });
}

#[test]
fn quiet_says_nothing_of_it() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = typed("--quiet").connects_to(&listener);
        let mut peer = listener.accepts();
        agrees(&mut client, &mut peer);
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        client.types("EHLO again\r\n");
        converses(&mut client, peer);
        assert_eq!(client.stderr(), "");
    });
}

#[test]
fn never_leaves_the_line_to_the_user() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("--starttls never").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        greets(&mut client, &mut peer);
        client.types("STARTTLS\n");
        peer.hears("STARTTLS\r\n");
        peer.sends("220 go\r\n");
        client.shows("220 go\r\n");
        client.types("EHLO me\n");
        peer.hears("EHLO me\r\n");
    });
}

#[test]
fn a_pipe_is_left_alone_unless_asked_for() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = netcat("").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        client.types("STARTTLS\r\nEHLO me\r\n");
        peer.hears("STARTTLS\r\nEHLO me\r\n");
    });
}

#[test]
fn a_message_may_say_it() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = netcat("").at_a_terminal().connects_to(&listener);
        let mut peer = listener.accepts();
        greets(&mut client, &mut peer);
        client.types("DATA\n");
        peer.hears("DATA\r\n");
        peer.sends("354 go\r\n");
        client.shows("354 go\r\n");
        client.types("STARTTLS\nis a word\n.\n");
        peer.hears("STARTTLS\r\nis a word\r\n.\r\n");
        peer.sends("220 thanks\r\n");
        client.shows("220 thanks\r\n");
        client.types("QUIT\n");
        peer.hears("QUIT\r\n");
    });
}

/// `--starttls typed` from a pipe, to a server whose certificate is trusted.
pub(super) fn typed(args: &str) -> Netcat {
    netcat("--starttls typed").arg_words(args).trusting(&authority_pem())
}

#[track_caller]
pub(super) fn greets(client: &mut Session, peer: &mut Peer) {
    peer.sends("220 hi\r\n");
    client.shows("220 hi\r\n");
}

#[track_caller]
pub(super) fn agrees(client: &mut Session, peer: &mut Peer) {
    greets(client, peer);
    client.types("STARTTLS\r\n");
    peer.hears("STARTTLS\r\n");
    peer.sends("220 go\r\n");
    client.shows("220 go\r\n");
}

/// What was typed comes encrypted, and so does the answer.
#[track_caller]
fn converses(client: &mut Session, mut peer: Peer) {
    peer.hears("EHLO again\r\n");
    peer.sends("250 encrypted\r\n");
    client.shows_line_with("250 encrypted");
    client.ends_stdin();
    peer.hears_end();
    peer.closes();
    client.leaves(0);
}
