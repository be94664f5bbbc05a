//! Certificates that a peer shows: what is said of them is a line each, harmless; and nobody trusts them.

use super::common::{choices, one_line};
use rncat::{
    cli::config::TlsOptions,
    tls::{ClientSettings, dtls_facts},
};
use std::cell::OnceCell;

thread_local! {
    static SETTINGS: OnceCell<ClientSettings> = const { OnceCell::new() };
}

pub(crate) fn run(data: &[u8]) {
    let Some((which, _, leaf)) = choices(data, 3) else { return };
    let lines = dtls_facts("DTLS 1.2", None, Some(leaf));
    assert!(lines.len() <= 3);
    lines.iter().for_each(|line| one_line(line));
    SETTINGS.with(|settings| {
        let settings = settings.get_or_init(|| {
            // What is not in here is not trusted, and the system's store is not asked.
            let options = TlsOptions { verify: true, fingerprint: None, ..TlsOptions::default() };
            ClientSettings::new(&options).expect("settings")
        });
        let host = ["localhost", "192.0.2.1", "*.odd name"][which];
        let (check, verdict) = settings.check(host);
        match check(leaf, &[]) {
            Ok(()) => panic!("it is trusted"),
            Err(why) => one_line(&why),
        }
        verdict.warning().iter().for_each(|it| one_line(it));
    });
}
