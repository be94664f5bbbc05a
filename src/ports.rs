//! The one table of known ports: which service lives there, and how it wants its lines.
//!
//! A newcomer's trap: this table is evidence, not a rule. A port that is missing here only means
//! that line ends are left alone until the greeting or a typed line tells more.

/// A port that is known to speak in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The port's number.
    pub port: u16,
    /// What is spoken there, by the name most used for it.
    pub service: &'static str,
    /// Lines must end with CR LF.
    pub wants_crlf: bool,
    /// Mail: bare LF is refused or mangled, and a half-close that comes too soon loses the reply.
    pub mail: bool,
}

/// A service whose lines end with CR LF.
const fn crlf(port: u16, service: &'static str) -> Known {
    Known { port, service, wants_crlf: true, mail: false }
}

/// A mail service, under its own port or the one that mock servers use.
const fn mail(port: u16, service: &'static str) -> Known {
    Known { port, service, wants_crlf: true, mail: true }
}

/// A service in text that takes lines as they come.
const fn plain(port: u16, service: &'static str) -> Known {
    Known { port, service, wants_crlf: false, mail: false }
}

/// Every known port, lowest first: a name stands for the first port that carries it.
pub const KNOWN: &[Known] = &[
    plain(7, "echo"),
    plain(9, "discard"),
    plain(13, "daytime"),
    plain(19, "chargen"),
    crlf(20, "ftp-data"),
    crlf(21, "ftp"),
    crlf(22, "ssh"),
    crlf(23, "telnet"),
    crlf(24, "lmtp"),
    mail(25, "smtp"),
    crlf(43, "whois"),
    crlf(70, "gopher"),
    crlf(79, "finger"),
    crlf(80, "http"),
    mail(110, "pop3"),
    crlf(119, "nntp"),
    mail(143, "imap"),
    crlf(443, "https"),
    mail(465, "submissions"),
    crlf(554, "rtsp"),
    crlf(563, "nntps"),
    mail(587, "submission"),
    crlf(631, "ipp"),
    crlf(990, "ftps"),
    crlf(992, "telnets"),
    mail(993, "imaps"),
    mail(995, "pop3s"),
    mail(1025, "smtp"),
    mail(1110, "pop3"),
    mail(1143, "imap"),
    mail(2525, "smtp"),
    crlf(2628, "dict"),
    crlf(3128, "http"),
    crlf(4190, "sieve"),
    crlf(5060, "sip"),
    crlf(6667, "ircd"),
    crlf(8000, "http"),
    crlf(8008, "http"),
    crlf(8025, "http"),
    crlf(8080, "http-alt"),
    crlf(8081, "http"),
];

/// Other names that people and `/etc/services` use.
const ALIASES: &[(&str, &str)] = &[
    ("imap2", "imap"),
    ("irc", "ircd"),
    ("mail", "smtp"),
    ("pop-3", "pop3"),
    ("smtps", "submissions"),
    ("ssmtp", "submissions"),
    ("webcache", "http-alt"),
    ("www", "http"),
];

/// What is known of a port.
#[must_use]
pub fn known(port: u16) -> Option<&'static Known> {
    KNOWN.binary_search_by_key(&port, |known| known.port).ok().and_then(|index| KNOWN.get(index))
}

/// Whether a text protocol that wants CR LF lives at this port.
#[must_use]
pub fn wants_crlf(port: u16) -> bool {
    known(port).is_some_and(|known| known.wants_crlf)
}

/// Whether mail is spoken at this port.
#[must_use]
pub fn is_mail(port: u16) -> bool {
    known(port).is_some_and(|known| known.mail)
}

/// The port of a service, for systems that have no list of their own; the case does not matter.
#[must_use]
pub fn number(service: &str) -> Option<u16> {
    let alias = ALIASES.iter().find(|(name, _)| name.eq_ignore_ascii_case(service));
    let service = alias.map_or(service, |&(_, meant)| meant);
    KNOWN.iter().find(|known| known.service.eq_ignore_ascii_case(service)).map(|known| known.port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_so_that_it_can_be_searched() {
        assert!(KNOWN.windows(2).all(|pair| pair[0].port < pair[1].port));
    }

    #[test]
    fn the_promised_ports_want_crlf() {
        for port in [80, 110, 119, 143, 443, 465, 563, 587, 993, 995, 1025, 1110, 1143, 2525, 8000, 8025, 8080] {
            assert!(wants_crlf(port), "{port}");
        }
        assert!((20..=25).all(wants_crlf));
        assert!(!wants_crlf(4444), "a shell's port");
        assert!(!wants_crlf(31337), "the port when none is given");
    }

    #[test]
    fn mail_ports_are_mail() {
        for port in [25, 110, 143, 465, 587, 993, 995, 1025, 2525] {
            assert!(is_mail(port), "{port}");
        }
        assert!(!is_mail(80) && !is_mail(8025) && !is_mail(31337));
        assert!(KNOWN.iter().all(|known| known.wants_crlf || !known.mail));
    }

    #[test]
    fn a_name_stands_for_its_official_port() {
        for (name, port) in [("smtp", 25), ("SMTP", 25), ("http", 80), ("www", 80), ("imap", 143), ("smtps", 465)] {
            assert_eq!(number(name), Some(port), "{name}");
        }
        assert_eq!(number("smtpx"), None);
    }

    #[test]
    fn every_alias_means_something() {
        assert!(ALIASES.iter().all(|(name, _)| number(name).is_some()));
    }
}
