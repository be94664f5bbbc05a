//! `--mx -v` and `--mx -z`: what the domain's records say.

use std::collections::BTreeSet;

use crate::lang::{NameServer, Session, Stdout, it, name_server, netcat};
use crate::mx::{exchangers, finds};

const ZONE: &str = "example.org MX 20 b.example.org\n example.org MX 10 a.example.org\n \
    a.example.org A 127.0.0.2\n a.example.org AAAA ::2\n b.example.org A 127.0.0.3\n \
    example.org TXT v=spf1 mx -all\n example.org TXT x=1";

const RECORDS: [&str; 7] = [
    "example.org MX 10 a.example.org",
    "example.org MX 20 b.example.org",
    "a.example.org AAAA ::2",
    "a.example.org A 127.0.0.2",
    "b.example.org A 127.0.0.3",
    "example.org TXT \"v=spf1 mx -all\" (SPF)",
    "example.org TXT \"x=1\"",
];

fn looks(server: &NameServer) -> Session {
    finds(server, "-z").starts()
}

fn shown(client: &mut Session) -> Vec<String> {
    let shown = String::from_utf8(client.shows_to_end()).unwrap();
    shown.lines().map(str::to_owned).collect()
}

#[test]
fn z_shows_the_records_and_connects_to_nobody() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(ZONE);
        let mut client = finds(&dns, "-z").arg(port.to_string()).starts();
        assert_eq!(shown(&mut client), RECORDS);
        client.leaves(0);
        client.says(&["a port has no effect"]);
        let mut next = finds(&dns, "-4 --recv-only").arg(port.to_string()).starts();
        server.accepts().sends("220 the first to come\r\n");
        next.shows("220 the first to come\r\n");
    });
}

#[test]
fn v_shows_the_records_beside_and_connects() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let dns = name_server(ZONE);
        let mut client = finds(&dns, "-v").arg(port.to_string()).starts();
        server.accepts().closes();
        client.ends_stdin();
        client.leaves(0);
        client.shows_nothing_more();
        let said = client.said();
        let from = said.iter().position(|line| line == RECORDS[0]).unwrap();
        assert_eq!(said[from..from + RECORDS.len()], RECORDS);
        assert_eq!(said[from + RECORDS.len()], format!("Connecting to a.example.org:{port}."));
    });
}

#[test]
fn a_record_that_does_not_come_takes_neither_the_time_nor_the_turn_of_an_exchanger() {
    it(|| {
        let ([server], port) = exchangers(["127.0.0.2"]);
        let silent = (1..16).map(|n| format!("example.org MX {n} {n}.example.org\n {n}.example.org SILENT\n"));
        let zone =
            format!("example.org MX 0 a.example.org\n a.example.org A 127.0.0.2\n{}", silent.collect::<String>());
        let dns = name_server(&zone);
        for wait in ["-v -w 1", "-v -w 8"] {
            let mut client = finds(&dns, wait).arg(port.to_string()).starts();
            server.accepts().sends("220 hi\r\n");
            client.shows("220 hi\r\n");
            assert!(!client.said().iter().any(|line| line.contains("TIMEOUT")), "{:?}", client.said());
        }
    });
}

#[test]
fn of_an_address_that_does_not_come_it_is_not_said_that_there_is_none() {
    it(|| {
        let dns = name_server("example.org MX 1 a.example.org\n a.example.org SILENT");
        let mut client = finds(&dns, "-z -w 300ms").starts();
        client.leaves(1);
        client.says(&[&format!("a.example.org: no answer from {} yet", dns.address())]);
    });
}

#[test]
fn without_v_nothing_is_said() {
    it(|| {
        let dns = name_server(ZONE);
        let mut client = looks(&dns);
        client.leaves(0);
        assert_eq!(client.said(), [""; 0]);
    });
}

#[test]
fn equal_exchangers_come_in_any_order() {
    it(|| {
        let dns = name_server(
            "example.org MX 5 a.example.org\n example.org MX 5 b.example.org\n a.example.org A 127.0.0.2\n \
             b.example.org A 127.0.0.3",
        );
        let firsts = (0..60).map(|_| looks(&dns).shows_line());
        let mut seen = BTreeSet::new();
        let _both = firsts.map(|first| seen.insert(first)).filter(|is_new| *is_new).nth(1);
        let both = ["example.org MX 5 a.example.org", "example.org MX 5 b.example.org"].map(str::to_owned);
        assert_eq!(seen, BTreeSet::from(both));
    });
}

