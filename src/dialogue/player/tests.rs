//! The player, told what the peer says and asked what it says.

mod leaving;

use super::*;
use crate::dialogue::form::Surroundings;
use crate::dialogue::inbox::LINE;
use proptest::prelude::*;
use std::path::PathBuf;

const TIME: Duration = Duration::from_secs(60);

fn script(side: Side, text: &str) -> Result<Script> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/data");
    let around = Surroundings { folder, env: |_| None };
    Script::new("x.play".to_owned(), text.replace('/', "\n").into_bytes(), side, around)
}

/// Plays a dialogue, whose lines are separated by `/`.
fn player(side: Side, text: &str, encryption: Encryption) -> Player {
    Player::new(Rc::new(script(side, text).unwrap()), encryption)
}

fn client(text: &str) -> Player {
    player(Side::Client, text, Encryption::Never)
}

fn server(text: &str) -> Player {
    player(Side::Server, text, Encryption::Never)
}

impl Player {
    /// All that it says now.
    fn says(&mut self) -> String {
        let (mut said, mut buffer) = (Vec::new(), [0; 7]);
        loop {
            let count = self.fetch(&mut buffer).unwrap();
            said.extend_from_slice(&buffer[..count]);
            if count == 0 {
                return String::from_utf8(said).unwrap();
            }
        }
    }

    /// Hears this, and all that it says to it.
    fn answers(&mut self, heard: impl AsRef<[u8]>) -> String {
        assert!(self.listens());
        self.hear(heard.as_ref());
        self.says()
    }

    /// Hears this, and why it fails then.
    fn objects(&mut self, heard: impl AsRef<[u8]>) -> String {
        self.says();
        self.hear(heard.as_ref());
        let error = self.fetch(&mut [0; 64]).unwrap_err();
        assert!(self.is_over() && self.fetch(&mut [0; 64]) == Ok(0), "it is told once");
        error.to_string()
    }
}

#[test]
fn a_client_says_its_lines_each_when_its_turn_comes() {
    let mut client = client("S: 220 {*}/C: EHLO me/S: 250 ok/C: QUIT/S: 221 bye");
    assert_eq!(client.says(), "");
    assert_eq!(client.awaits(), Awaits::Peer);
    assert_eq!(client.answers("220 hi\r\n"), "EHLO me\r\n");
    assert_eq!(client.answers("250 o"), "");
    assert_eq!(client.answers("k\r\n"), "QUIT\r\n");
    assert_eq!(client.answers("221 bye\n"), "", "a line may end with LF alone");
    assert!(client.is_over());
}

#[test]
fn a_server_says_the_others() {
    let mut server = server("S: 220 {*}/C: EHLO {*}/S: 250-a/S: 250 b/C: QUIT/S: 221");
    assert_eq!(server.says(), "220 \r\n", "a client does not mind");
    assert_eq!(server.answers("EHLO me\r\n"), "250-a\r\n250 b\r\n");
    assert_eq!(server.answers("QUIT\r\n"), "221\r\n");
    assert!(server.is_over(), "and has nobody to wait for");
}

#[test]
fn it_listens_when_it_is_the_peers_turn() {
    let mut server = server("S: 220/C: A/S: 1/C: B/S: 2");
    assert!(!server.listens());
    assert_eq!(server.awaits(), Awaits::Taken);
    server.says();
    server.hear(b"A\r\nB\r\n");
    assert!(!server.listens(), "what is piped ahead waits");
    assert_eq!(server.says(), "1\r\n2\r\n");
}

