//! Dates as mails and HTTP have them: the same but for the name of the zone, which is UTC here.
//!
//! A newcomer's trap: a mail says `+0000`, and HTTP says `GMT` and takes nothing else.

use std::time::SystemTime;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// As in a mail's `Date` and `Received` (RFC 5322, 3.3): `Thu, 01 Jan 1970 00:00:00 +0000`.
#[must_use]
pub fn mail(at: SystemTime) -> String {
    // What fails is a year that cannot be written, which is before 1900 or after 9999.
    OffsetDateTime::from(at).format(&Rfc2822).unwrap_or_default()
}

/// As in HTTP's `Date` (RFC 9110, 5.6.7): `Thu, 01 Jan 1970 00:00:00 GMT`.
#[must_use]
pub fn http(at: SystemTime) -> String {
    mail(at).replace("+0000", "GMT")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn a_date_is_written_as_the_protocol_wants_it() {
        for (seconds, text) in [
            (0, "Thu, 01 Jan 1970 00:00:00"),
            (951_827_696, "Tue, 29 Feb 2000 12:34:56"),
            (1_735_689_599, "Tue, 31 Dec 2024 23:59:59"),
            (4_107_542_400, "Mon, 01 Mar 2100 00:00:00"),
            (16_725_225_600, "Fri, 01 Jan 2500 00:00:00"),
        ] {
            let at = UNIX_EPOCH + Duration::new(seconds, 999_999_999);
            assert_eq!(mail(at), format!("{text} +0000"));
            assert_eq!(http(at), format!("{text} GMT"));
        }
    }
}