#[test]
fn what_is_long_comes_over_tcp_and_whole() {
    it(|| {
        let text = "a long text ".repeat(5000);
        let dns = name_server(&format!("{ZONE}\n example.org TXT {text}."));
        let mut client = looks(&dns);
        let shown = shown(&mut client);
        assert_eq!(shown[..RECORDS.len()], RECORDS);
        assert_eq!(shown[RECORDS.len()], format!("example.org TXT \"{text}.\""));
        client.leaves(0);
    });
}

#[test]
fn aliases_are_shown_and_the_domain_itself_is_told() {
    it(|| {
        let dns = name_server("example.org CNAME b.example.org\n b.example.org A 127.0.0.2");
        let mut client = looks(&dns);
        assert_eq!(shown(&mut client), ["example.org CNAME b.example.org", "b.example.org A 127.0.0.2"]);
        client.leaves(0);
        client.says(&["example.org has no MX record, so it takes its mail itself."]);
    });
}

#[test]
fn the_status_tells_whether_there_is_a_server() {
    it(|| {
        for (zone, status, first, words) in [
            ("example.org MX 0 .\n example.org TXT v=spf1 -all", 1, "example.org MX 0 .", "null (RFC 7505)"),
            ("example.org MX 1 a.example.org", 1, "example.org MX 1 a.example.org", "a.example.org: there is no such"),
            ("example.org TXT x", 2, "example.org TXT \"x\"", "no MX record, and as for an address"),
            ("", 2, "", "NXDOMAIN"),
            ("example.org SERVFAIL", 1, "", "SERVFAIL"),
        ] {
            let dns = name_server(zone);
            let mut client = looks(&dns);
            client.leaves(status);
            assert_eq!(shown(&mut client).first().map_or("", String::as_str), first);
            client.says(&["find the mail server of example.org", words]);
        }
    });
}

#[test]
fn what_could_not_be_found_out_is_told_beside() {
    it(|| {
        let dns = name_server(
            "example.org MX 1 a.example.org\n example.org MX 2 b.example.org\n a.example.org SERVFAIL\n \
             b.example.org A 127.0.0.2",
        );
        let mut client = looks(&dns);
        client.leaves(0);
        client.says(&["a.example.org A: 127.0.0.1:", "SERVFAIL"]);
    });
}

#[test]
fn what_is_still_awaited_when_time_is_up_is_told() {
    it(|| {
        let dns = name_server(
            "example.org MX 1 a.example.org\n example.org MX 2 b.example.org\n a.example.org SILENT\n \
             b.example.org A 127.0.0.2",
        );
        let mut client = finds(&dns, "-z -4 -w 500ms").starts();
        client.leaves(0);
        client.says(&["a.example.org A: no answer yet"]);
        assert!(shown(&mut client).contains(&"b.example.org A 127.0.0.2".to_owned()));
    });
}

#[test]
fn remote_text_steers_no_terminal() {
    it(|| {
        let dns = name_server(
            "example.org MX 1 \x1b[1m.example.org\n \x1b[1m.example.org A 127.0.0.2\n example.org TXT \x1b]0;x\x07\r",
        );
        let mut client = looks(&dns);
        let shown = shown(&mut client);
        assert_eq!(shown[0], "example.org MX 1 \\027[1m.example.org");
        assert_eq!(shown[1], "\\027[1m.example.org A 127.0.0.2");
        assert_eq!(shown[2], "example.org TXT \"\\u{1b}]0;x\\u{7}\"");
        client.leaves(0);
    });
}

#[test]
fn who_reads_no_more_is_no_error_and_a_full_disk_is() {
    it(|| {
        let dns = name_server(ZONE);
        let mut client = finds(&dns, "-z").stdout(Stdout::Unread).starts();
        client.drops_stdout();
        client.leaves(0);
        let mut client = netcat("-z --mx example.org").asking(&dns).stdout(Stdout::Full).starts();
        client.leaves(2);
        client.says(&["write the records to stdout", "No space left"]);
    });
}
