//! `--starttls`, `--pace`, `--play`: when what is encrypted, and what may be combined.

use super::*;
use crate::cli::config::{Pace, PaceBy, Upgrade, When};

fn upgrade(line: &str) -> Option<Upgrade> {
    config(line).upgrade
}

fn pace(line: &str) -> Option<Pace> {
    config(line).pace
}

#[test]
fn starttls_means_tls_later() {
    for line in ["--starttls smtp h 25", "--ssl --starttls SMTP h 25", "--starttls smtp --ssl-verify h 25"] {
        let config = config(line);
        assert!(config.tls.is_none(), "{line}");
        assert!(matches!(config.upgrade, Some(Upgrade { when: When::First(protocol), .. }) if protocol.name == "smtp"));
    }
    assert!(config("--starttls imap --ssl-verify h 143").verifies());
    assert!(refused("--starttls smtps h 25").contains("smtp, lmtp, pop3, imap, ftp"));
}

#[test]
fn typed_is_the_default_where_somebody_may_type() {
    assert!(matches!(upgrade("h 25").unwrap().when, When::Typed { by_default: true }));
    assert!(matches!(upgrade("--starttls typed h 25").unwrap().when, When::Typed { by_default: false }));
    assert!(matches!(upgrade("--starttls typed -e cat h 25").unwrap().when, When::Typed { by_default: false }));
    for line in
        ["--starttls never h 25", "-u h 25", "-z h 25", "-e cat h 25", "-l 25", "--ssl h 25", "--ssl-verify h 25"]
    {
        assert!(upgrade(line).is_none(), "{line}");
    }
    let both = config("--ssl-verify --starttls typed h 25");
    assert!(both.tls.is_none() && both.upgrade.is_some(), "the options are for later then");
    assert_eq!(start("--ssl --starttls typed h 25").warnings.len(), 1);
}

#[test]
fn a_listener_offers_what_its_program_can_agree_to() {
    for name in ["smtp", "pop3", "imap"] {
        let line = format!("-l --starttls {name} --ssl-cert x -c true");
        assert!(matches!(upgrade(&line), Some(Upgrade { when: When::Offered, .. })), "{line}");
        assert!(config(&line).tls.is_none());
    }
    assert!(refused("-l --starttls ldap -e x").contains("smtp, pop3 and imap"));
    assert!(refused("-l --ssl --starttls smtp -e x").contains("cannot be encrypted later"));
    assert!(refused("--chat --starttls smtp").contains("somebody has to answer"));
    assert!(refused("-u --starttls smtp h 25").contains("needs a stream"));
}

#[test]
fn pace_is_a_protocol_or_a_time() {
    assert!(
        matches!(pace("--pace smtp h 25"), Some(Pace { by: PaceBy::Protocol(it), crlf: true, .. }) if it.name == "smtp")
    );
    assert!(matches!(pace("--pace auto h 25"), Some(Pace { by: PaceBy::Auto, fail: false, .. })));
    assert!(matches!(pace("--fail h 25"), Some(Pace { by: PaceBy::Auto, fail: true, .. })));
    assert!(matches!(pace("--pace 300ms --no-crlf h 25"), Some(Pace { by: PaceBy::Quiet(_), crlf: false, .. })));
    assert_eq!(console("-C --pace smtp h 25").line_ends, LineEnds::AsTyped, "counted bytes stay as they are");
    assert!(pace("h 25").is_none());
    for line in
        ["--pace 0 h", "--pace 5x h", "--pace smtps h", "--fail --pace 1 h", "-l --pace smtp", "-u --pace line h"]
    {
        assert!(refused(line).contains("--pace"), "{line}");
    }
}

#[test]
fn a_dialogue_is_played_alone() {
    assert!(matches!(config("--play f h 25").partner, Partner::Play(path) if path.ends_with("f")));
    assert!(matches!(upgrade("--play f h 25").unwrap().when, When::Played));
    let encrypted = config("--play f --ssl h 25");
    assert!(encrypted.tls.is_some_and(|tls| tls.named) && encrypted.upgrade.is_some(), "the file may say so, too");
    let verifying = config("--play f --ssl-verify h 25");
    assert!(verifying.tls.is_some_and(|tls| !tls.named) && verifying.upgrade.is_some(), "or say when");
    for line in ["--play f -e x h", "--play f --chat", "--play f -z h 1", "--play f --fail h", "-u --play f h 1"] {
        assert!(refused(line).contains("--play"), "{line}");
    }
    assert_eq!(start("--play f -C h 1").warnings, ["-C has no effect with --play"]);
}

#[test]
fn a_transcript_is_a_tap() {
    let taps = config("--transcript t --timestamps h 1").taps;
    assert!(matches!(taps.as_slice(), [tap] if tap.format == Format::Dialogue { timestamps: true, secrets: false }));
    assert_eq!(start("--timestamps --show-secrets h 1").warnings.len(), 2);
}
