//! What is made visible: messages (one line, bounded), and lines in a dialogue's file, which mean the same bytes again.

use super::common::{choices, file, harmless, one_line};
use rncat::{
    dialogue::{Encryption, Player, Script, escaped},
    proto::evidence::Side,
    report::{escape, escape_all},
};
use std::rc::Rc;

pub(crate) fn run(data: &[u8]) {
    let Some((_, _, bytes)) = choices(data, 1) else { return };
    let shown = escape_all(bytes);
    harmless(&shown);
    assert!(shown.len() <= 8 * bytes.len());
    one_line(&escape(bytes));
    assert!(escape(bytes).chars().count() <= 8 * 200 + 1);
    if bytes.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        assert_eq!(shown.as_bytes(), bytes);
    }
    written(bytes.split(|byte| *byte == b'\n').next().unwrap_or_default());
}

/// What is written in a dialogue is said as it was.
fn written(line: &[u8]) {
    // A line of a dialogue has a limit.
    let line = line.get(..100_000).unwrap_or(line);
    let text = escaped(line);
    harmless(&text.replace('\t', " "));
    assert!(text.len() <= 8 * line.len() + 8);
    let script = file(format!("C: {text}\n").as_bytes());
    let script = Script::read(script.path(), Side::Client).expect("a dialogue");
    let mut player = Player::new(Rc::new(script), Encryption::Never);
    let (mut said, mut buffer) = (Vec::new(), [0; 512]);
    while let Ok(count @ 1..) = player.fetch(&mut buffer) {
        said.extend_from_slice(&buffer[..count]);
    }
    assert_eq!(said, [line, b"\r\n"].concat(), "{text:?}");
}
