//! `--mx`: the way to the server for a domain's mail. DNS is asked, then exchangers are dialled in their order.
//!
//! A newcomer's trap: DNS goes on being asked while an exchanger is dialled; the addresses of the next one may come
//! only then. And with `-z` nobody is dialled: the records are all that was asked for.

use super::{
    Arrival,
    dial::{Dial, Dialled, How},
    dialling::{self, WAIT},
    questions::Questions,
    resolve::LookUp,
};
use crate::{
    cli::config::{Config, Connect, Mail},
    error::{Error, Result, why},
    proto::dns::{self, Search, Servers},
    reactor::Reactor,
    report::Report,
    transport::Address,
};
use mio::Token;
use std::{
    io::{self, Write},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

/// How long a silent exchanger keeps the next one waiting, if `-w` does not make that less.
const SILENCE: Duration = Duration::from_secs(5);

/// How long the other addresses of an exchanger are waited for: the Resolution Delay of RFC 8305, 3.
const DELAY: Duration = Duration::from_millis(50);

/// How long all other records are waited for that are to be shown before connecting, if a quarter of `-w` is not less.
const SHOWN: Duration = Duration::from_secs(1);

/// See the module's description.
pub struct Exchangers {
    mail: Mail,
    questions: Questions,
    from: LookUp,
    how: How,
    token: Token,
    state: State,
    /// Whose turn it is, until when if there is another, and since when it has an address.
    turn: usize,
    turn_until: Option<Instant>,
    since: Option<Instant>,
    failures: Vec<Failure>,
    /// The records have been shown.
    told: bool,
    /// `-z`.
    probe: bool,
    until: Option<Instant>,
    wait: Duration,
    report: Report,
}

enum State {
    /// For the address of the exchanger whose turn it is.
    Asking,
    Dialling(Dial, Rc<str>),
    Done,
}

/// An exchanger that has had its turn.
struct Failure {
    error: Error,
    /// It has an address.
    dialled: bool,
    refused: bool,
}

impl Exchangers {
    /// Begins to ask.
    ///
    /// # Errors
    /// When the address to connect from is known at once not to be one.
    pub fn begin(
        config: &Config,
        connect: &Connect,
        mail: &Mail,
        reactor: &mut Reactor,
        report: Report,
    ) -> Result<Self> {
        let token = reactor.token();
        let servers = match mail.dns {
            Some(server) => Servers::one(server),
            // One that cannot be read is like one that is not there.
            None => {
                let file = std::fs::read("/etc/resolv.conf").unwrap_or_default();
                Servers::of(&String::from_utf8_lossy(&file), crate::transport::socket::interface)
            }
        };
        let list: Vec<_> = servers.list.iter().map(SocketAddr::to_string).collect();
        report.detail(2, format_args!("Asking {} for the mail exchangers of {}.", list.join(", "), mail.domain));
        let shows = connect.probe || report.shows(1);
        let search = Search::new(mail.domain.clone(), config.family, shows, servers, dns::random);
        let wait = connect.wait.unwrap_or(WAIT);
        let from = dialling::source(&connect.source, config, token, reactor)?;
        reactor.wake_at(reactor.now(), token);
        reactor.wake_in(wait, token);
        Ok(Self {
            mail: mail.clone(),
            questions: Questions::new(search, token),
            from,
            how: How { transport: config.transport, from: Vec::new(), ip_options: Vec::new() },
            token,
            state: State::Asking,
            turn: 0,
            turn_until: None,
            since: None,
            failures: Vec::new(),
            told: !shows,
            probe: connect.probe,
            until: reactor.now().checked_add(wait),
            wait,
            report,
        })
    }

    /// What has come of an event or alarm under `token`.
    ///
    /// # Errors
    /// When nobody takes the domain's mail, or none of those who do can be reached.
    pub fn advance(&mut self, token: Token, reactor: &mut Reactor) -> Result<Option<Arrival>> {
        let ours = match &self.state {
            State::Done => false,
            State::Dialling(dial, _) => dial.has(token) || self.questions.has(token),
            State::Asking => self.questions.has(token),
        };
        if !ours {
            return Ok(None);
        }
        self.questions.advance(token, reactor);
        let is_late = self.until.is_some_and(|until| until <= reactor.now());
        if self.probe {
            return self.probed(is_late).map(|()| None);
        }
        loop {
            let goes_on = match &mut self.state {
                State::Asking => self.next(reactor)?,
                State::Dialling(dial, host) => match dial.advance(token, reactor) {
                    Ok(Some(dialled)) => {
                        let host = Rc::clone(host);
                        return self.arrived(dialled, host).map(Some);
                    }
                    Ok(None) => self.has_had_its_turn(reactor),
                    Err(error) => {
                        let refused = error.kind() == io::ErrorKind::ConnectionRefused;
                        let host = Rc::clone(host);
                        let error = error.about(&self.target(&host));
                        self.failed(Failure { error, dialled: true, refused });
                        true
                    }
                },
                State::Done => false,
            };
            match goes_on {
                true => {}
                false if is_late => return Err(self.timed_out()),
                false => return Ok(None),
            }
        }
    }

    /// Whether there is nobody left to dial.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Looks whether the exchanger whose turn it is can be dialled, or has had it. `true` if one of them is so.
    fn next(&mut self, reactor: &mut Reactor) -> Result<bool> {
        let now = reactor.now();
        let search = self.questions.search();
        let exchangers = match search.exchangers() {
            Ok(Some(exchangers)) if self.from.is_done()? => exchangers,
            Ok(_) => return Ok(false),
            Err(error) => {
                self.tell();
                return Err(error);
            }
        };
        let Some(exchanger) = exchangers.get(self.turn) else {
            self.tell();
            return Err(self.all_failed());
        };
        let others = exchangers.len() - self.turn - 1;
        let turn = share(self.until.map(|until| until.saturating_duration_since(now)), others);
        if others > 0 && self.turn_until.is_none() {
            self.turn_until = Some(now + turn);
            reactor.wake_at(now + turn, self.token);
        }
        let addresses = search.addresses(exchanger);
        if addresses.is_empty() {
            if !search.is_known(exchanger) {
                return Ok(self.has_had_its_turn(reactor));
            }
            let error = Error::network(format!("connect to {}", self.target(&exchanger.name)), search.why(exchanger));
            self.failed(Failure { error, dialled: false, refused: false });
            return Ok(true);
        }
        let (settled, patience) = match self.told {
            true => (search.is_known(exchanger), DELAY),
            false => (search.is_over(), SHOWN.min(self.wait / 4)),
        };
        let ready = *self.since.get_or_insert(now) + patience;
        if !settled && now < ready {
            reactor.wake_at(ready, self.token);
            return Ok(false);
        }
        let host: Rc<str> = exchanger.name.as_str().into();
        let port = self.mail.port;
        let to = addresses.into_iter().map(|ip| Address::Inet(SocketAddr::new(ip, port))).collect();
        self.tell();
        self.report.detail(1, format_args!("Connecting to {}.", self.target(&host)));
        let how = How { from: self.from.found().to_vec(), ..self.how.clone() };
        self.state = State::Dialling(Dial::new(self.token, to, how), host);
        // What DNS has taken is not the exchanger's fault: its turn begins now.
        self.turn_until = self.turn_until.map(|_| now + turn);
        self.turn_until.into_iter().for_each(|at| reactor.wake_at(at, self.token));
        // Nobody waits for an answer, so nobody wakes us but ourselves.
        reactor.wake_at(now, self.token);
        Ok(true)
    }

    /// Goes on to the next exchanger if this one has been silent for too long.
    fn has_had_its_turn(&mut self, reactor: &Reactor) -> bool {
        if self.turn_until.is_none_or(|until| reactor.now() < until) {
            return false;
        }
        let exchangers = self.questions.search().exchangers().ok().flatten().unwrap_or_default();
        let Some(exchanger) = exchangers.get(self.turn) else { return false };
        let (tried, dialled) = match &self.state {
            State::Dialling(dial, _) => (dial.tried(), true),
            _ => ("DNS has not answered".to_owned(), false),
        };
        let error = Error::network(format!("connect to {}", self.target(&exchanger.name)), format!("TIMEOUT. {tried}"));
        self.failed(Failure { error, dialled, refused: false });
        true
    }

    fn failed(&mut self, failure: Failure) {
        self.report.detail(1, &failure.error);
        self.failures.push(failure);
        (self.state, self.turn, self.turn_until, self.since) = (State::Asking, self.turn + 1, None, None);
    }

    fn arrived(&mut self, dialled: Dialled, host: Rc<str>) -> Result<Arrival> {
        let Dialled { token, to, socket } = dialled;
        let local = socket.local().map_err(|error| Error::network(self.target(&host), why(&error)))?;
        self.report.detail(1, format_args!("Connected to {to}. This end is {local}."));
        self.end();
        Ok(Arrival { token, socket, remote: to, local, door: 0, host: Some(host) })
    }

    /// `-z`: shows the records once all are there, or time is up.
    fn probed(&mut self, is_late: bool) -> Result<()> {
        let search = self.questions.search();
        if matches!(search.exchangers(), Ok(None)) && is_late {
            return Err(self.timed_out());
        }
        if !search.is_over() && !is_late {
            return Ok(());
        }
        let records: String = search.records().into_iter().map(|line| line + "\n").collect();
        let mut stdout = io::stdout();
        match stdout.write_all(records.as_bytes()).and_then(|()| stdout.flush()) {
            // `rncat -z --mx example.org | head -1` is nobody's mistake.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(Error::usage("write the records to stdout", why(&error)));
            }
            _ => {}
        }
        search.notes().iter().for_each(|note| self.report.note(note));
        let exchangers = search.exchangers()?.unwrap_or_default();
        if !exchangers.iter().any(|it| !search.addresses(it).is_empty()) {
            return Err(search.nowhere());
        }
        self.end();
        Ok(())
    }

    fn end(&mut self) {
        self.questions.close();
        self.state = State::Done;
    }

    /// Shows the records, once.
    fn tell(&mut self) {
        if !std::mem::replace(&mut self.told, true) {
            let search = self.questions.search();
            search.records().iter().chain(&search.notes()).for_each(|line| self.report.detail(1, line));
        }
    }

    fn all_failed(&self) -> Error {
        if !self.failures.iter().any(|failure| failure.dialled) {
            return self.questions.search().nowhere();
        }
        if let [Failure { error, .. }] = self.failures.as_slice() {
            return error.clone();
        }
        let error = Error::network(self.what(), self.tried());
        match self.failures.iter().all(|failure| failure.refused) {
            true => error.hint("nobody listens there: is that the right port?"),
            false => error.hint(self.advice()),
        }
    }

    fn timed_out(&self) -> Error {
        let after = format!("TIMEOUT. No connection within {} s", self.wait.as_secs_f32());
        let hint = "-w sets how long to wait";
        if let State::Dialling(dial, host) = &self.state {
            let mut tried = vec![format!("{}: {}", self.target(host), dial.tried())];
            if !self.failures.is_empty() {
                tried.insert(0, self.tried());
            }
            let why = format!("{after} ({})", tried.join("; "));
            return Error::network(self.what(), why).hint(format!("{}; {hint}", self.advice()));
        }
        let why = match self.questions.search().waits_for() {
            Some(servers) => format!("{after}: no answer from {servers}"),
            None => after,
        };
        Error::network(self.questions.search().what(), why)
            .hint(format!("is the network up? --dns ADDRESS asks another name server, {hint}"))
    }

    /// Each of those that have had their turn, and why it has failed.
    fn tried(&self) -> String {
        let exchangers = self.questions.search().exchangers().ok().flatten().unwrap_or_default();
        let tried = exchangers.iter().zip(&self.failures);
        let tried: Vec<_> =
            tried.map(|(it, failure)| format!("{}: {}", self.target(&it.name), failure.error.why())).collect();
        tried.join("; ")
    }

    fn advice(&self) -> &'static str {
        match self.mail.port {
            25 => "many networks let nobody out to port 25",
            _ => "is a firewall in the way, or is it another port?",
        }
    }

    fn what(&self) -> String {
        format!("connect to the mail server of {}", self.mail.domain)
    }

    fn target(&self, name: &str) -> String {
        format!("{name}:{}", self.mail.port)
    }
}

/// How long an exchanger may be silent when so many others come after it: its part of the time that is left.
fn share(left: Option<Duration>, others: usize) -> Duration {
    let parts = u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1);
    left.and_then(|left| left.checked_div(parts)).map_or(SILENCE, |part| part.min(SILENCE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_exchanger_has_its_part_of_the_time_and_never_more_than_five_seconds() {
        let seconds = Duration::from_secs;
        assert_eq!(share(Some(seconds(4)), 1), seconds(2));
        assert_eq!(share(Some(seconds(9)), 2), seconds(3));
        assert_eq!(share(Some(seconds(60)), 1), seconds(5));
        assert_eq!(share(None, 3), seconds(5));
        assert_eq!(share(Some(Duration::ZERO), 3), Duration::ZERO);
    }
}
