//! Clients whose addresses are not proven: each is sent a cookie, and let in when it comes back
//! (RFC 6347, 4.2.1; RFC 9147, 5.1).
//!
//! A newcomer's trap: who makes up addresses costs the memory of a session each time, so there is
//! a most of them, and the oldest goes for the newest. Nobody here counts as a client yet.

use crate::{
    proto::dtls::{self, Hello, Sight},
    report::Report,
    stream::dtls::Unproven,
    tls::DtlsServer,
    transport::{
        Address,
        datagram::{Doorman, Knock},
    },
};
use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque},
    rc::Rc,
    time::Instant,
};

/// So many wait at most. A client is pushed out only by so many others within one round trip.
const MOST: usize = 512;
const HANDSHAKE_FAILURE: u8 = 40;

/// See the module's description.
pub(super) struct Cookies {
    server: Rc<DtlsServer>,
    guests: RefCell<Guests>,
    report: Report,
}

#[derive(Default)]
struct Guests {
    waiting: HashMap<Address, Guest>,
    /// In which order they came; those who have gone are not taken out at once.
    order: VecDeque<Address>,
}

struct Guest {
    unproven: Unproven,
    /// By which a client that begins anew is told from one that asks again.
    random: Option<[u8; 32]>,
}

impl Cookies {
    pub(super) fn new(server: Rc<DtlsServer>, report: Report) -> Self {
        Self { server, guests: RefCell::default(), report }
    }

    /// The session of a client that has been let in.
    pub(super) fn take(&self, from: &Address) -> Option<Unproven> {
        let guest = self.guests.borrow_mut().waiting.remove(from)?;
        guest.unproven.is_proven().then_some(guest.unproven)
    }
}

impl Doorman for Cookies {
    fn knock(&self, datagram: &[u8], from: &Address, now: Instant) -> Knock {
        let mut guests = self.guests.borrow_mut();
        if let Some(Sight::Hello { hello: Hello::Client, sequence: 0, random, .. }) = dtls::look(datagram) {
            let known = guests.waiting.get(from).is_some_and(|guest| guest.random == random);
            if !known {
                let unproven = Unproven::new(self.server.session(now));
                guests.add(from.clone(), Guest { unproven, random });
            }
        }
        // Anything else from somebody unknown is worth nothing.
        let Some(guest) = guests.waiting.get_mut(from) else { return Knock::Answer(Vec::new()) };
        match guest.unproven.hear(datagram, now) {
            Ok(_) if guest.unproven.is_proven() => Knock::LetIn,
            Ok(answers) => Knock::Answer(answers),
            Err(failure) => {
                guests.waiting.remove(from);
                self.report.detail(1, format_args!("DTLS with {from}: {failure}"));
                Knock::Answer(vec![dtls::fatal_alert(HANDSHAKE_FAILURE)])
            }
        }
    }
}

impl Guests {
    fn add(&mut self, from: Address, guest: Guest) {
        while self.waiting.len() >= MOST {
            let Some(oldest) = self.order.pop_front() else { break };
            self.waiting.remove(&oldest);
        }
        if self.order.len() >= 2 * MOST {
            self.order.retain(|address| self.waiting.contains_key(address));
        }
        if self.waiting.insert(from.clone(), guest).is_none() {
            self.order.push_back(from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::config::TlsOptions, tls::DtlsClient};
    use dimpl::Output;

    fn cookies() -> Cookies {
        let server = DtlsServer::new(&TlsOptions::default(), &[]).unwrap();
        Cookies::new(Rc::new(server), Report::new("test", 0, true))
    }

    fn address(port: u16) -> Address {
        Address::Inet(([127, 0, 0, 1], port).into())
    }

    /// A client, and what it says first.
    fn client() -> (dimpl::Dtls, Vec<u8>) {
        let now = Instant::now();
        let (mut client, ..) = DtlsClient::new(&TlsOptions::default()).unwrap().session("localhost", now);
        client.handle_timeout(now).unwrap();
        let hello = said(&mut client);
        (client, hello)
    }

    fn said(client: &mut dimpl::Dtls) -> Vec<u8> {
        let mut buffer = vec![0; 2000];
        match client.poll_output(&mut buffer) {
            Output::Packet(packet) => packet.to_vec(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn who_brings_the_cookie_back_is_let_in_once() {
        let cookies = cookies();
        let (mut client, hello) = client();
        let now = Instant::now();
        let Knock::Answer(answers) = cookies.knock(&hello, &address(1), now) else { panic!("let in") };
        assert!(answers.len() == 1 && answers[0].len() < hello.len());
        assert!(cookies.take(&address(2)).is_none());
        client.handle_packet(&answers[0]).unwrap();
        let again = said(&mut client);
        assert_eq!(cookies.knock(&again, &address(2), now), Knock::Answer(Vec::new()), "from another address");
        assert_eq!(cookies.knock(&again, &address(1), now), Knock::LetIn);
        assert!(cookies.take(&address(1)).is_some());
        assert!(cookies.take(&address(1)).is_none());
    }

    #[test]
    fn a_hello_that_is_repeated_does_not_begin_anew_and_another_does() {
        let cookies = cookies();
        let (mut one, hello) = client();
        let now = Instant::now();
        let Knock::Answer(answers) = cookies.knock(&hello, &address(1), now) else { panic!("let in") };
        let _ = cookies.knock(&hello, &address(1), now);
        one.handle_packet(&answers[0]).unwrap();
        assert_eq!(cookies.knock(&said(&mut one), &address(1), now), Knock::LetIn);

        let (mut two, hello) = client();
        let Knock::Answer(answers) = cookies.knock(&hello, &address(1), now) else { panic!("let in") };
        two.handle_packet(&answers[0]).unwrap();
        assert_eq!(cookies.knock(&said(&mut two), &address(1), now), Knock::LetIn);
    }

    #[test]
    fn garbage_is_not_answered_and_costs_nothing() {
        let cookies = cookies();
        for garbage in [&b"hello\n"[..], &[22; 100], &[]] {
            assert_eq!(cookies.knock(garbage, &address(1), Instant::now()), Knock::Answer(Vec::new()));
        }
        assert!(cookies.guests.borrow().waiting.is_empty());
    }

    #[test]
    fn a_flood_of_made_up_addresses_is_bounded() {
        let cookies = cookies();
        let (_, hello) = client();
        for port in 1..2000 {
            let _ = cookies.knock(&hello, &address(port), Instant::now());
            if port % 3 == 0 {
                let _ = cookies.take(&address(port));
            }
        }
        let guests = cookies.guests.borrow();
        assert!(guests.waiting.len() <= MOST && guests.order.len() <= 2 * MOST + 1);
        assert!(guests.waiting.contains_key(&address(1999)), "the newest are there");
    }
}
