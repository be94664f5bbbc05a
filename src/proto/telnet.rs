//! Telnet's negotiation (RFC 854, 855, 1143) for a peer that can nothing and says so.
//!
//! What arrives is data with commands in it; the data is kept, DO and WILL are refused, and all
//! else is dropped. WONT and DONT are never answered, so that two who refuse do not talk for ever.
//!
//! A newcomer's trap: a peer that asks again because it was refused must not be answered again
//! and again. The same request gets its next answer only after data has come in between, and
//! an answer that still waits is not repeated, which bounds the answers too.

/// Interpret As Command (RFC 854); doubled where it is data.
const IAC: u8 = 255;
const DONT: u8 = 254;
const DO: u8 = 253;
const WONT: u8 = 252;
const WILL: u8 = 251;
/// Subnegotiation begins.
const SB: u8 = 250;
/// Subnegotiation ends.
const SE: u8 = 240;

/// As many bytes of answers as can wait at once: one for each request and option.
pub const MOST_ANSWERS: usize = 2 * 256 * 3;

/// What has arrived so far.
#[derive(Debug)]
pub struct Telnet {
    state: State,
    refused: Refused,
}

/// Where in the stream of bytes we are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Data,
    /// After IAC.
    Command,
    /// After IAC and one of DO, DONT, WILL, WONT: the option follows.
    Option(Verb),
    /// In a subnegotiation, which is skipped.
    Subnegotiation,
    /// In a subnegotiation, after IAC.
    SubnegotiationCommand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Do,
    Will,
    /// DONT and WONT: acknowledged by silence.
    Not,
}

impl Telnet {
    /// At the beginning of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self { state: State::Data, refused: Refused::default() }
    }

    /// Takes what has arrived. The data in it is moved to the front of `bytes`, and its length
    /// returned; answers are added to `answers`, where they stay until they are sent.
    ///
    /// If nobody else adds to `answers`, it never holds more than [`MOST_ANSWERS`] bytes.
    pub fn receive(&mut self, bytes: &mut [u8], answers: &mut Vec<u8>) -> usize {
        let plain = if self.state == State::Data { plain_len(bytes) } else { 0 };
        if plain > 0 {
            self.refused.data_came(answers);
        }
        let mut kept = plain;
        for at in plain..bytes.len() {
            let Some(byte) = bytes.get(at).copied() else { break };
            if !self.is_data(byte, answers) {
                continue;
            }
            self.refused.data_came(answers);
            if let Some(place) = bytes.get_mut(kept) {
                *place = byte;
                kept += 1;
            }
        }
        kept
    }

    fn is_data(&mut self, byte: u8, answers: &mut Vec<u8>) -> bool {
        self.state = match (self.state, byte) {
            (State::Data, IAC) => State::Command,
            (State::Data, _) => return true,
            (State::Command, IAC) => {
                self.state = State::Data;
                return true;
            }
            (State::Option(verb), option) => {
                self.answer(verb, option, answers);
                State::Data
            }
            (State::Subnegotiation, IAC) => State::SubnegotiationCommand,
            (State::Subnegotiation, _) | (State::SubnegotiationCommand, IAC) => State::Subnegotiation,
            (State::SubnegotiationCommand, SE) => State::Data,
            // Any other command within a subnegotiation means that its end was forgotten.
            (State::Command | State::SubnegotiationCommand, command) => match command {
                DO => State::Option(Verb::Do),
                WILL => State::Option(Verb::Will),
                DONT | WONT => State::Option(Verb::Not),
                SB => State::Subnegotiation,
                // NOP, Go Ahead, Are You There and the others mean nothing here.
                _ => State::Data,
            },
        };
        false
    }

    fn answer(&mut self, verb: Verb, option: u8, answers: &mut Vec<u8>) {
        let refusal = match verb {
            Verb::Do => WONT,
            Verb::Will => DONT,
            Verb::Not => return,
        };
        if self.refused.is_new(verb, option) {
            answers.extend([IAC, refusal, option]);
        }
    }
}

