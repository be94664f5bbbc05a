//! TLS as the test's own peers speak it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider};
use rustls::crypto::hash::Output;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection};
use socket2::Socket;

use super::certificates::{Identity, authority_pem};

/// How a peer speaks TLS.
#[derive(Clone)]
pub(crate) enum Tls {
    /// As the server.
    Server(Arc<ServerConfig>),
    /// As the client, asking for this name.
    Client(Arc<ClientConfig>, ServerName<'static>),
}

impl Tls {
    /// A server with this identity.
    pub(crate) fn server(identity: &Identity) -> Self {
        Self::server_with(identity, |_| {})
    }

    /// A server with this identity, changed a little.
    pub(crate) fn server_with(identity: &Identity, change: fn(&mut ServerConfig)) -> Self {
        let config =
            ServerConfig::builder().with_no_client_auth().with_single_cert(identity.chain.clone(), identity.key());
        let mut config = config.unwrap();
        change(&mut config);
        Self::Server(Arc::new(config))
    }

    /// A server that asks its client for a certificate from the authority.
    pub(crate) fn server_asking_for_a_certificate() -> Self {
        let verifier = WebPkiClientVerifier::builder(Arc::new(roots())).build().unwrap();
        let identity = Identity::trusted();
        let config = ServerConfig::builder()
            .with_client_cert_verifier(verifier)
            .with_single_cert(identity.chain.clone(), identity.key());
        Self::Server(Arc::new(config.unwrap()))
    }

    /// A client that trusts the authority.
    pub(crate) fn client() -> Self {
        Self::client_with("localhost", |_| {})
    }

    /// A client that trusts the authority, changed a little.
    pub(crate) fn client_with(name: &'static str, change: fn(&mut ClientConfig)) -> Self {
        let mut config = ClientConfig::builder().with_root_certificates(roots()).with_no_client_auth();
        change(&mut config);
        Self::Client(Arc::new(config), name.try_into().unwrap())
    }

    /// A client that speaks TLS 1.2 and nothing newer.
    pub(crate) fn client_of_tls12() -> Self {
        let config = ClientConfig::builder_with_protocol_versions(&[&rustls::version::TLS12])
            .with_root_certificates(roots())
            .with_no_client_auth();
        Self::Client(Arc::new(config), "localhost".try_into().unwrap())
    }

    /// A server that speaks TLS 1.2 and nothing newer.
    pub(crate) fn server_of_tls12() -> Self {
        let identity = Identity::trusted();
        let config = ServerConfig::builder_with_protocol_versions(&[&rustls::version::TLS12])
            .with_no_client_auth()
            .with_single_cert(identity.chain.clone(), identity.key());
        Self::Server(Arc::new(config.unwrap()))
    }

    /// A client that trusts whatever it is shown.
    pub(crate) fn trusting_client() -> Self {
        Self::client_with("localhost", |config| {
            let real = WebPkiServerVerifier::builder(Arc::new(roots())).build().unwrap();
            config.dangerous().set_certificate_verifier(Arc::new(TrustsAnything(real)));
        })
    }

    pub(super) fn begin(&self) -> Connection {
        match self.clone() {
            Self::Server(config) => ServerConnection::new(config).unwrap().into(),
            Self::Client(config, name) => ClientConnection::new(config, name).unwrap().into(),
        }
    }
}

/// What one attempt to read has brought.
pub(super) enum Arrival {
    /// These bytes, perhaps none.
    Bytes(Vec<u8>),
    /// FIN after close_notify.
    Closed(Vec<u8>),
    /// FIN without close_notify.
    Truncated(Vec<u8>),
}

/// Reads once from the socket and takes what has become readable.
pub(super) fn receive(tls: &mut Connection, socket: &mut Socket) -> Result<Arrival, String> {
    let count = match tls.read_tls(socket) {
        Ok(count) => count,
        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Arrival::Bytes(vec![])),
        Err(error) => return Err(error.to_string()),
    };
    let state = tls.process_new_packets().map_err(|error| {
        // The alert that tells the other side why.
        let _ = tls.write_tls(socket);
        error.to_string()
    })?;
    let mut bytes = vec![0; state.plaintext_bytes_to_read()];
    tls.reader().read_exact(&mut bytes).map_err(|error| error.to_string())?;
    if state.peer_has_closed() {
        return Ok(Arrival::Closed(bytes));
    }
    Ok(if count == 0 { Arrival::Truncated(bytes) } else { Arrival::Bytes(bytes) })
}

/// Writes once: plaintext into rustls, and what it holds to the socket.
pub(super) fn transmit(tls: &mut Connection, socket: &mut Socket, bytes: &[u8]) -> Result<usize, String> {
    let taken = tls.writer().write(bytes).map_err(|error| error.to_string())?;
    match tls.write_tls(socket) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error.to_string()),
        _ => Ok(taken),
    }
}

/// The SHA-256 of a certificate, as fingerprints have it: `AB:CD:…`.
pub(crate) fn sha256(certificate: &CertificateDer<'_>) -> String {
    let rustls::SupportedCipherSuite::Tls13(suite) = cipher_suite::TLS13_AES_128_GCM_SHA256 else {
        panic!("a suite of TLS 1.3");
    };
    let hash: Output = suite.common.hash_provider.hash(certificate);
    let bytes: Vec<_> = hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    let authority = CertificateDer::from_pem_slice(authority_pem().as_bytes()).unwrap();
    roots.add(authority).unwrap();
    roots
}

/// For certificates that are made afresh by the program under test.
#[derive(Debug)]
struct TrustsAnything(Arc<WebPkiServerVerifier>);

impl rustls::client::danger::ServerCertVerifier for TrustsAnything {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<rustls::client::danger::ServerCertVerified, rustls::Error> {
        Ok(rustls::client::danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &rustls::DigitallySignedStruct,
    ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}
