//! Literals, of IMAP (RFC 9051, 4.3) and Sieve (RFC 5804, 4): a line ends with `{310}`, so many bytes
//! follow, and the line goes on behind them.
//!
//! A newcomer's trap: `{310}` stands for itself wherever it is not at the very end.

/// What the end of a line announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Literal {
    /// In bytes; at most `i64::MAX` (RFC 9051, 9: number64).
    pub size: u64,
    /// Its sender does not wait to be told to go on (RFC 7888).
    pub is_sent_at_once: bool,
}

/// The literal that a line announces, given without its end.
#[must_use]
pub fn announced(line: &[u8]) -> Option<Literal> {
    let (digits, is_sent_at_once) = digits(line)?;
    Some(Literal { size: digits.parse::<i64>().ok()?.unsigned_abs(), is_sent_at_once })
}

/// The size of that literal as it is written, however many digits it has, and whether it is sent at once.
#[must_use]
pub fn digits(line: &[u8]) -> Option<(&str, bool)> {
    let inner = line.strip_suffix(b"}")?;
    let (inner, is_sent_at_once) = inner.strip_suffix(b"+").map_or((inner, false), |inner| (inner, true));
    let digits = inner.rsplit(|byte| *byte == b'{').next().filter(|digits| digits.len() < inner.len())?;
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    Some((str::from_utf8(digits).ok().filter(|_| is_number)?, is_sent_at_once))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_literal_is_announced_at_the_end_of_a_line() {
        let literal = |size, is_sent_at_once| Some(Literal { size, is_sent_at_once });
        assert_eq!(announced(b"a1 LOGIN {3}"), literal(3, false));
        assert_eq!(announced(b"{0+}"), literal(0, true));
        assert_eq!(announced(b"~{5000000000}"), literal(5_000_000_000, false));
        assert_eq!(announced(b"{1}{2}"), literal(2, false));
        assert_eq!(announced(b"{9223372036854775807}"), literal(i64::MAX.unsigned_abs(), false));
        let none = [&b"{9223372036854775808}"[..], b"{}", b"{+}", b"3}", b"{3} ", b"{-3}", b"{3++}", b"{+3}", b"\xff}"];
        for line in none {
            assert_eq!(announced(line), None, "{line:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(line in prop::collection::vec(prop_oneof![Just(b'{'), Just(b'}'), Just(b'+'), any::<u8>()], 0..9)) {
            let _ = announced(&line);
        }
    }
}
