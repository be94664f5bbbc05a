//! `--mock`: which servers, where, and what goes together with them.

use super::*;
use crate::cli::config::{Mock, When, Where};

fn mock(line: &str) -> Mock {
    match config(line).partner {
        Partner::Mock(mock) => mock,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn a_mock_server_listens_for_many_on_this_machine_alone() {
    let listen = listening("--mock smtp");
    assert!(matches!(listen.on, Where::Loopback { port: 1025 }) && listen.others_on.is_empty());
    assert!(listen.keep_open && listen.max_clients == 1000);
    for line in ["--mock smtp 2525", "--mock smtp:2525", "--mock SMTP -p 2525", "-lk --mock smtp 2525"] {
        assert!(matches!(listening(line).on, Where::Loopback { port: 2525 }), "{line}");
    }
    assert!(matches!(listening("--mock smtp 0.0.0.0").on, Where::Inet { port: 1025, .. }));
    let there = listening("--mock smtp 127.0.0.2 2525").on;
    assert!(matches!(there, Where::Inet { host: Some(host), port: 2525 } if host == "127.0.0.2"));
    assert_eq!(listening("--mock smtp -m 5").max_clients, 5);
    assert!(matches!(listening("--mock smtp -U /run/mail").on, Where::Known(_)));
}

#[test]
fn servers_are_known_by_name_and_named_once() {
    assert_eq!(mock("--mock smtp").services, ["smtp"]);
    assert!(mock("--mock smtp --mock-dir mail").dir.is_some_and(|dir| dir.ends_with("mail")));
    assert!(refused("--mock telnet").contains("--mock telnet: there is no such server; smtp"));
    assert!(refused("--mock imap").contains("smtp, pop3, http are there, and -lk --play FILE"));
    assert!(refused("--mock pop3s").ends_with("over TLS it is --ssl --mock pop3"));
    assert!(refused("--mock smtp,smtp").contains("it is named twice"));
    assert!(refused("--mock smtp:mail:25").contains("mail:25"));
    assert!(refused("--mock-dir mail -l").contains("it is for --mock, which is not given"));
}

#[test]
fn one_port_is_given_in_one_place() {
    assert!(refused("--mock smtp:2525 2526").contains("port 2526: the server has one already"));
    assert!(refused("--mock smtp 2525 -p 2526").contains("more than one port"));
    assert!(refused("--mock smtp,http 2525").contains("which server is to have it; ports are written"));
    assert!(refused("--mock smtp,http -U x").contains("several servers need several ports"));
    let listen = listening("--mock smtp:2525,http");
    assert!(matches!(listen.on, Where::Loopback { port: 2525 }));
    assert!(matches!(&*listen.others_on, [Where::Loopback { port: 8080 }]));
}

#[test]
fn starttls_is_offered_unless_it_is_not_to_be() {
    assert!(matches!(config("--mock smtp").upgrade.map(|it| it.when), Some(When::Played)));
    assert!(config("--mock smtp --starttls never").upgrade.is_none());
    assert!(config("--mock smtp --ssl").tls.is_some());
    let certificate = config("--mock smtp --ssl-cert x");
    assert!(certificate.tls.is_none() && certificate.upgrade.is_some_and(|it| it.tls.cert.is_some()));
    assert!(config("--mock smtp --ssl-cert x --starttls never").tls.is_some());
    assert!(refused("--mock smtp --starttls smtp").contains("offered by itself"));
}

#[test]
fn nobody_else_answers_the_clients() {
    for line in ["-e cat", "-c cat", "--lua-exec x", "--play x", "--chat", "--broker", "--proxy-type http"] {
        assert!(refused(&format!("--mock smtp {line}")).contains("--mock"), "{line}");
    }
    for line in ["-u", "-z", "--proxy h", "--pace smtp", "--fail"] {
        refused(&format!("--mock smtp {line}"));
    }
}

#[test]
fn what_concerns_stdin_or_replies_has_no_effect() {
    for line in
        ["--send-only", "--recv-only", "--no-shutdown", "-q 1", "-d 1", "-C", "--no-crlf", "--stall-timeout 1", "--raw"]
    {
        let warnings = start(&format!("--mock smtp {line}")).warnings;
        assert!(warnings.iter().any(|text| text.ends_with("has no effect with --mock")), "{line}: {warnings:?}");
    }
    assert!(start("--mock smtp -v -i 5 -m 5 -k --ssl --allow 127.0.0.1").warnings.is_empty());
}
