//! Times on the command line: `500ms`, `5`, `5s`, `1.5m`, `.5h`.
//!
//! A newcomer's trap: the text goes through no general number parser before it is checked,
//! because those also take `inf`, `nan` and `1e9`.

use crate::{
    error::{Error, Result},
    report::escape,
};
use std::time::Duration;

/// Longer than anyone waits, and short enough that it can be added to any clock.
const LONGEST: Duration = Duration::from_secs(u32::MAX as u64);

/// A time that must be longer than nothing, such as a time-out.
///
/// # Errors
/// Names the option and the forms that are taken.
pub(super) fn positive(option: &str, text: &str) -> Result<Duration> {
    match parse(option, text)? {
        Some(time) if !time.is_zero() => Ok(time),
        _ => Err(wrong(option, text, "must be longer than 0")),
    }
}

/// A time that may be 0; negative, whatever the number, stands for never.
///
/// # Errors
/// Names the option and the forms that are taken.
pub(super) fn or_never(option: &str, text: &str) -> Result<Option<Duration>> {
    parse(option, text)
}

fn parse(option: &str, text: &str) -> Result<Option<Duration>> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, unit) = unsigned.split_at(end);
    let seconds = match unit.to_ascii_lowercase().as_str() {
        "ms" => 0.001,
        "" | "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong(option, text, "not a time")),
    };
    // Only digits and points are left, so that what f64 takes beyond them cannot come up.
    let number: f64 = number.parse().map_err(|_| wrong(option, text, "not a time"))?;
    if negative {
        return Ok(None);
    }
    match Duration::try_from_secs_f64(number * seconds) {
        Ok(time) if time <= LONGEST => Ok(Some(time)),
        _ => Err(wrong(option, text, "too long")),
    }
}

fn wrong(option: &str, text: &str, why: &str) -> Error {
    Error::usage(format!("Invalid {option} time \"{}\"", escape(text.as_bytes())), why)
        .hint("write 500ms, 5, 5s, 1.5m or 2h")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(text: &str) -> u128 {
        positive("-w", text).unwrap().as_millis()
    }

    #[test]
    fn seconds_are_meant_when_nothing_else_is_said() {
        assert_eq!(ms("5"), 5000);
        assert_eq!(ms("5s"), 5000);
        assert_eq!(ms("250ms"), 250);
        assert_eq!(ms("2m"), 120_000);
        assert_eq!(ms("1h"), 3_600_000);
        assert_eq!(ms("1S"), 1000);
    }

    #[test]
    fn fractions_work_with_every_unit() {
        assert_eq!(ms("0.5"), 500);
        assert_eq!(ms(".5"), 500);
        assert_eq!(ms("1."), 1000);
        assert_eq!(ms("1.5m"), 90_000);
        assert_eq!(positive("-w", "0.5ms").unwrap(), Duration::from_micros(500));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in
            ["", ".", "x", "5x", "5 s", " 5", "+5", "1e3", "inf", "nan", "NaN", "1.2.3", "ms", "--1", "0x10", "٣"]
        {
            let error = positive("-w", text).unwrap_err();
            assert!(error.to_string().starts_with(&format!("Invalid -w time \"{text}\": not a time")), "{error}");
        }
        assert_eq!(positive("-i", "0").unwrap_err().why(), "must be longer than 0");
        assert_eq!(positive("-i", "-1").unwrap_err().why(), "must be longer than 0");
        assert_eq!(positive("-i", "99999999999").unwrap_err().why(), "too long");
        assert_eq!(positive("-i", &"9".repeat(400)).unwrap_err().why(), "too long");
    }

    #[test]
    fn a_negative_time_is_never() {
        assert_eq!(or_never("-q", "-1").unwrap(), None);
        assert_eq!(or_never("-q", "-0.5s").unwrap(), None);
        assert_eq!(or_never("-q", "0").unwrap(), Some(Duration::ZERO));
        assert!(or_never("-q", "-").is_err());
    }

    proptest! {
        #[test]
        fn anything_is_either_a_time_or_refused(text in ".*") {
            if let Ok(time) = positive("-w", &text) {
                prop_assert!(time <= LONGEST && !time.is_zero());
            }
        }

        #[test]
        fn whole_milliseconds_are_exact(n in 1_u64..2_000_000_000) {
            prop_assert_eq!(ms(&format!("{n}ms")), u128::from(n));
        }

        #[test]
        fn units_agree(n in 1_u32..1000) {
            prop_assert_eq!(positive("-w", &format!("{n}m")).unwrap(), positive("-w", &format!("{}s", n * 60)).unwrap());
            prop_assert_eq!(positive("-w", &format!("{n}h")).unwrap(), positive("-w", &format!("{}m", n * 60)).unwrap());
            prop_assert_eq!(positive("-w", &format!("{n}")).unwrap(), positive("-w", &format!("{n}000ms")).unwrap());
        }
    }
}
