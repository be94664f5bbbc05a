//! Telnet's negotiation: the data is the same however it is cut, answers are bounded refusals, and what is doubled
//! comes back.

use super::common::{choices, pieces};
use rncat::proto::telnet::{MOST_ANSWERS, Telnet, double, undoubled_len};

pub(crate) fn run(data: &[u8]) {
    let Some((_, cut, bytes)) = choices(data, 1) else { return };
    let through = |bytes: &[u8], cut| {
        let (mut telnet, mut data, mut answers) = (Telnet::new(), Vec::new(), Vec::new());
        for piece in pieces(bytes, cut) {
            let mut piece = piece.to_vec();
            let kept = telnet.receive(&mut piece, &mut answers);
            data.extend_from_slice(&piece[..kept]);
        }
        (data, answers)
    };
    let whole = through(bytes, 0);
    assert_eq!(through(bytes, cut), whole);
    assert!(whole.0.len() <= bytes.len());
    assert!(whole.1.len() <= MOST_ANSWERS.min(bytes.len()));
    for answer in whole.1.chunks(3) {
        assert!(matches!(answer, [255, 252 | 254, _]), "{answer:?}");
    }
    let mut doubled = Vec::new();
    double(bytes, &mut doubled);
    assert_eq!(undoubled_len(&doubled), bytes.len());
    assert_eq!(through(&doubled, cut), (bytes.to_vec(), Vec::new()));
}
