//! Transcripts played: both sides say what was said, and each is what the other expects.

use super::*;
use crate::dialogue::{Awaits, Encryption, Gone, Player, Script};
use std::{
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering},
};

/// What a side says when a transcript is played, to a peer that plays it, too.
fn played(transcript: &str) -> Result<[Vec<u8>; 2], String> {
    static FILES: AtomicUsize = AtomicUsize::new(0);
    let number = FILES.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("rncat-played-{}-{number}", std::process::id()));
    // As a record does, it tells first who has spoken.
    std::fs::write(&path, format!("# C: a\n# S: b\n{transcript}")).unwrap();
    let scripts = [Client, Server].map(|side| Script::read(&path, side));
    std::fs::remove_file(path).unwrap();
    let [client, server] = scripts.map(|script| script.map_err(|error| error.to_string()));
    let player = |script| Player::new(Rc::new(script), Encryption::There);
    let mut players = [player(client?), player(server?)];
    let mut said = [Vec::new(), Vec::new()];
    let mut heard = [0, 0];
    loop {
        let mut moved = false;
        for (own, other) in [(0, 1), (1, 0)] {
            let mut buffer = [0; 5];
            let count = players[own].fetch(&mut buffer).map_err(|error| error.to_string())?;
            said[own].extend_from_slice(&buffer[..count]);
            let news = &said[own][heard[own]..];
            if !news.is_empty() && players[other].listens() {
                players[other].hear(news);
                heard[own] = said[own].len();
                moved = true;
            }
            moved |= count > 0;
        }
        if !moved {
            let silent: Vec<_> = players.iter_mut().filter(|player| player.awaits() == Awaits::Silence).collect();
            if silent.is_empty() {
                break;
            }
            silent.into_iter().for_each(Player::pass_over);
        }
    }
    for player in &mut players {
        player.leave(Gone { how: "the peer has left".into(), in_order: true }).map_err(|error| error.to_string())?;
    }
    assert!(players.iter().all(|player| player.is_over() && !player.has_heard_more()));
    Ok(said)
}

/// Records this and plays it.
#[track_caller]
fn comes_back(said: &[(Side, &[u8])]) {
    let stamped = transcribe(Transcript::new(true, true, false), said);
    let transcript = open(said);
    assert_eq!(played(&stamped), played(&transcript), "{stamped}");
    let all = |side| said.iter().filter(|it| it.0 == side).flat_map(|it| it.1.to_vec()).collect();
    let show = |said: [Vec<u8>; 2]| said.map(|it| String::from_utf8_lossy(&it).into_owned());
    assert_eq!(played(&transcript).map(show), Ok(show([all(Client), all(Server)])), "{transcript}");
}

#[test]
fn replies_of_a_code_alone_are_played_as_they_were() {
    comes_back(&[
        (Server, b"+OK\r\n"),
        (Client, b"CAPA\r\n"),
        (Server, b"+OK\r\nTOP\r\nUIDL\r\n.\r\n"),
        (Client, b"LIST\r\n"),
        (Server, b"+OK\r\n1 120\r\n.\r\n"),
        (Client, b"RETR 1\r\n"),
        (Server, b"+OK\r\n+OK\r\n250\r\n..\r\n.\r\n"),
        (Client, b"RETR 2\r\n"),
        (Server, b"+OK\r\n.\r\n"),
        (Client, b"QUIT\r\n"),
        (Server, b"+OK\r\n"),
    ]);
    comes_back(&[
        (Server, b"220\r\n"),
        (Client, b"EHLO me\r\n"),
        (Server, b"250-a\r\n250-\r\n250\r\n"),
        (Client, b"MAIL FROM:<a@h>\r\nRCPT TO:<b@h>\r\nDATA\r\n"),
        (Server, b"250\r\n550\r\n503\r\n"),
        (Client, b"QUIT\r\n"),
        (Server, b"221\r\n"),
    ]);
    comes_back(&[
        (Client, b"a1 LOGIN {5}\r\n"),
        (Server, b"+ \r\n"),
        (Client, b"alice {0+}\r\n\r\n"),
        (Server, b"a1 OK\r\n"),
        (Client, b"a2 FETCH 1 BODY[]\r\n"),
        (Server, b"* 1 FETCH (BODY[] {9}\r\na2 OK\r\n\r\n)\r\na2 OK\r\n"),
    ]);
    comes_back(&[
        (Client, b"LIST\r\n"),
        (Server, b"215\r\ng 1 2 y\r\n.\r\n"),
        (Client, b"QUIT\r\n"),
        (Server, b"205\r\n"),
    ]);
}

