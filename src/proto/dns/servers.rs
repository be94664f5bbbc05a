//! Whom to ask: the name servers of resolv.conf(5).
//!
//! A newcomer's trap: what is written there and not understood is passed over, as the system itself does; a file
//! that is not there, or names nobody, stands for a name server on this machine.

use std::{
    cell::Cell,
    net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6},
    time::Duration,
};

/// Where name servers listen.
const PORT: u16 = 53;
/// How many are asked, as by the system.
const MOST: usize = 3;
/// How long an answer is waited for when the file does not say. The system's 5 s would leave no time for the third
/// server within -w's 10 s.
const TIMEOUT: Duration = Duration::from_secs(2);
/// How often each is asked.
const ATTEMPTS: usize = 2;

/// See the module's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Servers {
    /// In the order in which they are asked.
    pub list: Vec<SocketAddr>,
    /// How long each may take to answer.
    pub timeout: Duration,
    /// How often each is asked.
    pub attempts: usize,
    /// Which one is asked first: the one that has answered last, so that a silent one is waited for only once.
    pub first: Cell<usize>,
}

impl Servers {
    /// One alone.
    #[must_use]
    pub fn one(server: SocketAddr) -> Self {
        Self { list: vec![server], ..Self::default() }
    }

    /// Those of a resolv.conf(5); `zone` knows the numbers of network interfaces.
    #[must_use]
    pub fn of(file: &str, zone: impl Fn(&str) -> Option<u32>) -> Self {
        let mut servers = Self::default();
        // A keyword stands where its line begins.
        for line in file.lines().filter(|line| !line.starts_with(char::is_whitespace)) {
            let mut words = line.split_whitespace();
            match words.next() {
                Some("nameserver") if servers.list.len() < MOST => {
                    // Who answers is known by the address, so that each has to be there once.
                    let server = words.next().and_then(|word| address(word, &zone));
                    servers.list.extend(server.filter(|server| !servers.list.contains(server)));
                }
                Some("options") => words.for_each(|word| servers.option(word)),
                _ => {}
            }
        }
        if servers.list.is_empty() {
            servers.list.push(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), PORT));
        }
        servers
    }

    fn option(&mut self, word: &str) {
        let Some((name, value)) = word.split_once(':') else { return };
        match (name, value.parse()) {
            // The limits are those of the system.
            ("timeout", Ok(seconds @ 1..)) => self.timeout = Duration::from_secs(u64::from(seconds).min(30)),
            ("attempts", Ok(times @ 1_u32..)) => self.attempts = usize::try_from(times).unwrap_or(usize::MAX).min(5),
            _ => {}
        }
    }
}

impl Default for Servers {
    /// None.
    fn default() -> Self {
        Self { list: Vec::new(), timeout: TIMEOUT, attempts: ATTEMPTS, first: Cell::new(0) }
    }
}

/// A name server's address, perhaps with a zone (RFC 4007, 11), whose number `zone` may know: `fe80::1%eth0`.
pub fn address(text: &str, zone: impl Fn(&str) -> Option<u32>) -> Option<SocketAddr> {
    let Some((ip, name)) = text.split_once('%') else {
        return text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, PORT)).ok();
    };
    let zone = zone(name).or_else(|| name.parse().ok())?;
    Some(SocketAddrV6::new(ip.parse().ok()?, PORT, 0, zone).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(file: &str) -> Servers {
        Servers::of(file, |name| (name == "eth0").then_some(7))
    }

    fn list(file: &str) -> Vec<String> {
        of(file).list.iter().map(SocketAddr::to_string).collect()
    }

    #[test]
    fn three_servers_are_taken_and_what_is_not_understood_is_passed_over() {
        let file = "# a comment\n; another\nsearch example.org\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # no\n\
            nameserver nobody\nnameserver\nnameserver fe80::1%2\nnameserver 192.0.2.4\n";
        assert_eq!(list(file), ["192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%2]:53"]);
    }

    #[test]
    fn one_that_is_named_twice_is_asked_once() {
        assert_eq!(
            list(&format!("{}nameserver 192.0.2.2", "nameserver 192.0.2.1\n".repeat(3))),
            ["192.0.2.1:53", "192.0.2.2:53"]
        );
    }

    #[test]
    fn a_keyword_stands_where_its_line_begins() {
        assert_eq!(list(" nameserver 192.0.2.1\n\tnameserver 192.0.2.2\nnameserver\t192.0.2.3\r\n"), ["192.0.2.3:53"]);
    }

    #[test]
    fn zones_have_names() {
        assert_eq!(list("nameserver fe80::1%eth0\nnameserver fe80::1%nosuch\nnameserver fe80::1%"), ["[fe80::1%7]:53"]);
    }

    #[test]
    fn without_a_server_it_is_this_machine() {
        assert_eq!(list(""), ["127.0.0.1:53"]);
        assert_eq!(list("#nameserver 192.0.2.1\n"), ["127.0.0.1:53"]);
    }

    #[test]
    fn options_say_how_long_and_how_often() {
        let servers = of("options rotate timeout:7 attempts:3\nnameserver 192.0.2.1\n");
        assert_eq!((servers.timeout, servers.attempts), (Duration::from_secs(7), 3));
        let servers = of("options timeout:999 attempts:999");
        assert_eq!((servers.timeout, servers.attempts), (Duration::from_secs(30), 5));
        let servers = of("options timeout:0 attempts:0 timeout:x attempts: timeout");
        assert_eq!((servers.timeout, servers.attempts), (TIMEOUT, ATTEMPTS));
    }

    proptest! {
        #[test]
        fn any_file_names_somebody(file in "(nameserver |options |timeout:|attempts:|[0-9a-f:.%]|\\PC|\n| ){0,60}") {
            let servers = of(&file);
            prop_assert!((1..=MOST).contains(&servers.list.len()) && !servers.timeout.is_zero() && servers.attempts > 0);
        }
    }
}
