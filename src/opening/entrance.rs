//! Where connections come from: a peer that is dialled, or clients that are let in.

use super::{
    Arrival,
    dial::{Dial, Dialled},
    gate::Gate,
    resolve::Question,
};
use crate::{
    cli::config::{Config, Connect, Mode},
    error::{Error, Result, why},
    reactor::Reactor,
    report::Report,
};
use mio::Token;
use std::{
    net::SocketAddr,
    sync::mpsc::Receiver,
    time::{Duration, Instant},
};

/// How long connecting may take when `-w` does not say: what Ncat waits.
const WAIT: Duration = Duration::from_secs(10);

/// See the module's description.
pub enum Entrance {
    /// Connect mode.
    Dial(Box<Dialling>),
    /// Listen mode.
    Gate(Gate),
}

/// Connect mode's way to its peer.
pub struct Dialling {
    target: String,
    token: Token,
    state: State,
    until: Option<Instant>,
    wait: Duration,
    report: Report,
}

enum State {
    LookingUp { to: Receiver<Answer>, from: Vec<SocketAddr> },
    LookingUpSource { source: Receiver<Answer>, question: Question },
    Dialling(Dial),
    Done,
}

type Answer = Result<Vec<SocketAddr>>;

impl Entrance {
    /// Opens it: listens, or begins to connect.
    ///
    /// # Errors
    /// When an address cannot be listened on, or the peer is known at once to be out of reach.
    pub fn open(config: &Config, reactor: &mut Reactor, report: Report) -> Result<Self> {
        match &config.mode {
            Mode::Listen(listen) => Gate::open(listen, config.family, config.numeric, reactor, report).map(Self::Gate),
            Mode::Connect(connect) => Dialling::begin(config, connect, reactor, report).map(Box::new).map(Self::Dial),
        }
    }

    /// What has come of an event or alarm under `token`; `present` clients are there already.
    ///
    /// # Errors
    /// When the peer cannot be reached.
    pub fn advance(&mut self, token: Token, present: usize, reactor: &mut Reactor) -> Result<Vec<Arrival>> {
        match self {
            Self::Gate(gate) if gate.has(token) => Ok(gate.accept(token, present, reactor)),
            Self::Gate(_) => Ok(Vec::new()),
            Self::Dial(dialling) => dialling.advance(token, reactor).map(Vec::from_iter),
        }
    }
}

impl Dialling {
    fn begin(config: &Config, connect: &Connect, reactor: &mut Reactor, report: Report) -> Result<Self> {
        let (family, numeric) = (config.family, config.numeric);
        let token = reactor.token();
        let wait = connect.wait.unwrap_or(WAIT);
        let question = Question { host: connect.host.clone(), port: connect.port, family, numeric };
        let mut dialling = Self {
            target: target(&connect.host, connect.port),
            token,
            state: State::Done,
            // A time too far away to be counted is never.
            until: reactor.now().checked_add(wait),
            wait,
            report,
        };
        reactor.wake_in(wait, token);
        let unbound = || SocketAddr::from(([0, 0, 0, 0], connect.source_port));
        match &connect.source {
            Some(host) => {
                let source = Question { host: host.clone(), port: connect.source_port, family, numeric };
                match source.literal() {
                    Some(from) => dialling.look_up(question, from?, reactor)?,
                    None => {
                        let source = source.ask_aside(reactor.helper(token)?)?;
                        dialling.state = State::LookingUpSource { source, question };
                    }
                }
            }
            None if connect.source_port != 0 => {
                let v6 = SocketAddr::from((std::net::Ipv6Addr::UNSPECIFIED, connect.source_port));
                dialling.look_up(question, vec![v6, unbound()], reactor)?;
            }
            None => dialling.look_up(question, Vec::new(), reactor)?,
        }
        Ok(dialling)
    }

    fn look_up(&mut self, question: Question, from: Vec<SocketAddr>, reactor: &mut Reactor) -> Result<()> {
        self.state = match question.literal() {
            Some(to) => {
                let dial = Dial::new(self.token, to?, from);
                // Nobody waits for an answer, so nobody wakes us but ourselves.
                reactor.wake_at(reactor.now(), self.token);
                State::Dialling(dial)
            }
            None => State::LookingUp { to: question.ask_aside(reactor.helper(self.token)?)?, from },
        };
        Ok(())
    }

    fn advance(&mut self, token: Token, reactor: &mut Reactor) -> Result<Option<Arrival>> {
        let ours = match &self.state {
            State::Done => false,
            State::Dialling(dial) => dial.has(token),
            _ => token == self.token,
        };
        if !ours {
            return Ok(None);
        }
        if let State::LookingUpSource { source, question } = &self.state
            && let Ok(from) = source.try_recv()
        {
            let question = question.clone();
            self.look_up(question, from?, reactor)?;
        }
        if let State::LookingUp { to, from } = &mut self.state
            && let Ok(to) = to.try_recv()
        {
            let (to, from) = (to?, std::mem::take(from));
            let list = to.iter().map(|it| it.ip().to_string()).collect::<Vec<_>>().join(", ");
            self.report.detail(1, format_args!("{} resolved to {list}.", self.target));
            self.state = State::Dialling(Dial::new(self.token, to, from));
        }
        if let State::Dialling(dial) = &mut self.state
            && let Some(Dialled { token, to, socket }) =
                dial.advance(token, reactor).map_err(|error| error.about(&self.target))?
        {
            let local = socket.local_addr().map_err(|error| Error::network(self.target.clone(), why(&error)))?;
            self.report.detail(1, format_args!("Connected to {to}. This end is {local}."));
            self.state = State::Done;
            return Ok(Some(Arrival { token, socket, remote: to, local }));
        }
        if self.until.is_some_and(|until| until <= reactor.now()) {
            return Err(self.timed_out());
        }
        Ok(None)
    }

    fn timed_out(&self) -> Error {
        let after = format!("TIMEOUT. No connection within {} s", self.wait.as_secs_f32());
        let (why, hint) = match &self.state {
            State::Dialling(dial) => (format!("{after} ({})", dial.tried()), "is a firewall in the way?"),
            _ => (format!("{after}: the name look-up has not answered"), "is the network up?"),
        };
        Error::network(format!("connect to {}", self.target), why).hint(format!("{hint} -w sets how long to wait"))
    }
}

/// Host and port as they are written together.
fn target(host: &str, port: u16) -> String {
    let host = crate::report::escape(host.as_bytes());
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}
