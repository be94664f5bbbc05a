//! The sockets by which name servers are asked.
//!
//! Who is asked what, and how often, [`proto::dns`](crate::proto::dns) says. A newcomer's trap: each look-up has
//! sockets of its own, so that its answers come to a port that nobody else knows (RFC 5452, 9.2).

use crate::{
    error::why,
    proto::dns::{Over, Search, Sending},
    reactor::{ByToken, Reactor, Ready},
    stream::Flow,
    transport::{Address, Choice, Connecting, tcp::TCP, udp::UDP},
};
use mio::Token;
use std::{io, net::SocketAddr};

/// Room for a datagram; we say that we have room for less.
const DATAGRAM: usize = 4096;

/// Datagrams taken at a time.
const TURN: usize = 32;

/// See the module's description.
pub struct Questions {
    search: Search,
    /// Woken when it is time to ask again.
    token: Token,
    channels: ByToken<Channel>,
}

/// A socket, by which one server is asked for one look-up.
struct Channel {
    lookup: usize,
    server: SocketAddr,
    socket: Box<dyn Connecting>,
    /// What is left of a stream's question to be sent, and what has come of the answer.
    stream: Option<(Vec<u8>, Vec<u8>)>,
}

impl Questions {
    /// Those of `search`; `token` is woken when it is time to ask again.
    #[must_use]
    pub fn new(search: Search, token: Token) -> Self {
        Self { search, token, channels: ByToken::default() }
    }

    /// What is being looked for, and has been found.
    #[must_use]
    pub fn search(&self) -> &Search {
        &self.search
    }

    /// Whether events under `token` are for this.
    #[must_use]
    pub fn has(&self, token: Token) -> bool {
        token == self.token || self.channels.contains_key(&token)
    }

    /// Takes what has come under `token`, and asks what is to be asked now.
    pub fn advance(&mut self, token: Token, reactor: &mut Reactor) {
        if let Some(channel) = self.channels.get_mut(&token) {
            let (lookup, server, over) = (channel.lookup, channel.server, channel.over());
            let heard = channel.hear(token, reactor, |message| self.search.heard(lookup, server, over, message));
            if let Err(error) = &heard {
                self.search.failed(lookup, server, over, &why(error));
            }
            // A stream is for one answer.
            if heard.is_err() || matches!((over, heard), (Over::Tcp, Ok(true))) {
                self.channels.remove(&token);
            }
        }
        while let Some((lookup, sending)) = self.search.send(reactor.now()) {
            if let Err(error) = self.ask(lookup, &sending, reactor) {
                self.search.failed(lookup, sending.server, sending.over, &why(&error));
            }
        }
        self.channels.retain(|_, channel| self.search.is_open(channel.lookup));
        if let Some(at) = self.search.deadline() {
            reactor.wake_at(at, self.token);
        }
    }

    /// Nothing more is asked.
    pub fn close(&mut self) {
        self.channels.clear();
    }

    fn ask(&mut self, lookup: usize, sending: &Sending, reactor: &mut Reactor) -> io::Result<()> {
        let Sending { server, over, message } = sending;
        let is_same = |it: &Channel| (it.lookup, it.server, it.over()) == (lookup, *server, *over);
        if *over == Over::Tcp {
            self.channels.retain(|_, channel| !is_same(channel));
        } else if let Some(channel) = self.channels.values_mut().find(|channel| is_same(channel)) {
            return channel.socket.write(message).map(drop);
        }
        let transport = if *over == Over::Udp { &UDP } else { &TCP };
        let mut socket = (transport.connect)(&Address::Inet(*server), &Choice::default())?;
        let token = reactor.token();
        socket.register(reactor.registry(), token)?;
        let stream = match over {
            Over::Udp => {
                // What finds no room is lost, as on the way: it is asked again.
                socket.write(message)?;
                None
            }
            Over::Tcp => {
                let length = u16::try_from(message.len()).map_err(io::Error::other)?;
                Some(([&length.to_be_bytes(), message.as_slice()].concat(), Vec::new()))
            }
        };
        self.channels.insert(token, Channel { lookup, server: *server, socket, stream });
        Ok(())
    }
}

impl Channel {
    fn over(&self) -> Over {
        if self.stream.is_some() { Over::Tcp } else { Over::Udp }
    }

    /// Gives the messages that have come to `take`; `true` if there was one.
    fn hear(&mut self, token: Token, reactor: &mut Reactor, mut take: impl FnMut(&[u8])) -> io::Result<bool> {
        let mut buffer = [0; DATAGRAM];
        let Some((saying, heard)) = &mut self.stream else {
            for _ in 0..TURN {
                match self.socket.read(&mut buffer)? {
                    Flow::Moved(n) => take(buffer.get(..n).unwrap_or_default()),
                    Flow::Blocked | Flow::Ended => return Ok(true),
                }
            }
            // Others want their turn; nobody will tell of these again.
            reactor.nudge(token, Ready::READ);
            return Ok(true);
        };
        if self.socket.connected()?.is_none() {
            return Ok(false);
        }
        while !saying.is_empty() {
            match self.socket.write(saying)? {
                Flow::Moved(n) => drop(saying.drain(..n)),
                Flow::Blocked | Flow::Ended => return Ok(false),
            }
        }
        loop {
            if let Some((length, message)) = heard.split_first_chunk()
                && let Some(message) = message.get(..usize::from(u16::from_be_bytes(*length)))
            {
                take(message);
                return Ok(true);
            }
            match self.socket.read(&mut buffer)? {
                Flow::Moved(n) => heard.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                Flow::Blocked => return Ok(false),
                Flow::Ended => return Err(io::Error::other("it closed the connection without an answer")),
            }
        }
    }
}