#[test]
fn what_differs_is_shown_with_what_was_expected() {
    let greets = || client("# x/S: 220 {*} \"hi\"/C: x");
    assert_eq!(greets().objects("550 \x1b\r\n"), r#"x.play:2: expected "220 {*} "hi"", got "550 \u{1b}""#);
    let long = "x".repeat(LINE + 1);
    assert_eq!(client("S: a").objects(&long), r#"x.play:1: expected "a", got a line of more than 1024 KiB"#);
    assert_eq!(client("S: 250").objects("250-a\r\n550 b\r\n"), r#"x.play:1: expected "250", got "550 b""#);
    assert_eq!(client("S: > {no-eol}").objects("# x\r\n"), r##"x.play:1: expected "> {no-eol}", got "# x""##);
    assert_eq!(server("C: A/S: 1").objects("\0\u{ff}\r\n"), r#"x.play:1: expected "A", got "\u{0}ÿ""#);
}

#[test]
fn who_keeps_silent_is_told_what_was_awaited() {
    let given_up = |mut it: Player, heard: &str| {
        it.says();
        it.hear(heard.as_bytes());
        it.give_up(TIME).unwrap_err().to_string()
    };
    assert_eq!(given_up(client("C: a/S: 250 b"), ""), r#"x.play:2: expected "250 b", but nothing came for 60s"#);
    assert_eq!(
        given_up(client("S: 250"), "250-\r\n"),
        r#"x.play:1: expected "250", but nothing more came of it for 60s; the last line before was "250-""#
    );
    assert_eq!(given_up(client("S: 250"), ""), r#"x.play:1: expected "250", but nothing came for 60s"#);
    let prompt = given_up(client("S: login:"), "login:");
    assert!(prompt.contains("got \"login:\" and nothing more") && prompt.contains("{no-eol}"), "{prompt}");
    let mut deaf = client("C: a/S: b");
    assert!(!deaf.listens());
    assert_eq!(deaf.give_up(TIME).unwrap_err().to_string(), "x.play:2: the peer has taken nothing for 60s");
}

#[test]
fn a_code_alone_is_the_whole_reply() {
    let mut smtp = client("S: 220/C: EHLO me/S: 250/C: QUIT/S: 221");
    smtp.says();
    assert_eq!(smtp.answers("220-a\r\n220 b\r\n"), "EHLO me\r\n");
    assert_eq!(smtp.answers("250-a\r\n250-b\r\n"), "");
    assert_eq!(smtp.answers("250 c\r\n"), "QUIT\r\n");
    let mut pop = client("S: +OK/C: LIST/S: +OK/C: RETR 1/S: +OK/C: QUIT/S: +OK");
    assert_eq!(pop.answers("+OK <1@h>\r\n"), "LIST\r\n");
    assert_eq!(pop.answers("+OK\r\n1 120\r\n"), "");
    assert_eq!(pop.answers(".\r\n"), "RETR 1\r\n");
    assert_eq!(pop.answers("+OK\r\n-ERR in the text\r\n..\r\n.\r\n"), "QUIT\r\n");
}

#[test]
fn literals_of_a_tagged_reply_are_passed_over_however_long() {
    let mut imap = client("C: a1 FETCH 1 BODY[]/S: a1 OK/C: a2 LOGOUT");
    imap.says();
    assert_eq!(imap.answers("* 1 FETCH (BODY[] {17}\r\na1 OK\r\na1 OK\r\na)\r\n"), "");
    assert_eq!(imap.answers("* x {4294967296}\r\n"), "");
    for _ in 0..100 {
        imap.hear(&[b'\n'; 64 * 1024]);
    }
    assert!(imap.inbox.unread().is_empty(), "and take no memory");
    let mut none = client("C: a1 NOOP/S: a1 OK/C: a2 LOGOUT");
    none.says();
    assert_eq!(none.answers("* 1 EXISTS\r\na1 OK done\r\n"), "a2 LOGOUT\r\n");
}

#[test]
fn any_lines_may_come_before_the_one_after_three_dots() {
    for (text, heard) in [
        ("S: a/.../S: z{*}/C: x", "a\r\nb\r\n\r\nzz\r\n"),
        (".../S: 250/C: x", "220 hi\r\n250-a\r\n250 b\r\n"),
        (".../S: > {no-eol}/C: x", "motd\r\n> "),
        (".../S: z/C: x", "z\r\n"),
    ] {
        let mut client = client(text);
        client.says();
        assert_eq!(client.answers(heard), "x\r\n", "{text}");
    }
    let mut long = client(".../S: z/C: x");
    long.says();
    long.hear(&vec![b'a'; 3 * LINE]);
    assert_eq!(long.answers("\r\nz\r\n"), "x\r\n", "one of them may be longer than any that is looked at");
}

#[test]
fn where_only_three_dots_are_left_silence_tells_that_the_peer_has_said_all() {
    for text in ["C: LIST/S: +OK {*}/.../C: QUIT", "C: LIST/.../C: QUIT"] {
        let mut client = client(text);
        assert_eq!(client.says(), "LIST\r\n");
        assert_eq!(client.answers("+OK 2\r\n1 120\r\n"), "", "{text}");
        assert_eq!(client.awaits(), Awaits::Silence);
        client.pass_over();
        assert_eq!(client.says(), "QUIT\r\n");
    }
    let mut mute = client("C: LIST/.../C: QUIT");
    mute.says();
    assert_eq!(mute.awaits(), Awaits::Peer, "an answer is waited for");
    assert_eq!(mute.give_up(TIME), Ok(()), "but not demanded");
    assert_eq!(mute.says(), "QUIT\r\n");
    let mut last = client("S: 200/...");
    assert_eq!(last.answers("200\r\nx\r\n"), "");
    assert_eq!(last.awaits(), Awaits::Silence);
    last.pass_over();
    assert!(last.is_over() && !last.has_heard_more());
}

#[test]
fn three_dots_in_a_message_are_all_of_it() {
    let mut pop = client("C: RETR 1/S: +OK {*}/.../C: QUIT");
    pop.says();
    assert_eq!(pop.answers("+OK 3\r\na\r\n..\r\n.\r\n"), "QUIT\r\n");
    let mut smtp = server("C: DATA/S: 354/.../S: 250/C: QUIT/S: 221");
    smtp.says();
    assert_eq!(smtp.answers("DATA\r\n"), "354\r\n");
    assert_eq!(smtp.answers("a\r\n"), "");
    assert_eq!(smtp.awaits(), Awaits::Peer);
    assert_eq!(smtp.answers(".\r\n"), "250\r\n");
    let mut cut = server("C: DATA/S: 354/.../S: 250");
    cut.says();
    cut.answers("DATA\r\na\r\n");
    assert!(cut.give_up(TIME).unwrap_err().to_string().contains("the message before it has no end"));
}

#[test]
fn three_dots_between_lines_of_ours_are_lines_that_we_leave_out() {
    let mut server = server("C: EHLO {*}/S: 250-a/.../S: 250 z");
    server.says();
    assert_eq!(server.answers("EHLO x\r\n"), "250-a\r\n250 z\r\n");
    assert_eq!(client("C: DATA/C: Subject: x/.../C: .").says(), "DATA\r\nSubject: x\r\n.\r\n");
}

#[test]
fn a_clients_last_word_is_given_time_to_be_heard() {
    let mut client = client("C: hello");
    assert_eq!(client.says(), "hello\r\n");
    assert_eq!(client.awaits(), Awaits::Silence);
    client.pass_over();
    assert!(client.is_over());
}

#[test]
fn what_is_said_after_the_last_line_is_noticed_and_no_failure() {
    let mut client = client("S: 221");
    assert_eq!(client.answers("221 bye\r\n"), "");
    assert!(client.is_over() && !client.has_heard_more());
    assert!(client.listens());
    client.hear(b"221 again\r\n");
    assert!(client.has_heard_more() && client.inbox.unread().is_empty());
}

#[test]
fn what_is_kept_of_a_line_is_said_later() {
    let mut pop = client("S: +OK {*}<{stamp=*}>/C: APOP me {md5:<{stamp}>tanstaaf}/S: +OK {stamp}");
    let said = pop.answers("+OK ready <1896.697170952@dbc.mtview.ca.us>\r\n");
    assert_eq!(said, "APOP me c4c9334bac560ecc979e58001b3e22fb\r\n");
    assert_eq!(pop.objects("+OK x\r\n"), r#"x.play:3: expected "+OK {stamp}", got "+OK x""#);
}

#[test]
fn what_was_kept_may_be_of_no_use() {
    let mut client = client("S: 334 {it=*}/C: {unbase64:{it}}");
    assert_eq!(client.objects("334 ?\r\n"), r#"x.play:2: "{unbase64:{it}}": this is not Base64"#);
}

#[test]
fn prompts_have_no_end_of_line() {
    let mut client = client("S: login: {no-eol}/C: me{no-eol}/S: {*}word: {no-eol}/C: x");
    assert_eq!(client.says(), "");
    assert_eq!(client.answers("login:"), "");
    assert_eq!(client.answers(" "), "me");
    assert_eq!(client.answers("Password: "), "x\r\n");
}

#[test]
fn a_file_has_its_dots_doubled_in_a_message() {
    let file = format!("rncat-player-{}", std::process::id());
    let path = std::env::temp_dir().join(&file);
    std::fs::write(&path, ".a\nb").unwrap();
    let around = || Surroundings { folder: std::env::temp_dir(), env: |_| None };
    let text = format!("C: {{file:{file}}}\nC: DATA\nS: 354\nC: {{file:{file}}}\nC: .\nS: 250\n");
    let play = |side| {
        Player::new(
            Rc::new(Script::new("x.play".to_owned(), text.clone().into_bytes(), side, around()).unwrap()),
            Encryption::Never,
        )
    };
    let (mut client, mut server) = (play(Side::Client), play(Side::Server));
    let first = client.says();
    assert_eq!(first, ".a\r\nb\r\nDATA\r\n");
    assert_eq!(server.answers(first), "354\r\n");
    let message = client.answers("354\r\n");
    assert_eq!(message, "..a\r\nb\r\n.\r\n");
    assert_eq!(server.answers(message), "250\r\n", "who has the file as well compares it");
    let mut other = play(Side::Server);
    assert_eq!(other.objects(".a\r\nc\r\n"), r#"x.play:1: expected "b", got "c""#);
    let mut client_that_had_it = play(Side::Client);
    std::fs::remove_file(path).unwrap();
    let error = client_that_had_it.fetch(&mut [0; 64]).unwrap_err();
    assert_eq!(error.exit(), crate::error::Exit::Usage, "{error}");
    assert!(error.to_string().starts_with("x.play:1: ") && error.to_string().contains(&file), "{error}");
}

#[test]
fn where_a_file_begins_has_to_be_told() {
    let error = script(Side::Server, ".../C: {file:client_hello.dtls}").unwrap_err().to_string();
    assert!(error.starts_with("x.play:2: {file:PATH}: behind ... nothing tells"), "{error}");
    assert!(script(Side::Client, ".../C: {file:client_hello.dtls}").is_ok(), "who says them knows");
}

#[test]
fn tls_begins_behind_what_was_said() {
    let handle = Rc::new(Handle::default());
    let text = "S: 220/C: STARTTLS/S: 220/--- TLS/C: EHLO me";
    let mut client = player(Side::Client, text, Encryption::Later(Rc::clone(&handle)));
    assert_eq!(client.answers("220\r\n"), "STARTTLS\r\n");
    assert!(!handle.is_encrypted());
    assert_eq!(client.answers("220 go\r\n"), "EHLO me\r\n");
    assert_eq!(handle.after(), Some(10));
    let handle = Rc::new(Handle::default());
    let mut server = player(Side::Server, text, Encryption::Later(Rc::clone(&handle)));
    server.says();
    server.hear(b"STARTTLS\r\n");
    assert_eq!(handle.after(), Some(10), "at once, for the client may be quick");
    assert_eq!(server.says(), "220\r\n");
}

#[test]
fn what_comes_in_clear_before_tls_is_refused() {
    let text = "S: 220/--- TLS/S: 250/C: x";
    let mut client = player(Side::Client, text, Encryption::Later(Rc::default()));
    let error = client.objects("220 go\r\n250 ok\r\n");
    assert!(error.starts_with(r#"x.play:2: --- TLS: "250 ok\r\n" came in clear"#), "{error}");
}

#[test]
fn a_connection_that_is_encrypted_stays_so_and_one_that_cannot_be_is_told() {
    let text = "S: 220/--- TLS/C: x";
    let mut encrypted = player(Side::Client, text, Encryption::There);
    assert_eq!(encrypted.answers("220\r\n"), "x\r\n");
    let error = client(text).objects("220\r\n");
    assert_eq!(error, "x.play:2: --- TLS: this connection cannot be encrypted");
}

#[test]
fn a_masked_line_stops_a_client_and_is_anything_for_a_server() {
    let text = "C: AUTH PLAIN {masked}/S: 235";
    let error = script(Side::Client, text).unwrap_err();
    assert!(error.to_string().contains("x.play:1: {masked}"), "{error}");
    let mut server = server(text);
    server.says();
    assert_eq!(server.answers("AUTH PLAIN AG1lAHg=\r\n"), "235\r\n");
}

#[test]
fn times_in_a_transcript_are_passed_over() {
    let mut client = client("[   0.001] S: 220/[   0.250] C: QUIT/[   0.300] S: 221");
    assert_eq!(client.answers("220 hi\r\n"), "QUIT\r\n");
}

/// Replies of all kinds.
const DIALOGUE: &str = "S: 220/C: EHLO/S: 250/C: LIST/S: +OK/C: a1 X/S: a1 OK/.../S: > {no-eol}/C: {k}/.../S: z";

proptest! {
    #[test]
    fn any_pieces_are_answered_as_the_whole(cuts in prop::collection::vec(1..9_usize, 0..20)) {
        let text = DIALOGUE.replace("S: 220", "S: 220 {k=*}");
        let heard = "220 hi\r\n250-a\n250 b\r\n+OK\r\n1\r\n.\r\n* {3}\r\na1 \r\na1 OK x\r\nmotd\r\n> y\r\nz\r\n";
        let mut whole = client(&text);
        whole.says();
        let said = whole.answers(heard);
        prop_assert_eq!(&said, "EHLO\r\nLIST\r\na1 X\r\nhi\r\n");
        prop_assert!(whole.is_over());
        let (mut pieces, mut answers, mut rest) = (client(&text), String::new(), heard.as_bytes());
        for cut in cuts.into_iter().chain(std::iter::repeat(1)) {
            if rest.is_empty() {
                break;
            }
            let (piece, more) = rest.split_at(cut.min(rest.len()));
            answers += &pieces.answers(piece);
            rest = more;
        }
        prop_assert_eq!(answers, said);
        prop_assert!(pieces.is_over());
    }

    #[test]
    fn nothing_that_is_heard_panics(heard in prop::collection::vec("[ab 0-9\r\n.+*{}-]{0,12}|250 |a1 OK\r\n|\\{9\\}\r\n", 0..20)) {
        let mut client = client("S: 250/C: LIST/S: {a=*} {b=*}/C: a1 {a}/S: a1 OK/S: {*}. {no-eol}/.../S: 1");
        for piece in heard {
            if client.listens() {
                client.hear(piece.as_bytes());
            }
            let _ = client.fetch(&mut [0; 64]);
        }
        let _ = client.leave(leaving::in_order("it has left"));
    }
}
