//! `--- TLS` in a dialogue: the connection goes on encrypted where the file says so.

use crate::lang::{End, Identity, Netcat, Peer, PeerListener, Scratch, Tls, Wire, authority_pem, it, netcat};

const MAIL: &str = "S: 220\nC: STARTTLS\nS: 220\n--- TLS\nC: EHLO again\nS: 250\nC: QUIT\nS: 221\n";
const SERVED: &str = "S: 220 hi\nC: STARTTLS\nS: 220 go\n--- TLS\nC: EHLO again\nS: 250 x\nC: QUIT\nS: 221 bye\n";

#[test]
fn a_client_goes_on_encrypted() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client =
            plays(MAIL).arg_words("--starttls typed --ssl-verify").trusting(&authority_pem()).connects_to(&listener);
        let mut peer = listener.accepts();
        agrees(&mut peer);
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        peer.hears("EHLO again\r\n");
        peer.sends("250 x\r\n");
        peer.hears("QUIT\r\n");
        peer.sends("221 bye\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
        client.says(&["is encrypted now.", "; trusted"]);
    });
}

#[test]
fn a_server_may_speak_first_when_it_is_encrypted() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays("C: STARTTLS\nS: OK\n--- TLS\nS: again\nC: LOGOUT\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.hears("STARTTLS\r\n");
        peer.sends("OK\r\n");
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        peer.sends("again\r\n");
        peer.hears("LOGOUT\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_server_goes_on_encrypted() {
    it(|| {
        let mut server = plays(SERVED).with_identity(Identity::trusted()).arg_words("--starttls smtp").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears("220 hi\r\n");
        peer.sends("STARTTLS\r\n");
        peer.hears("220 go\r\n");
        peer.turns_to_tls(&Tls::client());
        peer.sends("EHLO again\r\n");
        peer.hears("250 x\r\n");
        peer.sends("QUIT\r\n");
        assert_eq!(peer.hears_to_end(), b"221 bye\r\n");
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn client_and_server_play_one_file_also_with_k() {
    it(|| {
        let server = plays(SERVED).arg("-k").listens();
        for _ in 0..3 {
            let mut client = plays(SERVED).connects_to(&server);
            client.leaves(0);
            client.says(&["is encrypted now.", "not trusted: self-signed"]);
        }
        assert_eq!(server.times_said(&["fingerprint"]), 1, "a certificate is made once, when it is needed");
    });
}

#[test]
fn a_session_that_was_recorded_is_played_encrypted() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.path("session.play");
        for options in ["--transcript", "--play"] {
            let listener = PeerListener::new(Wire::Plain);
            let mut client = netcat("--starttls typed").arg(options).arg(&file).connects_to(&listener);
            let mut peer = listener.accepts();
            if options == "--transcript" {
                client.types("STARTTLS\r\nEHLO again\r\n");
            }
            agrees(&mut peer);
            peer.turns_to_tls(&Tls::server(Identity::trusted()));
            peer.hears("EHLO again\r\n");
            peer.sends("250 x\r\n");
            if options == "--transcript" {
                client.shows_line_with("250 x");
                client.ends_stdin();
            }
            peer.hears_end();
            peer.closes();
            client.leaves(0);
        }
    });
}

#[test]
fn bytes_in_clear_behind_the_agreement_are_3() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays(MAIL).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 hi\r\n");
        peer.hears("STARTTLS\r\n");
        peer.sends("220 go\r\n250 injected\r\n");
        peer.waits_for_end();
        client.leaves(3);
        client.says(&["x.play:4", "in clear"]);
    });
}

#[test]
fn bytes_in_clear_that_wait_behind_a_long_answer_are_3() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays("C: STARTTLS\n...\nS: 220 go\n--- TLS\nC: NOOP\nS: 250 ok\n").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.hears("STARTTLS\r\n");
        // The agreement ends where what is looked at at once ends.
        let padding = "250-x\r\n".repeat((65536 - 8) / 7) + "250-1234567\r\n";
        let padding = &padding[(padding.len() - (65536 - 8))..];
        peer.sends(format!("{padding}220 go\r\n250 ok\r\n"));
        client.leaves(3);
        client.says(&["x.play:4: --- TLS: \"250 ok\\r\\n\" came in clear"]);
    });
}

#[test]
fn text_instead_of_tls_is_1() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays(MAIL).connects_to(&listener);
        let mut peer = listener.accepts();
        agrees(&mut peer);
        peer.hears([0x16, 3]);
        peer.sends("250 injected\r\n");
        peer.waits_for_end();
        client.leaves(1);
        client.says(&["TLS with 127.0.0.1:", "plain text: \"250 injected\""]);
    });
}

#[test]
fn verify_refuses_a_certificate_for_another() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = plays(MAIL).arg_words("--starttls typed --ssl-verify").trusting(&authority_pem());
        let mut client = client.connects_to(&listener);
        let mut peer = listener.accepts();
        agrees(&mut peer);
        peer.begins_tls(&Tls::server(&Identity::issued_for(&["other.example"])));
        assert!(matches!(peer.fails_to_shake_hands(), End::Failed(_)));
        client.leaves(1);
        client.says(&["TLS with 127.0.0.1:", "other.example"]);
    });
}

/// Plays this dialogue.
fn plays(text: &str) -> Netcat {
    netcat("--play").arg_file("x.play", text)
}

/// Plays a mail server up to the point where it is encrypted.
#[track_caller]
fn agrees(peer: &mut Peer) {
    peer.sends("220 hi\r\n");
    peer.hears("STARTTLS\r\n");
    peer.sends("220 go\r\n");
}
