//! A world for the whole program: a network, a user and a clock that exist in memory alone, so that hours pass in
//! seconds, and each time in the same way.
//!
//! The program is the real one, from its command line to its exit status. It meets the world in four places: the
//! [clock](crate::clock), the wait of the [reactor](crate::reactor), a [transport](net::TRANSPORT), and stdin, stdout
//! and stderr.
//!
//! A newcomer's trap: time passes only while the program waits. What it computes takes none.

mod net;
mod peer;
mod socket;
mod tests;

use crate::{
    cli::{self, Outcome},
    engine,
    error::{Error, Exit, Result},
    reactor::Ready,
    stream::Stream,
};
use mio::Token;
use net::{Event, Net, Owner};
use peer::{Peer, Plan};
use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
    time::{Duration, Instant},
};

thread_local! {
    static NET: RefCell<Option<Net>> = const { RefCell::new(None) };
    static PEERS: RefCell<Vec<Option<Peer>>> = const { RefCell::new(Vec::new()) };
    static SERVERS: RefCell<BTreeMap<SocketAddr, Server>> = const { RefCell::new(BTreeMap::new()) };
    static LINES: RefCell<Vec<(Duration, String)>> = const { RefCell::new(Vec::new()) };
    static LEFT: Cell<Left> = const { Cell::new(Left { endpoints: 0, openings: 0, present: 0 }) };
}

/// What the program has not put away when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) endpoints: usize,
    pub(crate) openings: usize,
    pub(crate) present: usize,
}

/// Who answers where the program connects to.
pub(crate) enum Server {
    /// Somebody, each time with the next plan; nobody when there is none left.
    Accepts(VecDeque<Plan>),
    /// Nobody ever does.
    BlackHole,
}

/// The world of this thread, for as long as it lives.
pub(crate) struct World;

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Ran {
    /// `None` if the world ended before.
    pub(crate) exit: Option<Exit>,
    /// When the program ended.
    pub(crate) at: Duration,
    /// What was said on stderr, and when.
    pub(crate) lines: Vec<(Duration, String)>,
    pub(crate) left: Left,
    /// Connections of the program's that it has not dropped.
    pub(crate) open: usize,
}

impl World {
    /// A world that ends after so long.
    pub(crate) fn new(seed: u64, ends_after: Duration) -> Self {
        NET.set(Some(Net::new(seed, ends_after)));
        PEERS.set(Vec::new());
        SERVERS.take();
        LINES.take();
        Self
    }

    /// Everybody is on the local network.
    pub(crate) fn nearby(self) -> Self {
        with(|net| net.is_near = true);
        self
    }

    /// Whoever is at stdin and stdout.
    pub(crate) fn user(&self, plan: Plan) -> usize {
        let conn = with(|net| net.console());
        add(conn, plan)
    }

    /// Who waits at an address that the program connects to.
    pub(crate) fn server(&self, at: &str, server: Server) {
        SERVERS.with_borrow_mut(|servers| servers.insert(at.parse().unwrap(), server));
    }

    /// Somebody who connects to where the program listens, after so long.
    pub(crate) fn client(&self, after: Duration, to: &str, plan: Plan) -> usize {
        let conn = with(|net| net.call(to.parse().unwrap(), after));
        add(conn, plan)
    }

    /// Runs the program.
    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        let argv = ["rncat", "--no-sandbox", "-n"].iter().chain(words).map(Into::into);
        let Outcome::Run(mut start) = cli::parse(argv) else { panic!("{words:?} is no command line") };
        start.config.transport = &socket::TRANSPORT;
        let ran = engine::run(&start.config, start.report);
        let exit = match ran {
            Ok(exit) => Some(exit),
            Err(_) if with(|net| net.is_over) => None,
            Err(error) => {
                start.report.error(&error);
                Some(error.exit())
            }
        };
        let (at, open) = with(|net| (net.passed(), net.open()));
        // What is still on its way arrives, and is heard.
        goes_on(None);
        Ran { exit, at, lines: LINES.take(), left: LEFT.get(), open }
    }

    /// How somebody has fared.
    pub(crate) fn peer<T>(&self, id: usize, look: impl FnOnce(&Peer) -> T) -> T {
        PEERS.with_borrow(|peers| look(peers[id].as_ref().unwrap()))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // They are streams, which look for the network when they are dropped.
        PEERS.take();
        NET.set(None);
    }
}

/// The time in the world of this thread, if there is one.
pub(crate) fn now() -> Option<Instant> {
    NET.with_borrow(|net| net.as_ref().map(|net| net.now))
}

/// stdin and stdout there.
pub(crate) fn console() -> Option<Box<dyn Stream>> {
    now().map(|_| socket::stdio())
}

/// Keeps a line of stderr; whether there is a world for it.
pub(crate) fn hears(line: &str) -> bool {
    let Some(at) = now() else { return false };
    let at = at - with(|net| net.begun);
    LINES.with_borrow_mut(|lines| lines.push((at, line.trim_end().to_owned())));
    true
}

/// The program ends, and has not put these away.
pub(crate) fn leaves(left: Left) {
    LEFT.set(left);
}

/// Lets the world go on until something has become possible, or for so long.
///
/// # Errors
/// At the end of the world.
pub(crate) fn wait(time: Option<Duration>, events: &mut Vec<(Token, Ready)>) -> Result<()> {
    goes_on(with(|net| time.and_then(|time| net.now.checked_add(time))));
    with(|net| events.append(&mut net.ready));
    if with(|net| net.is_over) { Err(Error::usage("the simulation", "it is over")) } else { Ok(()) }
}

fn goes_on(until: Option<Instant>) {
    while let Some(event) = with(|net| net.next(until)) {
        if let Event::Knocks(conn, to) = event {
            knocks(conn, to);
        } else {
            with(|net| net.happens(event));
        }
        while let Some(id) = with(|net| net.woken.pop_front()) {
            let peer = PEERS.with_borrow_mut(|peers| peers.get_mut(id).and_then(Option::take));
            if let Some(mut peer) = peer {
                peer.acts();
                PEERS.with_borrow_mut(|peers| peers[id] = Some(peer));
            }
        }
    }
}

/// The program wants to connect to somebody.
fn knocks(conn: usize, to: SocketAddr) {
    let plan = SERVERS.with_borrow_mut(|servers| match servers.get_mut(&to) {
        Some(Server::Accepts(plans)) => plans.pop_front().map(Some),
        Some(Server::BlackHole) => Some(None),
        None => None,
    });
    match plan {
        Some(Some(plan)) => {
            with(|net| net.answers(conn, true));
            let id = add(conn, plan);
            with(|net| net.woken.push_back(id));
        }
        Some(None) => {}
        None => with(|net| net.answers(conn, false)),
    }
}

fn add(conn: usize, plan: Plan) -> usize {
    let id = PEERS.with_borrow(Vec::len);
    let peer = Peer::new(id, conn, plan);
    with(|net| net.owns((conn, 1), Owner::Peer(id)));
    PEERS.with_borrow_mut(|peers| peers.push(Some(peer)));
    id
}

fn with<T>(f: impl FnOnce(&mut Net) -> T) -> T {
    NET.with_borrow_mut(|net| f(net.as_mut().unwrap()))
}