impl Default for Telnet {
    fn default() -> Self {
        Self::new()
    }
}

/// Makes data ready to be sent: each IAC in it is doubled.
pub fn double(data: &[u8], out: &mut Vec<u8>) {
    for piece in data.split_inclusive(|byte| *byte == IAC) {
        out.extend_from_slice(piece);
        if piece.ends_with(&[IAC]) {
            out.push(IAC);
        }
    }
}

/// How many bytes of data a rest of what [`double`] made stands for; half a pair is a byte.
#[must_use]
pub fn undoubled_len(doubled: &[u8]) -> usize {
    let marks = doubled.iter().filter(|byte| **byte == IAC).count();
    doubled.len() - marks / 2
}

/// The length of the data that can be sent as it is, up to the first IAC.
#[must_use]
pub fn plain_len(data: &[u8]) -> usize {
    data.iter().position(|byte| *byte == IAC).unwrap_or(data.len())
}

/// The requests that were refused since data came last.
#[derive(Debug, Default)]
struct Refused {
    to_do: [u128; 2],
    will: [u128; 2],
    any: bool,
}

impl Refused {
    fn is_new(&mut self, verb: Verb, option: u8) -> bool {
        let [low, high] = if verb == Verb::Do { &mut self.to_do } else { &mut self.will };
        let half = if option < 128 { low } else { high };
        let bit = 1 << (option % 128);
        let is_new = *half & bit == 0;
        *half |= bit;
        self.any = true;
        is_new
    }

