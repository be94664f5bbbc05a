//! The layer around the origin's stream: what is read from it is what the client gets.
//!
//! A newcomer's trap: whatever goes wrong before there is a response, the client gets one, of our
//! own. Reading ends in order then; only a response that breaks off is an error.

use super::{HEAD, outgoing::Outgoing};
use crate::{
    proto::http::exchange::Exchange,
    stream::{Flow, Stream},
};
use std::{cell::RefCell, io, rc::Rc};

/// See the module's description.
pub(super) struct OriginSide {
    inner: Box<dyn Stream>,
    exchange: Rc<RefCell<Exchange>>,
    /// What was read of the origin and not yet used; of bounded size.
    early: Vec<u8>,
    /// Heads for the client.
    made: Outgoing,
}

impl OriginSide {
    pub(super) fn new(inner: Box<dyn Stream>, exchange: Rc<RefCell<Exchange>>) -> Self {
        Self { inner, exchange, early: Vec::new(), made: Outgoing::default() }
    }

    /// Reads towards the head of the response; false when nothing can be read now.
    fn read_head(&mut self, buffer: &mut [u8]) -> bool {
        let most = buffer.len().min(HEAD);
        let read = self.inner.read(buffer.get_mut(..most).unwrap_or_default());
        let mut exchange = self.exchange.borrow_mut();
        let made = match read {
            Ok(Flow::Blocked) => return false,
            Ok(Flow::Moved(n)) => {
                self.early.extend_from_slice(buffer.get(..n).unwrap_or_default());
                exchange.response_head(&mut self.early)
            }
            // It has a response to this, if it had none.
            Ok(Flow::Ended) | Err(_) => exchange.origin_ended().unwrap_or_default(),
        };
        self.made.push(made);
        true
    }

    /// Reads on in the body; `None` when what was read was but framing.
    fn read_body(&mut self, buffer: &mut [u8]) -> io::Result<Option<Flow>> {
        let mut exchange = self.exchange.borrow_mut();
        let wants = exchange.response_wants().min(buffer.len());
        let n = match self.early.len().min(wants) {
            0 => match self.inner.read(buffer.get_mut(..wants).unwrap_or_default()) {
                Ok(Flow::Moved(n)) => n,
                Ok(Flow::Blocked) => return Ok(Some(Flow::Blocked)),
                Ok(Flow::Ended) => {
                    return match exchange.origin_ended() {
                        Ok(_) => Ok(Some(Flow::Ended)),
                        Err(_) => Err(io::ErrorKind::UnexpectedEof.into()),
                    };
                }
                Err(error) => {
                    let _ = exchange.origin_ended();
                    return Err(error);
                }
            },
            n => {
                buffer.iter_mut().zip(self.early.drain(..n)).for_each(|(to, from)| *to = from);
                n
            }
        };
        let read = buffer.get_mut(..n).unwrap_or_default();
        let passed = exchange.from_origin(read).map_err(|bad| io::Error::new(io::ErrorKind::UnexpectedEof, bad.0))?;
        let rest = read.get(passed.used..).unwrap_or_default();
        if !rest.is_empty() {
            self.early.splice(..0, rest.iter().copied());
        }
        Ok((passed.kept > 0).then_some(Flow::Moved(passed.kept)))
    }
}

impl Stream for OriginSide {
    crate::stream::forward!(register, write, timeout, flush, hang_up, broken, break_off, undelivered, deadline);

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Flow> {
        loop {
            if !self.made.is_empty() {
                return Ok(Flow::Moved(self.made.fill(buffer)));
            }
            let (has_response, wants) = {
                let exchange = self.exchange.borrow();
                (exchange.has_response(), exchange.response_wants())
            };
            if !has_response {
                if !self.read_head(buffer) {
                    return Ok(Flow::Blocked);
                }
            } else if wants == 0 {
                return Ok(Flow::Ended);
            } else if let Some(flow) = self.read_body(buffer)? {
                return Ok(flow);
            }
        }
    }

    fn finish(&mut self) -> io::Result<()> {
        // Many servers take a FIN for the client's having gone away.
        if self.exchange.borrow().request_is_bad() { self.inner.finish() } else { Ok(()) }
    }
}
