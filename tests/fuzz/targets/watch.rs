//! The eavesdropper that finds STARTTLS in what two sides say: what it lets pass is the same however it is cut.
//!
//! In an input, lines that begin with `>` are the client's, all others the server's.

use super::common::{choices, pieces};
use rncat::proto::starttls::watch::{Answer, Watch};

pub(crate) fn run(data: &[u8]) {
    let Some((which, cut, bytes)) = choices(data, 3) else { return };
    let watched = |cut| {
        let mut watch = [Watch::default, Watch::strict, Watch::casual][which]();
        let (mut passed, mut answers, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        let agreed = |answers: &[Answer]| answers.iter().any(|it| matches!(it, Answer::Agreed { .. }));
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if agreed(&answers) {
                break;
            }
            match line.strip_prefix(b">") {
                Some(line) => waiting.extend_from_slice(line),
                None => {
                    for piece in pieces(line, cut) {
                        hear(&mut watch, piece, &mut answers);
                    }
                }
            }
            pass(&mut watch, &mut waiting, cut, &mut passed);
        }
        watch.server_ended();
        pass(&mut watch, &mut waiting, cut, &mut passed);
        // Without its end a line says nothing, and how much of it passes does not matter.
        let end = passed.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        passed.truncate(end);
        (passed, answers, watch.is_vain(), watch.is_over())
    };
    assert_eq!(watched(cut), watched(0));
}

fn hear(watch: &mut Watch, mut piece: &[u8], answers: &mut Vec<Answer>) {
    while !piece.is_empty() {
        let (heard, answer) = watch.server(piece);
        assert!(heard <= piece.len() && (heard > 0 || answer.is_some()), "it hears nothing");
        piece = &piece[heard..];
        if let Some(answer) = answer {
            answers.push(answer);
            if matches!(answer, Answer::Agreed { .. }) {
                return;
            }
        }
    }
}

/// What the client says goes as far as it is taken.
fn pass(watch: &mut Watch, waiting: &mut Vec<u8>, cut: u8, passed: &mut Vec<u8>) {
    let mut offered = Vec::new();
    for piece in pieces(&std::mem::take(waiting), cut) {
        offered.extend_from_slice(piece);
        let taken = watch.client(&offered);
        passed.extend(offered.drain(..taken));
    }
    *waiting = offered;
}
