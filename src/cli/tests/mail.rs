//! `--mx` beside other options.

use super::{config, connecting, refused, start};
use crate::cli::config::{Family, Mail, Source, To};

fn mail(line: &str) -> Mail {
    match connecting(line).to {
        To::Mail(mail) => mail,
        To::Place(place) => panic!("{line}: {place:?}"),
    }
}

#[test]
fn a_domain_stands_in_place_of_a_host() {
    let mail = mail("--mx example.org --dns 127.0.0.1:5353 submission");
    assert_eq!((mail.domain.as_str(), mail.port), ("example.org", 587));
    assert_eq!(mail.dns, Some("127.0.0.1:5353".parse().unwrap()));
    assert_eq!(connecting("--mx=example.org").to.port(), 25);
    assert_eq!(config("-6 --mx example.org").family, Family::V6);
}

#[test]
fn what_connect_mode_has_goes_with_it() {
    for line in [
        "--mx example.org --ssl-verify 465",
        "--mx example.org --starttls smtp",
        "--mx example.org --pace smtp --fail",
        "--mx example.org --play x.play",
        "--mx example.org -e cat",
        "--mx example.org --transcript x -C -w 5 -i 5 -q 1",
        "-z --mx example.org -v",
    ] {
        assert_eq!(start(line).warnings, [""; 0], "{line}");
    }
    assert!(matches!(connecting("--mx example.org -s 127.0.0.1 -p 99").source, Source::Inet { port: 99, .. }));
}

#[test]
fn what_leads_elsewhere_is_refused() {
    for line in [
        "-l --mx example.org",
        "--chat --mx example.org",
        "-u --mx example.org",
        "--sctp --mx example.org",
        "-U --mx example.org",
        "--vsock --mx example.org",
        "-n --mx example.org",
        "-g 192.0.2.1 --mx example.org",
        "--proxy p --mx example.org",
    ] {
        let why = refused(line);
        assert!(why.contains("--mx"), "{line}: {why}");
    }
}

#[test]
fn what_has_no_effect_is_told() {
    for (line, warning) in [
        ("--dns 127.0.0.1 localhost", "--dns has no effect without --mx"),
        ("-z --mx example.org 587", "a port has no effect with --mx and -z: nobody is connected to"),
        ("-z --mx example.org --ssl", "--ssl has no effect with --mx and -z: nobody is connected to"),
        ("-z --mx example.org -p 1", "-p has no effect with --mx and -z: nobody is connected to"),
    ] {
        assert_eq!(start(line).warnings, [warning], "{line}");
    }
    assert!(refused("--dns nobody localhost").contains("--dns nobody"), "a typing error is one anywhere");
    assert!(refused("--dns nobody -l").contains("--dns nobody"));
}
