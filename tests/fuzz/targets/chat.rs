//! --chat: each line that comes out is marked with who said it, and holds no control character.
//!
//! In an input, a line that begins with `1` is said by another than the rest.

use super::common::{choices, pieces};
use rncat::filter::{Filter, chat::Chat};

pub(crate) fn run(data: &[u8]) {
    let Some((_, cut, bytes)) = choices(data, 1) else { return };
    let said = |cut| {
        let chat = Chat::default();
        let mut host = chat.host();
        let (user, mut guest, announced) = chat.join("192.0.2.1:1");
        let (mut out, mut spare) = (announced.to_all, Vec::new());
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let is_guest = line.first() == Some(&b'1');
            for piece in pieces(line, cut) {
                let mut piece = piece.to_vec();
                if is_guest {
                    guest.apply(&mut piece, &mut spare)
                } else {
                    host.apply(&mut piece, &mut spare)
                }
                out.append(&mut piece);
            }
        }
        out.extend(chat.leave(user));
        out
    };
    let whole = said(0);
    assert_eq!(said(cut), whole);
    assert!(whole.len() <= 16 * bytes.len() + 1024, "{} of {}", whole.len(), bytes.len());
    let text = String::from_utf8(whole).expect("text");
    assert!(!text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\r' | '\n')), "{text:?}");
    // A CR brings the cursor back to where a line begins; what is written there then has to be a mark.
    for line in text.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        let marks = ["<announce> ", "<user0> ", "<user1> "];
        assert!(marks.iter().any(|mark| line.starts_with(mark)), "{line:?} of {text:?}");
    }
}
