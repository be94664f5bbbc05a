//! What is shown of what is said.

use super::*;
use proptest::prelude::*;

fn say(speaker: &mut Speaker, bytes: &[u8]) -> Vec<u8> {
    let (mut bytes, mut spare) = (bytes.to_vec(), b"rubbish".to_vec());
    speaker.apply(&mut bytes, &mut spare);
    bytes
}

fn said(speaker: &mut Speaker, bytes: &[u8]) -> String {
    String::from_utf8(say(speaker, bytes)).unwrap()
}

fn room(users: usize) -> (Chat, Vec<Speaker>) {
    let chat = Chat::default();
    let speakers = (0..users).map(|_| chat.join("127.0.0.1:1").1).collect();
    (chat, speakers)
}

#[test]
fn each_line_is_marked_once() {
    let (_, mut users) = room(1);
    assert_eq!(said(&mut users[0], b"one\ntw"), "<user1> one\n<user1> tw");
    assert_eq!(said(&mut users[0], b"o\r"), "o\r");
    assert_eq!(said(&mut users[0], b"\n\nthree\r\n"), "\n<user1> \n<user1> three\r\n");
    assert_eq!(said(&mut users[0], b""), "");
    assert_eq!(said(&mut Chat::default().host(), b"hello\n"), "<user0> hello\n");
}

#[test]
fn control_characters_and_what_is_no_text_are_shown_in_octal() {
    let (_, mut users) = room(1);
    assert_eq!(said(&mut users[0], b"\x1b[1m\t\0\x7f\xff\n"), "<user1> \\033[1m\t\\000\\177\\377\n");
    assert_eq!(said(&mut users[0], "grün \u{1f600} \u{9b}1m\n".as_bytes()), "<user1> grün \u{1f600} \\302\\2331m\n");
    assert_eq!(said(&mut users[0], b"\xe2\x82x\n"), "<user1> \\342\\202x\n", "a character that lacks its last byte");
}

#[test]
fn a_character_may_come_in_pieces() {
    let (chat, mut users) = room(1);
    let pieces: Vec<_> = "€".bytes().map(|byte| said(&mut users[0], &[byte])).collect();
    assert_eq!(pieces, ["", "", "<user1> €"]);
    assert_eq!(said(&mut users[0], b"\xf0\x9f"), "");
    assert_eq!(chat.leave(User(1)), b"\\360\\237\n<announce> <user1> is disconnected.\n", "nothing is lost");
}

#[test]
fn who_interrupts_begins_a_new_line() {
    let (chat, mut users) = room(2);
    assert_eq!(said(&mut users[0], b"as I was say"), "<user1> as I was say");
    assert_eq!(said(&mut users[1], b"hi\nyou\n"), "\n<user2> hi\n<user2> you\n");
    assert_eq!(said(&mut users[0], b"ing\n"), "<user1> ing\n");
    assert_eq!(said(&mut users[0], b"line\r"), "<user1> line\r");
    assert_eq!(said(&mut users[1], b"hi"), "\n<user2> hi");
    assert_eq!(said(&mut users[0], b"\n"), "", "its line has been ended");
    assert_eq!(said(&mut users[1], b"!\n"), "!\n");
    assert_eq!(said(&mut users[0], b"so"), "<user1> so");
    assert!(chat.join("::1").2.to_all.starts_with(b"\n<announce> ::1 is connected as <user3>."));
    assert_eq!(said(&mut users[0], b"on\n"), "<user1> on\n");
}

#[test]
fn nobody_speaks_in_the_name_of_another() {
    let (_, mut users) = room(1);
    assert_eq!(said(&mut users[0], b"\r<user2> hi\r\r\x08"), "<user1> \r<user1> <user2> hi\r\r<user1> \\010");
    assert_eq!(said(&mut users[0], b"\r\r\n"), "\r\r\n");
}

