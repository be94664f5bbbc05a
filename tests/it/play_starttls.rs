//! `--- TLS` in a dialogue that is played: the connection is encrypted there.

use crate::lang::{Identity, Netcat, Peer, PeerListener, Tls, Wire, authority_pem, it, netcat};

/// A session that begins in clear.
const SESSION: &str = "S: 220 x\nC: STARTTLS\nS: 220\n--- TLS\nC: QUIT\nS: 221 bye\n";

fn plays(text: &str) -> Netcat {
    netcat("--play").arg_file("x.play", text)
}

#[test]
fn a_client_asks_and_goes_on_encrypted() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let client = plays(SESSION).arg_words("--ssl-verify --ssl-servername localhost");
        let mut client = client.trusting(&authority_pem()).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 x\r\n");
        peer.hears("STARTTLS\r\n");
        peer.sends("220 go\r\n");
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        peer.hears("QUIT\r\n");
        peer.sends("221 bye\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_certificate_that_is_not_trusted_is_1() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays(SESSION).arg_words("--ssl-verify").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 x\r\n");
        peer.hears("STARTTLS\r\n");
        peer.sends("220 go\r\n");
        peer.begins_tls(&Tls::server(Identity::trusted()));
        peer.fails_to_shake_hands();
        client.leaves(1);
        client.says(&["certificate"]);
        assert_eq!(client.times_said(&["x.play"]), 0, "{:?}", client.said());
    });
}

#[test]
fn what_comes_in_clear_behind_the_agreement_is_3() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let mut client = plays(SESSION).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 x\r\n");
        peer.hears("STARTTLS\r\n");
        peer.sends("220 go\r\n221 bye\r\n");
        client.leaves(3);
        client.says(&[r#"x.play:4: --- TLS: "221 bye\r\n" came in clear"#]);
    });
}

#[test]
fn an_answer_that_is_left_open_is_followed_by_tls() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let session = SESSION.replace("S: 220\n", "...\n");
        let mut client = plays(&session).connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 x\r\n");
        peer.hears("STARTTLS\r\n");
        peer.sends("220-whatever\r\n220 go\r\n");
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        peer.hears("QUIT\r\n");
        peer.sends("221 bye\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn an_answer_that_need_not_come_is_followed_by_tls() {
    it(|| {
        let listener = PeerListener::new(Wire::Plain);
        let session = SESSION.replace("S: 220\n", "...\n");
        let mut client = plays(&session).arg_words("-i 500ms").connects_to(&listener);
        let mut peer = listener.accepts();
        peer.sends("220 x\r\n");
        peer.hears("STARTTLS\r\n");
        peer.turns_to_tls(&Tls::server(Identity::trusted()));
        peer.hears("QUIT\r\n");
        peer.sends("221 bye\r\n");
        peer.hears_end();
        peer.closes();
        client.leaves(0);
    });
}

#[test]
fn a_server_agrees_and_goes_on_encrypted() {
    it(|| {
        let mut server = plays(SESSION).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears("220 x\r\n");
        peer.sends("STARTTLS\r\n");
        peer.hears("220\r\n");
        peer.turns_to_tls(&Tls::trusting_client());
        peer.sends("QUIT\r\n");
        assert_eq!(peer.hears_to_end(), b"221 bye\r\n");
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn a_client_that_says_more_before_tls_is_3() {
    it(|| {
        let mut server = plays(SESSION).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("STARTTLS\r\nQUIT\r\n");
        assert_eq!(peer.hears_to_end(), b"220 x\r\n220\r\n");
        server.leaves(3);
        server.says(&[r#"x.play:4: --- TLS: "QUIT\r\n" came in clear"#]);
    });
}

#[test]
fn client_and_server_play_one_file() {
    it(|| {
        let server = plays(SESSION).arg_words("-k").listens();
        let mut clients: Vec<_> = (0..10).map(|_| plays(SESSION).connects_to(&server)).collect();
        for client in &mut clients {
            client.leaves(0);
            client.says(&["is encrypted now"]);
        }
        assert_eq!(server.times_said(&["expected"]), 0, "{:?}", server.said());
    });
}
