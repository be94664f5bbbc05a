//! Files of certificates and keys: whatever is in them, a line says what is wrong.

use super::common::{choices, file, one_line};
use rncat::{cli::config::TlsOptions, tls::ClientSettings};

pub(crate) fn run(data: &[u8]) {
    let Some((which, _, bytes)) = choices(data, 3) else { return };
    let file = file(bytes);
    let path = Some(file.path().to_owned());
    let options = match which {
        0 => TlsOptions { trust_file: path, ..TlsOptions::default() },
        1 => TlsOptions { cert: path, ..TlsOptions::default() },
        _ => TlsOptions { cert: path.clone(), key: path, ..TlsOptions::default() },
    };
    match ClientSettings::new(&options) {
        Ok(_) => assert!(bytes.windows(10).any(|it| it == b"-----BEGIN"), "of nothing"),
        Err(error) => one_line(&error.to_string()),
    }
}