    fn data_came(&mut self, answers: &[u8]) {
        if self.any && answers.is_empty() {
            *self = Self::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The data and the answers, when `pieces` arrive one after the other and no answer is sent.
    fn through<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Vec<u8>) {
        let (mut telnet, mut data, mut answers) = (Telnet::new(), Vec::new(), Vec::new());
        for piece in pieces {
            let mut piece = piece.to_vec();
            let kept = telnet.receive(&mut piece, &mut answers);
            data.extend_from_slice(&piece[..kept]);
        }
        (data, answers)
    }

    fn once(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        through([bytes])
    }

    #[test]
    fn requests_are_refused_and_refusals_are_not_answered() {
        assert_eq!(once(&[IAC, DO, 1]), (vec![], vec![IAC, WONT, 1]));
        assert_eq!(once(&[IAC, WILL, 255]), (vec![], vec![IAC, DONT, 255]));
        assert_eq!(once(&[IAC, WONT, 1, IAC, DONT, 3]), (vec![], vec![]));
        let both = once(&[b'a', IAC, DO, 1, b'b', IAC, WILL, 1, b'c']);
        assert_eq!(both, (b"abc".to_vec(), vec![IAC, WONT, 1, IAC, DONT, 1]));
    }

    #[test]
    fn commands_and_subnegotiations_are_dropped() {
        assert_eq!(once(b"a\xff\xf1b\xff\xf6c\xff\xefd"), (b"abcd".to_vec(), vec![]), "NOP, AYT, EOR");
        assert_eq!(once(b"a\xff\xfa\x18\x01\xff\xff\xf0x\xff\xf0b"), (b"ab".to_vec(), vec![]));
        let forgotten = [IAC, SB, 24, 1, IAC, DO, 1, b'a', IAC, SB, 1, IAC, SB, 2, IAC, SE, b'b'];
        assert_eq!(once(&forgotten), (b"ab".to_vec(), vec![IAC, WONT, 1]), "a subnegotiation without its end");
    }

    #[test]
    fn iac_as_data_is_doubled() {
        assert_eq!(once(b"a\xff\xffb\xff\xff"), (b"a\xffb\xff".to_vec(), vec![]));
        let mut doubled = Vec::new();
        double(b"a\xffb\xff", &mut doubled);
        assert_eq!(doubled, b"a\xff\xffb\xff\xff");
        assert_eq!(undoubled_len(&doubled[2..]), 3, "half a pair, a byte, and a pair");
    }

    #[test]
    fn the_same_request_is_answered_again_only_after_data() {
        let (mut telnet, mut answers) = (Telnet::new(), Vec::new());
        let mut request = |bytes: &[u8], answers: &mut Vec<u8>| telnet.receive(&mut bytes.to_vec(), answers);
        request(&[IAC, DO, 1, IAC, DO, 1, b'a', IAC, DO, 1], &mut answers);
        assert_eq!(answers, [IAC, WONT, 1], "the answer that waits is for all three");
        answers.clear();
        request(&[IAC, DO, 1], &mut answers);
        assert_eq!(answers, [], "who asks again has heard the answer");
        request(&[IAC, WILL, 1, IAC, DO, 129], &mut answers);
        assert_eq!(answers, [IAC, DONT, 1, IAC, WONT, 129], "others are other requests");
        answers.clear();
        request(&[b'a', IAC, DO, 1], &mut answers);
        assert_eq!(answers, [IAC, WONT, 1]);
    }

    /// What a peer may send, with the data and the answers that come of it.
    fn conversation() -> impl Strategy<Value = Vec<(Vec<u8>, Vec<u8>)>> {
        let data = prop::collection::vec(prop_oneof![Just(IAC), Just(SE), any::<u8>()], 1..6).prop_map(|data| {
            let mut doubled = Vec::new();
            double(&data, &mut doubled);
            (doubled, data)
        });
        let dropped = prop_oneof![
            (DO..=DO, any::<u8>()).prop_map(|(verb, option)| vec![IAC, verb, option]),
            (WILL..=DONT, any::<u8>()).prop_map(|(verb, option)| vec![IAC, verb, option]),
            (236u8..SB).prop_map(|command| vec![IAC, command]),
            prop::collection::vec(any::<u8>(), 0..6).prop_map(|inside| {
                let mut bytes = vec![IAC, SB];
                double(&inside, &mut bytes);
                bytes.extend([IAC, SE]);
                bytes
            }),
        ];
        prop::collection::vec(prop_oneof![data, dropped.prop_map(|bytes| (bytes, Vec::new()))], 0..12)
    }

    proptest! {
        #[test]
        fn the_data_comes_out_however_it_is_cut(turns in conversation(), cuts in prop::collection::vec(0usize..100, 0..9)) {
            let (bytes, data): (Vec<_>, Vec<_>) = turns.into_iter().unzip();
            let (bytes, data) = (bytes.concat(), data.concat());
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let whole = once(&bytes);
            prop_assert_eq!(&whole.0, &data);
            prop_assert_eq!(through(cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]])), whole);
        }

        #[test]
        fn garbage_neither_panics_nor_fills_memory(
            pieces in prop::collection::vec(prop::collection::vec(prop_oneof![SE..=IAC, any::<u8>()], 0..200), 0..8)
        ) {
            let (data, answers) = through(pieces.iter().map(Vec::as_slice));
            prop_assert!(answers.len() <= MOST_ANSWERS && answers.len() % 3 == 0);
            prop_assert!(data.len() <= pieces.concat().len());
            let refusals = answers.chunks(3).all(|it| it[0] == IAC && matches!(it[1], WONT | DONT));
            prop_assert!(refusals);
        }

        #[test]
        fn what_is_doubled_counts_as_it_was(data in prop::collection::vec(prop_oneof![Just(IAC), any::<u8>()], 0..50)) {
            let mut doubled = Vec::new();
            double(&data, &mut doubled);
            prop_assert_eq!(undoubled_len(&doubled), data.len());
            prop_assert_eq!(once(&doubled), (data.clone(), vec![]));
            prop_assert_eq!(&doubled[..plain_len(&data)], &data[..plain_len(&data)]);
        }
    }

    #[test]
    fn every_request_there_is_fits() {
        let all: Vec<u8> = (0..=255).flat_map(|option| [IAC, DO, option, IAC, WILL, option]).collect();
        let (_, answers) = through([&all[..], &all, b"data", &all]);
        assert_eq!(answers.len(), MOST_ANSWERS);
    }
}
