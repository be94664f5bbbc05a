//! Whom SSL_CERT_FILE and SSL_CERT_DIR make trusted, in every state that a file or a folder can be in.

use crate::lang::{Identity, PeerListener, Scratch, Stdin, Wire, authority_pem, it, netcat};
use std::path::Path;

const FILE: &str = "SSL_CERT_FILE";
const DIR: &str = "SSL_CERT_DIR";

#[test]
fn a_file_is_read_whatever_stands_around_a_certificate() {
    it(|| {
        let (scratch, authority, strangers) = (Scratch::new(), authority_pem(), strangers());
        let other_kind = strangers.replace("CERTIFICATE", "TRUSTED CERTIFICATE");
        for text in [
            format!("# Roots\n\n{strangers}Test Authority\n==========\n{authority}{strangers}"),
            format!("{strangers}{authority}").replace('\n', "\r\n"),
            format!("{other_kind}{authority}"),
            authority.trim_end().to_owned(),
        ] {
            is_trusted(&[(FILE, &scratch.file("roots.pem", text))]);
        }
    });
}

#[test]
fn a_file_is_read_on_behind_a_certificate_that_is_broken() {
    it(|| {
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        let text = format!("{}{broken}{}", strangers(), authority_pem());
        is_trusted(&[(FILE, &Scratch::new().file("roots.pem", text))]);
    });
}

#[test]
fn of_many_of_the_same_name_the_one_with_the_right_key_is_found() {
    it(|| {
        let (scratch, authority) = (Scratch::new(), authority_pem());
        let same = (0..20).map(|_| stranger("Test Authority")).collect::<String>();
        is_trusted(&[(FILE, &scratch.file("roots.pem", format!("{same}{authority}{same}")))]);
    });
}

#[test]
fn a_folder_is_read_that_was_not_hashed() {
    it(|| {
        let scratch = Scratch::new();
        scratch.file("stranger.pem", stranger("Stranger"));
        scratch.file("company.crt", authority_pem());
        is_trusted(&[(DIR, &scratch.path(""))]);
    });
}

#[test]
fn a_folder_is_read_that_was_hashed_before_a_file_was_added() {
    it(|| {
        let scratch = Scratch::new();
        scratch.file("0a1b2c3d.0", stranger("Stranger"));
        scratch.file("company.crt", authority_pem());
        is_trusted(&[(DIR, &scratch.path(""))]);
    });
}

#[test]
fn of_several_places_one_is_enough() {
    it(|| {
        let (good, other) = (Scratch::new(), Scratch::new());
        let roots = good.file("roots.pem", authority_pem());
        let (nowhere, folders) =
            (other.path("none"), format!("{}:{}", other.path("").display(), good.path("").display()));
        is_trusted(&[(FILE, &nowhere), (DIR, &good.path(""))]);
        is_trusted(&[(FILE, &roots), (DIR, &nowhere)]);
        is_trusted(&[(FILE, Path::new("")), (DIR, Path::new(&folders))]);
    });
}

#[test]
fn a_place_that_is_of_no_use_is_told_of() {
    it(|| {
        let scratch = Scratch::new();
        let nowhere = scratch.path("none");
        let empty = scratch.file("empty.pem", "");
        is_refused(FILE, &nowhere, &["unknown issuer", "SSL_CERT_FILE=", "none", "No such file"]);
        is_refused(FILE, &scratch.path(""), &["unknown issuer", "SSL_CERT_FILE=", "directory"]);
        is_refused(FILE, &empty, &["unknown issuer", "no certificate in SSL_CERT_FILE=", "empty.pem"]);
        is_refused(DIR, &nowhere, &["unknown issuer", "SSL_CERT_DIR=", "none", "No such file"]);
        is_refused(DIR, &empty, &["unknown issuer", "SSL_CERT_DIR=", "empty.pem", "Not a directory"]);
    });
}

#[test]
fn places_that_hold_others_are_not_found_fault_with() {
    it(|| {
        let scratch = Scratch::new();
        let file = scratch.file("stranger.pem", stranger("Stranger"));
        for (variable, place) in [(FILE, file), (DIR, scratch.path(""))] {
            let said = is_refused(variable, &place, &["unknown issuer"]);
            assert!(!said.contains("SSL_CERT"), "{said}");
        }
    });
}

#[test]
fn a_pipe_is_read_and_remembered() {
    it(|| {
        let scratch = Scratch::new();
        let pipe = scratch.path("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let write = |text: String| {
            let pipe = pipe.clone();
            std::thread::spawn(move || std::fs::write(pipe, text).unwrap())
        };
        let writer = write(authority_pem());
        is_trusted(&[(FILE, &pipe)]);
        writer.join().unwrap();
        let writer = write(stranger("Stranger"));
        // It is looked at again to tell what is wrong with it, which is nothing.
        let said = is_refused(FILE, &pipe, &["unknown issuer"]);
        assert!(!said.contains("SSL_CERT"), "{said}");
        writer.join().unwrap();
    });
}

fn is_trusted(variables: &[(&'static str, &Path)]) {
    let listener = PeerListener::new(Wire::Tls);
    let session = netcat("--ssl-verify").stdin(Stdin::Null);
    let session = variables.iter().fold(session, |session, (name, value)| session.env(name, value));
    let mut client = session.connects_to(&listener);
    let mut peer = listener.accepts();
    peer.sends("hello");
    peer.closes();
    client.leaves(0);
    client.shows("hello");
    assert_eq!(client.said().len(), 0, "{:?}", client.said());
}

/// Returns the line that is said.
fn is_refused(variable: &'static str, place: &Path, words: &[&str]) -> String {
    let listener = PeerListener::new(Wire::Tls);
    let mut client = netcat("--ssl-verify").env(variable, place).connects_to(&listener);
    listener.accepts_without_handshake().fails_to_shake_hands();
    client.leaves(1);
    let said = client.says(words);
    assert_eq!(client.said().len(), 1, "{:?}", client.said());
    said
}

fn strangers() -> String {
    (0..20).map(|n| stranger(&format!("Stranger {n}"))).collect()
}

/// A certificate that vouches for nobody else.
fn stranger(name: &str) -> String {
    Identity::self_signed_by(name).certificate_pem()
}
