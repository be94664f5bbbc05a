//! `-l --starttls PROTO`: the program that answers offers STARTTLS and agrees to it; what follows is
//! encrypted.

use crate::lang::{
    End, Identity, Netcat, Peer, Scratch, Session, Stdin, Tls, Wire, authority_pem, connect, it, netcat,
};

/// Answers like a mail server that offers STARTTLS, and is sure of it when asked again.
const SMTP: &str = r#"
printf '220 hi\r\n'
while read -r line; do case $line in
EHLO*) printf '250-mail\r\n250 STARTTLS\r\n';;
STARTTLS*) printf '220 go\r\n';;
QUIT*) printf '221 bye\r\n'; exit;;
*) printf '500 %s\r\n' "${line%?}";;
esac; done"#;
const POP3: &str = r#"
printf '+OK hi\r\n'
while read -r line; do case $line in
CAPA*) printf '+OK\r\nSTLS\r\n.\r\n';;
STLS*) printf '+OK go\r\n';;
QUIT*) printf '+OK bye\r\n'; exit;;
*) printf -- '-ERR %s\r\n' "${line%?}";;
esac; done"#;
const IMAP: &str = r#"
printf '* OK hi\r\n'
while read -r tag line; do case $line in
CAPABILITY*) printf '* CAPABILITY IMAP4rev1 STARTTLS\r\n%s OK x\r\n' "$tag";;
STARTTLS*) printf '%s OK go\r\n' "$tag";;
LOGOUT*) printf '* BYE\r\n%s OK x\r\n' "$tag"; exit;;
*) printf '%s BAD x\r\n' "$tag";;
esac; done"#;

#[test]
fn a_client_that_asks_is_encrypted() {
    it(|| {
        let mut server = serves("smtp", SMTP).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears("220 hi\r\n");
        peer.sends("EHLO me\r\n");
        peer.hears("250-mail\r\n250 STARTTLS\r\n");
        peer.sends("STARTTLS\r\n");
        peer.hears("220 go\r\n");
        peer.turns_to_tls(&Tls::client());
        peer.sends("HELP\r\n");
        peer.hears("500 HELP\r\n");
        peer.sends("QUIT\r\n");
        assert_eq!(peer.hears_to_end(), b"221 bye\r\n");
        peer.closes();
        server.leaves(0);
        server.says(&["SSL connection from"]);
    });
}

#[test]
fn each_protocol_is_spoken_with_our_own_client() {
    it(|| {
        for (protocol, script, command, answer) in [
            ("smtp", SMTP, "QUIT\r\n", "221 bye\r\n"),
            ("pop3", POP3, "QUIT\r\n", "+OK bye\r\n"),
            ("imap", IMAP, "a LOGOUT\r\n", "* BYE\r\na OK x\r\n"),
        ] {
            let mut server = serves(protocol, script).listens();
            let client = netcat("--ssl-verify --starttls").arg(protocol).trusting(&authority_pem());
            let mut client = client.stdin(Stdin::File(command.into())).connects_to(&server);
            client.leaves(0);
            assert_eq!(client.shows_to_end(), answer.as_bytes());
            server.leaves(0);
        }
    });
}

#[test]
fn a_client_that_does_not_ask_stays_in_clear() {
    it(|| {
        let mut server = serves("smtp", SMTP).listens();
        let mut client = connect(&server, "");
        client.shows("220 hi\r\n");
        client.types("QUIT\r\n");
        client.ends_stdin();
        client.shows("221 bye\r\n");
        client.leaves(0);
        server.leaves(0);
        assert_eq!(server.times_said(&["SSL"]), 0, "{:?}", server.said());
    });
}