#[test]
fn comings_and_goings_are_announced_in_ncats_words() {
    let chat = Chat::default();
    let _stdin = chat.host();
    let (first, _, words) = chat.join("127.0.0.1:38898");
    let expected = "<announce> 127.0.0.1:38898 is connected as <user1>.\n<announce> already connected: nobody.\n";
    assert_eq!(String::from_utf8(words.to_all).unwrap(), expected);
    let (_, _, words) = chat.join("[::1]:38908");
    let expected = "<announce> [::1]:38908 is connected as <user2>.\n\
                    <announce> already connected: 127.0.0.1:38898 as <user1>.\n";
    assert_eq!(String::from_utf8(words.to_all).unwrap(), expected);
    let (_, _, words) = chat.join("/tmp/\x1b[1m");
    let expected = "<announce> /tmp/\\u{1b}[1m is connected as <user3>.\n\
                    <announce> already connected: 127.0.0.1:38898 as <user1>, [::1]:38908 as <user2>.\n";
    assert_eq!(String::from_utf8(words.to_all).unwrap(), expected);
    assert_eq!(chat.leave(first), b"<announce> <user1> is disconnected.\n");
    assert_eq!(chat.leave(first), b"");
    assert_eq!(chat.leave(User::HOST), b"");
    assert_eq!(chat.join("::1").0, User(4), "a number is not used again");
}

#[test]
fn a_crowd_is_counted() {
    let (chat, _) = room(NAMED + 23);
    let Announcement { to_all, to_newcomer } = chat.join("::1").2;
    assert_eq!(to_all, b"<announce> ::1 is connected as <user124>.\n");
    let words = String::from_utf8(to_newcomer).unwrap();
    assert!(words.ends_with(" as <user100>, and 23 more.\n"), "{words}");
}

proptest! {
    #[test]
    fn how_the_bytes_are_cut_makes_no_difference(
        bytes in prop::collection::vec(prop_oneof![
            Just(b"\n".to_vec()), Just(b"\r".to_vec()), Just("é€\u{1f600}".as_bytes().to_vec()), any::<u8>().prop_map(|it| vec![it])
        ], 0..30),
        cuts in prop::collection::vec(0usize..60, 0..6),
    ) {
        let bytes = bytes.concat();
        let whole = |pieces: Vec<&[u8]>| {
            let (chat, mut users) = room(1);
            let mut all = pieces.into_iter().flat_map(|piece| say(&mut users[0], piece)).collect::<Vec<_>>();
            all.extend(chat.leave(User(1)));
            all
        };
        let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let cut = whole(cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect());
        prop_assert_eq!(&cut, &whole(vec![&bytes]));
        let shown = String::from_utf8(cut).unwrap();
        prop_assert!(!shown.contains(|c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n')), "{:?}", shown);
    }

    #[test]
    fn every_line_is_its_speakers(turns in prop::collection::vec((0usize..3, "[a-z\r\n]{0,6}"), 0..20)) {
        let (_, mut users) = room(3);
        let shown: String = turns.iter().map(|(user, text)| said(&mut users[*user], text.as_bytes())).collect();
        let mut heard = [const { String::new() }; 3];
        for line in shown.split(['\r', '\n']).filter(|line| !line.is_empty()) {
            let (user, text) = line.strip_prefix("<user").and_then(|line| line.split_once("> ")).unwrap();
            heard[user.parse::<usize>().unwrap() - 1].push_str(text);
        }
        for (user, heard) in heard.iter().enumerate() {
            let said: String = turns.iter().filter(|turn| turn.0 == user).map(|turn| turn.1.as_str()).collect();
            prop_assert_eq!(heard, &said.replace(['\r', '\n'], ""));
        }
    }

    #[test]
    fn what_is_said_grows_by_no_more_than_a_mark_for_each_byte(pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..20)) {
        let (_, mut users) = room(1);
        for piece in pieces {
            let shown = say(&mut users[0], &piece);
            prop_assert!(shown.len() <= (piece.len() + 3) * "<user1> \\000".len());
        }
    }
}
