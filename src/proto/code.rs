//! The code of three digits that a line of a reply begins with, as in mail, FTP, news and IRC.
//!
//! A newcomer's trap: `250x` and `2500` are no codes at all.

/// The front of a line of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Its number.
    pub number: u16,
    /// A hyphen follows: more lines of the same reply come.
    pub goes_on: bool,
}

impl Code {
    /// What a line begins with: three digits, and a blank, a hyphen or nothing behind them.
    #[must_use]
    pub fn any(line: &[u8]) -> Option<Self> {
        let (digits, rest) = line.split_at_checked(3)?;
        let number = digits.iter().try_fold(0, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u16::from(digit.wrapping_sub(b'0')))
        })?;
        let goes_on = match rest.first() {
            None | Some(b' ') => false,
            Some(b'-') => true,
            Some(_) => return None,
        };
        Some(Self { number, goes_on })
    }

    /// The same from 100 to 599, as mail, FTP and news have them (RFC 5321, 4.2; RFC 959, 4.2; RFC 3977, 3.2).
    #[must_use]
    pub fn parse(line: &[u8]) -> Option<Self> {
        Self::any(line).filter(|code| (100..600).contains(&code.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_bounds() {
        for (line, number) in [("001 x", 1), ("099-", 99), ("670", 670), ("999 ", 999)] {
            assert_eq!(Code::any(line.as_bytes()).map(|code| code.number), Some(number), "{line}");
            assert_eq!(Code::parse(line.as_bytes()), None, "{line}");
        }
        for none in ["", "25", "2500", "25x", "250x", "250\t", " 250", "+OK"] {
            assert_eq!(Code::any(none.as_bytes()), None, "{none}");
        }
    }
}