#[test]
fn a_client_that_is_refused_stays_in_clear() {
    it(|| {
        let mut server = serves("smtp", "echo 220; read a; echo 454; read b; echo \"250 $b\"").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears("220\n");
        // What it says too early waits, and is not lost.
        peer.sends("STARTTLS\nRSET\n");
        assert_eq!(peer.hears_to_end(), b"454\n250 RSET\n");
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn bytes_in_clear_behind_the_request_are_1_and_reach_nobody() {
    it(|| {
        let script = "echo 220; read a; echo 220; cat >&2; echo 250";
        let mut server = serves("smtp", script).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears("220\n");
        peer.sends("STARTTLS\nMAIL FROM:<injected>\n");
        server.leaves(1);
        server.says(&[
            "STARTTLS with 127.0.0.1:",
            "21 bytes came in clear behind the client's STARTTLS",
            "CVE-2011-0411",
        ]);
        assert_eq!(server.times_said(&["injected"]), 0);
        peer.hears("220\n");
        peer.waits_for_end();
    });
}

#[test]
fn a_client_that_goes_on_in_clear_is_1() {
    it(|| {
        let (mut server, mut peer) = agreed();
        peer.sends("MAIL FROM:<me>\r\n");
        server.leaves(1);
        server.says(&["TLS with 127.0.0.1:", "plain text: \"MAIL FROM:<me>\"; somebody in between"]);
        peer.waits_for_end();
    });
}

#[test]
fn a_client_that_breaks_off_in_mid_handshake_is_1() {
    it(|| {
        let (mut server, peer) = agreed();
        peer.resets();
        server.leaves(1);
        server.says(&["TLS with 127.0.0.1:", "onnection reset"]);
    });
}

#[test]
fn a_client_that_leaves_before_the_answer_ends_the_program() {
    it(|| {
        let mut server = serves("smtp", "echo 220; read a; cat; echo the end").listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears("220\n");
        peer.sends("STARTTLS\n");
        peer.half_closes();
        assert_eq!(peer.hears_to_end(), b"the end\n");
        peer.closes();
        server.leaves(0);
    });
}

#[test]
fn a_client_that_ends_early_gets_nothing_done_in_clear() {
    it(|| {
        let mut server = serves("smtp", SMTP).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.hears("220 hi\r\n");
        peer.sends("STARTTLS\r\nHELP\r\n");
        peer.half_closes();
        peer.hears("220 go\r\n");
        server.leaves(1);
        server.says(&["6 bytes came in clear behind the client's STARTTLS"]);
        peer.waits_for_end();
    });
}

#[test]
fn a_transcript_says_where_it_began() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.path("transcript");
        let mut server = serves("pop3", POP3).arg("--transcript").arg(&file).listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        peer.sends("STLS\r\n");
        peer.hears("+OK hi\r\n+OK go\r\n");
        peer.turns_to_tls(&Tls::client());
        peer.sends("QUIT\r\n");
        assert_eq!(peer.hears_to_end(), b"+OK bye\r\n");
        peer.closes();
        server.leaves(0);
        let transcript = std::fs::read_to_string(file).unwrap();
        assert!(transcript.ends_with("S: +OK go\n--- TLS\nC: QUIT\nS: +OK bye\n"), "{transcript}");
    });
}

#[test]
fn whoever_types_the_answers_offers_it_too() {
    it(|| {
        let mut server = netcat("--starttls pop3").with_identity(Identity::trusted()).at_a_terminal().listens();
        let mut peer = Peer::dials(&server, Wire::Plain);
        server.types("+OK hi\n");
        peer.hears("+OK hi\r\n");
        peer.sends("STLS\r\n");
        server.shows("STLS\r\n");
        server.types("+OK go\n");
        peer.hears("+OK go\r\n");
        peer.turns_to_tls(&Tls::client());
        peer.sends("QUIT\r\n");
        server.shows("QUIT\r\n");
        server.types("+OK bye\n");
        peer.hears("+OK bye\r\n");
    });
}

#[test]
fn a_certificate_is_made_if_none_is_given() {
    it(|| {
        let server = netcat("--starttls smtp --sh-exec").arg(SMTP).quietly().listens();
        let line = server.says(&["fingerprint is "]);
        let (_, fingerprint) = line.split_once("fingerprint is ").unwrap();
        let client = netcat("--starttls smtp --ssl-fingerprint").arg(fingerprint);
        let mut client = client.stdin(Stdin::File("QUIT\r\n".into())).connects_to(&server);
        client.leaves(0);
        client.shows("221 bye\r\n");
        assert_eq!(client.stderr(), "");
    });
}

#[test]
fn with_k_each_client_asks_for_itself() {
    it(|| {
        let server = serves("smtp", SMTP).arg("-k").listens();
        let mut clear = Peer::dials(&server, Wire::Plain);
        clear.hears("220 hi\r\n");
        let mut failing = Peer::dials(&server, Wire::Plain);
        failing.sends("STARTTLS\r\n");
        failing.hears("220 hi\r\n220 go\r\n");
        failing.begins_tls(&Tls::client_with("other.example", |_| {}));
        assert!(matches!(failing.fails_to_shake_hands(), End::Failed(_)));
        let mut encrypted = Peer::dials(&server, Wire::Plain);
        encrypted.sends("STARTTLS\r\n");
        encrypted.hears("220 hi\r\n220 go\r\n");
        encrypted.turns_to_tls(&Tls::client());
        for peer in [&mut clear, &mut encrypted] {
            peer.sends("HELP\r\n");
            peer.hears("500 HELP\r\n");
        }
    });
}

/// A listener whose program answers in this protocol.
fn serves(protocol: &str, script: &str) -> Netcat {
    netcat("--starttls").arg(protocol).arg("--sh-exec").arg(script).with_identity(Identity::trusted())
}

/// A client has asked for encryption, and the program has agreed.
#[track_caller]
fn agreed() -> (Session, Peer) {
    let server = serves("smtp", SMTP).listens();
    let mut peer = Peer::dials(&server, Wire::Plain);
    peer.hears("220 hi\r\n");
    peer.sends("STARTTLS\r\n");
    peer.hears("220 go\r\n");
    (server, peer)
}
