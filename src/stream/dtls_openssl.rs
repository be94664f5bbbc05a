//! The DTLS layer of the cargo feature `dtls-openssl`: OpenSSL's state machine around any stream
//! of datagrams, in connect mode.
//!
//! A newcomer's trap: OpenSSL keeps its own clock. It sends again when it is called and finds that
//! the time has come, so the layer only has to call it often enough.

use super::{Flow, Handshaking, Stream, dtls::LARGEST, goodbye::Goodbye, tls::Failure};
use crate::{
    clock,
    error::{Error, Result},
    tls::{
        OpensslCheck, dtls_facts,
        dtls_openssl::{certificates, words},
    },
};
use mio::{Registry, Token};
use openssl::ssl::{self, ErrorCode, Ssl, SslStream};
use std::{
    io::{self, Read, Write},
    task::Poll,
    time::{Duration, Instant},
};

/// How often OpenSSL is asked whether something is to be sent again.
const LOOK: Duration = Duration::from_millis(250);

/// DTLS over a stream of datagrams. Take it through [`Handshaking::handshake`] before anything else.
pub struct Dtls {
    stream: SslStream<Below>,
    check: Option<OpensslCheck>,
    wake: Option<Instant>,
    failure: Option<Failure>,
    goodbye: Goodbye,
}

/// The stream below, as OpenSSL wants to see it.
struct Below(Box<dyn Stream>);

impl Dtls {
    /// `ssl` is one that has not begun its handshake; `check` judges the certificates.
    ///
    /// # Errors
    /// When OpenSSL has no memory left.
    pub fn new(inner: Box<dyn Stream>, mut ssl: Ssl, check: OpensslCheck) -> Result<Self> {
        ssl.set_connect_state();
        let stream = SslStream::new(ssl, Below(inner)).map_err(|stack| Error::network("set up DTLS", words(&stack)))?;
        let (check, wake) = (Some(check), Some(clock::now()));
        Ok(Self { stream, check, wake, failure: None, goodbye: Goodbye::Unsaid })
    }

    fn inner(&mut self) -> &mut dyn Stream {
        &mut *self.stream.get_mut().0
    }

    /// What an error of OpenSSL comes to; `None` if it only has to wait.
    fn explain(&mut self, error: ssl::Error) -> Option<io::Error> {
        match error.code() {
            ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => return None,
            _ => {}
        }
        let why = match error.ssl_error() {
            Some(stack) => format!("OpenSSL says: {}", words(stack)),
            None => return Some(error.into_io_error().unwrap_or_else(|_| io::ErrorKind::ConnectionAborted.into())),
        };
        let failure = Failure { why, hint: None };
        self.failure = Some(failure.clone());
        Some(io::Error::new(io::ErrorKind::InvalidData, failure))
    }
}

impl Handshaking for Dtls {
    fn handshake(&mut self) -> io::Result<Poll<()>> {
        self.wake = clock::now().checked_add(LOOK);
        if let Err(error) = self.stream.do_handshake() {
            return self.explain(error).map_or(Ok(Poll::Pending), Err);
        }
        self.wake = None;
        if let Some(Err(failure)) = self.check.take().map(|check| check(self.stream.ssl())) {
            self.failure = Some(failure.clone());
            return Err(io::Error::new(io::ErrorKind::InvalidData, failure));
        }
        self.inner().flush()
    }

    fn facts(&self) -> Vec<String> {
        let ssl = self.stream.ssl();
        let shown = certificates(ssl);
        let mut version = "DTLS 1.2 by OpenSSL".to_owned();
        for (what, name) in [
            ("", ssl.current_cipher().and_then(|cipher| cipher.standard_name()).map(str::as_bytes)),
            ("ALPN ", ssl.selected_alpn_protocol()),
        ] {
            version.extend(name.map(|name| format!(", {what}{}", crate::report::escape(name))));
        }
        dtls_facts(&version, None, shown.first().map(|leaf| &**leaf))
    }
}

impl Stream for Dtls {
    fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        self.inner().register(registry, token)
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        if buffer.is_empty() {
            return Ok(Flow::Blocked);
        }
        match self.stream.ssl_read(buffer) {
            Ok(n) => Ok(Flow::Moved(n)),
            Err(error) if error.code() == ErrorCode::ZERO_RETURN => Ok(Flow::Ended),
            Err(error) => self.explain(error).map_or(Ok(Flow::Blocked), Err),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<Flow> {
        if self.goodbye != Goodbye::Unsaid {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if bytes.len() > LARGEST {
            let why =
                format!("a datagram of {} bytes is too long for DTLS, which takes {LARGEST} at most", bytes.len());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, Failure { why, hint: None }));
        }
        if bytes.is_empty() {
            // OpenSSL has no empty records.
            return Ok(Flow::Moved(0));
        }
        match self.stream.ssl_write(bytes) {
            Ok(n) => Ok(Flow::Moved(n)),
            Err(error) => self.explain(error).map_or(Ok(Flow::Blocked), Err),
        }
    }

    fn flush(&mut self) -> io::Result<Poll<()>> {
        let mut goodbye = self.goodbye;
        let passed_on = goodbye.pass_on(self.inner());
        self.goodbye = goodbye;
        passed_on
    }

    fn finish(&mut self) -> io::Result<()> {
        // There is no half-close, and whoever hears close_notify answers nothing any more.
        if self.goodbye == Goodbye::Unsaid {
            self.goodbye = Goodbye::Finished;
        }
        Ok(())
    }

    fn hang_up(&mut self) -> io::Result<()> {
        if matches!(self.goodbye, Goodbye::Unsaid | Goodbye::Finished) {
            self.goodbye = Goodbye::HangingUp;
            // Whether it can be said depends on how far the handshake has come.
            let _ = self.stream.shutdown();
        }
        Ok(())
    }

    fn broken(&mut self) -> io::Result<()> {
        self.inner().broken()
    }

    fn undelivered(&self) -> usize {
        self.stream.get_ref().0.undelivered()
    }

    fn is_datagram(&self) -> bool {
        true
    }

    fn deadline(&self) -> Option<Instant> {
        let below = self.stream.get_ref().0.deadline();
        self.wake.into_iter().chain(below).min()
    }

    fn timeout(&mut self, now: Instant) -> io::Result<()> {
        self.inner().timeout(now)
    }
}

impl Read for Below {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer)? {
                // To OpenSSL nothing is the end; and no record is empty.
                Flow::Moved(0) => {}
                Flow::Moved(n) => return Ok(n),
                Flow::Blocked => return Err(io::ErrorKind::WouldBlock.into()),
                Flow::Ended => return Ok(0),
            }
        }
    }
}

impl Write for Below {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes)? {
            Flow::Moved(n) => Ok(n),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