#[test]
fn replies_of_a_code_alone_may_be_sent_for_commands_that_were_sent_together() {
    let whole = "C: RETR 1\nC: RETR 2\nS: +OK\nS: +OK\nC: QUIT\nS: +OK\n";
    let path = std::env::temp_dir().join(format!("rncat-whole-{}", std::process::id()));
    std::fs::write(&path, whole).unwrap();
    let script = Script::read(&path, Client).unwrap();
    std::fs::remove_file(path).unwrap();
    let mut player = Player::new(Rc::new(script), Encryption::There);
    let mut buffer = [0; 64];
    assert_eq!(player.fetch(&mut buffer), Ok(16));
    player.hear(b"+OK 1\r\na\r\n.\r\n+OK 2\r\nb\r\n.\r\n");
    assert_eq!(player.fetch(&mut buffer).map(|count| buffer[..count].to_vec()), Ok(b"QUIT\r\n".to_vec()));
    player.hear(b"+OK bye\r\n");
    assert!(player.is_over());
}

proptest! {
    #[test]
    fn what_was_recorded_is_played(said in proptest::collection::vec((sides(), texts()), 0..12)) {
        let pieces: Vec<_> = said.iter().map(|(side, bytes)| (*side, &bytes[..])).collect();
        comes_back(&pieces);
    }
}

#[test]
fn a_server_takes_any_secret_where_one_was_masked() {
    let transcript = masked(&[
        (Server, b"220 mail\r\n"),
        (Client, b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n"),
        (Server, b"535 no\r\n"),
        (Client, b"AUTH LOGIN\r\n"),
        (Server, b"334 VXNlcm5hbWU6\r\n"),
        (Client, b"YWxpY2U=\r\n"),
        (Server, b"334 UGFzc3dvcmQ6\r\n"),
        (Client, b"c2VjcmV0\n"),
        (Server, b"235 ok\r\n"),
        (Client, b"QUIT\r\n"),
        (Server, b"221 bye\r\n"),
    ]);
    let path = std::env::temp_dir().join(format!("rncat-masked-{}", std::process::id()));
    std::fs::write(&path, &transcript).unwrap();
    let error = Script::read(&path, Client).unwrap_err().to_string();
    assert!(error.contains(":2: {masked}: the secret was left out"), "{error}");
    let mut server = Player::new(Rc::new(Script::read(&path, Server).unwrap()), Encryption::There);
    std::fs::remove_file(path).unwrap();
    let lines = ["", "AUTH PLAIN x\r\n", "AUTH LOGIN\r\n", "eA==\r\n", "\n", "QUIT\r\n"];
    for (line, answer) in lines.into_iter().zip(["220 ", "535 ", "334 VX", "334 UG", "235 ", "221 "]) {
        server.hear(line.as_bytes());
        let mut buffer = [0; 64];
        let count = server.fetch(&mut buffer).unwrap();
        assert!(
            buffer[..count].starts_with(answer.as_bytes()),
            "{line}: {}\n{transcript}",
            buffer[..count].escape_ascii()
        );
    }
    assert!(server.fetch(&mut [0; 1]) == Ok(0) && server.is_over());
}

/// Lines as protocols have them.
fn lines() -> impl Strategy<Value = (Side, &'static str)> {
    const CLIENT: &[&str] = &["EHLO x", "DATA", "STAT", "a1 NOOP", "a1 LOGIN {5}", ".", "", "250", "..."];
    const SERVER: &[&str] = &[
        "+OK",
        "-ERR",
        "250",
        "250-a",
        "250 ok",
        "354",
        "550",
        ".",
        "a1 OK",
        "a1 NO",
        "* 1 EXISTS",
        "* 1 F {3}",
        "+ ",
        "...",
        "",
    ];
    let of = |side, lines| proptest::sample::select(lines).prop_map(move |line| (side, line));
    prop_oneof![of(Client, CLIENT), of(Server, SERVER)]
}

proptest! {
    #[test]
    fn what_protocols_say_is_played(said in proptest::collection::vec(lines(), 0..16)) {
        let lines: Vec<_> = said.iter().map(|(side, line)| (*side, format!("{line}\r\n").into_bytes())).collect();
        let pieces: Vec<_> = lines.iter().map(|(side, line)| (*side, &line[..])).collect();
        comes_back(&pieces);
    }
}
