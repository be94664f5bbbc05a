//! Dialogues: any file, played against any peer. `=====` stands between the file and what the peer says.

use super::common::{choices, file, one_line, pieces};
use rncat::{
    dialogue::{Encryption, Gone, Player, Script},
    proto::evidence::Side,
};
use std::rc::Rc;

pub(crate) fn run(data: &[u8]) {
    let Some((which, cut, bytes)) = choices(data, 2) else { return };
    let mark = b"=====\n";
    let at = bytes.windows(mark.len()).position(|it| it == mark);
    let (text, peer) = at.map_or((bytes, &b""[..]), |at| (&bytes[..at], &bytes[at + mark.len()..]));
    // A file may name others, which are not ours to read here.
    if text.windows(5).any(|it| it == b"file:") {
        return;
    }
    let side = [Side::Client, Side::Server][which];
    let script = file(text);
    let script = match Script::read(script.path(), side) {
        Ok(script) => Rc::new(script),
        Err(error) => return one_line(&error.to_string()),
    };
    let whole = play(&script, peer, 0);
    let parts = play(&script, peer, cut);
    // What is quoted of a peer that says something else is as much as had come.
    assert_eq!((parts.0, parts.1.is_some()), (whole.0, whole.1.is_some()), "{parts:?} {whole:?}");
    // Once it has failed, nobody asks.
    assert!(whole.1.is_some() || parts.2 == whole.2);
    assert!(whole.0 <= 64 * (text.len() + peer.len()) * (1 + text.len()), "{} bytes are said", whole.0);
}

/// How much it says (captured random text differs, its length does not), and what it complains of.
fn play(script: &Rc<Script>, peer: &[u8], cut: u8) -> (usize, Option<String>, bool) {
    let mut player = Player::new(Rc::clone(script), Encryption::There);
    let (mut said, mut buffer, mut waiting) = (0, [0; 4096], pieces(peer, cut).into_iter());
    let failure = loop {
        match player.fetch(&mut buffer) {
            Ok(0) if player.listens() => match waiting.next() {
                Some(piece) => player.hear(piece),
                None => break player.leave(Gone { how: "the peer has left".to_owned(), in_order: true }).err(),
            },
            Ok(0) => break None,
            Ok(count) => said += count,
            Err(error) => break Some(error),
        }
    };
    let failure = failure.map(|error| error.to_string());
    failure.iter().for_each(|failure| one_line(failure));
    (said, failure, player.has_heard_more())
}
