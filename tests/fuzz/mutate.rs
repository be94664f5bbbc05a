//! Inputs made of others, by a generator that gives the same ones for the same seed.
//!
//! A newcomer's trap: most of what is random is refused at its first byte. So a new input is an old one with a few
//! changes, and what is put in is mostly taken from other inputs of the same target.

/// xorshift64* (Vigna): quick, and good enough for this.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Below `limit`, which is not 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// The longest input that is made, in bytes.
const LONGEST: usize = 16 * 1024;

/// What parsers are often wrong about.
const WORDS: [&[u8]; 22] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"\0",
    b"\xff",
    b"\xff\xff",
    b" ",
    b"\t",
    b".\r\n",
    b"{1}\r\n",
    b"{99999999999}",
    b"\"",
    b"\xc2\x9b",
    b"\xe2\x80\xae",
    b"\x1b[0m",
    b"-1",
    b"0",
    b"18446744073709551616",
    b"4294967296",
    b":",
    b",",
];

/// A new input.
pub(crate) fn mutate(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = random.pick(corpus).clone();
    for _ in 0..=random.below(6) {
        change(&mut input, corpus, random);
    }
    // The second byte says how it is cut (most often in one, in bytes, or in twos and threes).
    if random.below(2) == 0
        && let Some(cut) = input.get_mut(1)
    {
        *cut = b'0' + u8::try_from(random.below(8)).unwrap_or(0);
    }
    input.truncate(LONGEST);
    input
}

fn change(input: &mut Vec<u8>, corpus: &[Vec<u8>], random: &mut Random) {
    let at = random.below(input.len() + 1);
    let end = at + random.below(1 + (input.len() - at).min(64));
    match random.below(10) {
        0 => input.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= 1 << random.below(8)),
        1 => input.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.below(256) as u8),
        2 => drop(input.drain(at..end)),
        3 => {
            let copy = input[at..end].repeat(1 + random.below(4));
            input.splice(at..at, copy);
        }
        4 => {
            let word = *random.pick(&WORDS);
            input.splice(at..at, word.iter().copied());
        }
        5 => {
            let word = *random.pick(&WORDS);
            input.splice(at..end, word.iter().copied());
        }
        6 => {
            let other = random.pick(corpus);
            let from = random.below(other.len() + 1);
            let part = other[from..].iter().copied().take(random.below(80));
            input.splice(at..end, part);
        }
        7 => {
            let other = random.pick(corpus);
            let line = random.below(1 + other.iter().filter(|byte| **byte == b'\n').count());
            let line = other.split_inclusive(|byte| *byte == b'\n').nth(line).unwrap_or_default().to_vec();
            let start = input[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            input.splice(start..start, line);
        }
        8 => input.truncate(at),
        // Long ones, seldom: limits have to hold.
        _ if random.below(20) == 0 => {
            let filler = vec![*random.pick(b"a \n\xff0.,;"); 1 << random.below(14)];
            input.splice(at..at, filler);
        }
        _ => input.iter_mut().take(1).for_each(|byte| *byte = b'0' + random.below(32) as u8),
    }
}
