//! `--chat`: the room for people, who see who says what, who comes and who goes.

use std::net::SocketAddr;

use crate::lang::{A_WHILE, Datagrams, Peer, Session, Wire, free_port, it, ms, netcat, over_tcp_and_tls};

over_tcp_and_tls!(
    all_hear_of_who_comes_the_newcomer_included,
    all_who_stay_hear_of_who_goes,
    a_reset_is_a_departure,
    each_line_tells_who_said_it,
    the_host_is_user_0,
    the_hosts_stdout_is_empty,
    a_terminal_shows_the_conversation,
);

fn all_hear_of_who_comes_the_newcomer_included(wire: Wire) {
    let server = netcat("--chat").over(wire).listens();
    let mut first = Peer::dials(&server, wire);
    let said = first.hears_line();
    let one = user_of(&said, first.own_address());
    assert_eq!(said, format!("<announce> {} is connected as {one}.", first.own_address()));
    assert_eq!(first.hears_line(), "<announce> already connected: nobody.");
    let mut second = Peer::dials(&server, wire);
    let two = is_announced(&mut second, &mut [&mut first]);
    let mut third = Peer::dials(&server, wire);
    let said = third.hears_line();
    let three = user_of(&said, third.own_address());
    assert_eq!(first.hears_line(), said);
    assert_eq!(second.hears_line(), said);
    let others = third.hears_line();
    for (peer, user) in [(&first, &one), (&second, &two)] {
        assert!(others.contains(&format!("{} as {user}", peer.own_address())), "{others}");
    }
    assert!(one != two && two != three && one != three, "{one} {two} {three}");
}

fn all_who_stay_hear_of_who_goes(wire: Wire) {
    let server = netcat("--chat").over(wire).listens();
    let [mut first, second, mut third] = party(&server, wire);
    let user = second.1;
    second.0.closes();
    for peer in [&mut first, &mut third] {
        peer.0.hears(format!("<announce> {user} is disconnected.\n"));
    }
    let mut fourth = Peer::dials(&server, wire);
    let again = user_of(&fourth.hears_line(), fourth.own_address());
    assert!(![&user, &first.1, &third.1].contains(&&again), "{again} is taken");
    assert!(!fourth.hears_line().contains(&user), "who has gone is not named");
}

fn a_reset_is_a_departure(wire: Wire) {
    let server = netcat("--chat").over(wire).listens();
    let [mut first, second, mut third] = party(&server, wire);
    second.0.resets();
    for peer in [&mut first, &mut third] {
        peer.0.hears(format!("<announce> {} is disconnected.\n", second.1));
    }
}

fn each_line_tells_who_said_it(wire: Wire) {
    let server = netcat("--chat").over(wire).listens();
    let [mut first, mut second, mut third] = party(&server, wire);
    first.0.sends("hello\nworld\n");
    for peer in [&mut second, &mut third] {
        peer.0.hears(format!("{0} hello\n{0} world\n", first.1));
    }
    second.0.sends("hi\n");
    for peer in [&mut first, &mut third] {
        peer.0.hears(format!("{} hi\n", second.1));
    }
    second.0.hears_nothing_for(ms(50));
}

fn the_host_is_user_0(wire: Wire) {
    let server = netcat("--chat").over(wire).listens();
    let [mut first, mut second, _third] = party(&server, wire);
    server.types("welcome\n");
    first.0.hears("<user0> welcome\n");
    second.0.hears("<user0> welcome\n");
}

fn the_hosts_stdout_is_empty(wire: Wire) {
    let server = netcat("--chat").over(wire).listens();
    let [mut first, mut second, _third] = party(&server, wire);
    first.0.sends("hello\n");
    second.0.hears(format!("{} hello\n", first.1));
    server.shows_nothing_for(A_WHILE);
}

fn a_terminal_shows_the_conversation(wire: Wire) {
    let mut server = netcat("--chat").over(wire).at_a_terminal().listens();
    let mut first = Peer::dials(&server, wire);
    let user = is_announced(&mut first, &mut []);
    assert!(server.shows_line().ends_with(&format!("is connected as {user}.")));
    server.shows_line_with("already connected: nobody.");
    first.sends("hello\n");
    server.shows(format!("{user} hello\n"));
    first.closes();
    server.shows(format!("<announce> {user} is disconnected.\n"));
}

#[test]
fn control_characters_are_octal_and_tab_is_not() {
    it(|| {
        let server = netcat("--chat").listens();
        let [mut first, mut second, _third] = party(&server, Wire::Plain);
        first.0.sends("\x1b[31mred\x07\tand\x7f\r\n");
        second.0.hears(format!("{} \\033[31mred\\007\tand\\177\r\n", first.1));
        first.0.sends(b"\xff\xfe\n");
        second.0.hears(format!("{} \\377\\376\n", first.1));
    });
}

#[test]
fn letters_of_all_languages_are_kept() {
    it(|| {
        let server = netcat("--chat").listens();
        let [mut first, mut second, _third] = party(&server, Wire::Plain);
        first.0.sends("grüß dich, 世界 🌍\n");
        second.0.hears(format!("{} grüß dich, 世界 🌍\n", first.1));
        // A letter in two pieces.
        first.0.sends(b"\xc3");
        first.0.hears_nothing_for(ms(50));
        first.0.sends(b"\xbc\n");
        second.0.hears(format!("{} ü\n", first.1));
    });
}

#[test]
fn nobody_speaks_in_the_name_of_another() {
    it(|| {
        let server = netcat("--chat").listens();
        let [mut first, mut second, mut third] = party(&server, Wire::Plain);
        // Neither by a line that is not finished, …
        first.0.sends("I say");
        second.0.hears(format!("{} I say", first.1));
        second.0.sends("me, too\n");
        third.0.hears(format!("{} I say\n{} me, too\n", first.1, second.1));
        first.0.hears(format!("\n{} me, too\n", second.1));
        // … nor by going back to its beginning.
        first.0.sends(format!("nothing\r{} anything\n", second.1));
        second.0.hears(format!("{0} nothing\r{0} {1} anything\n", first.1, second.1));
        // … nor by characters that begin a line elsewhere, or turn it round.
        first.0.sends(format!("\u{85}\u{2028}{0} no\u{202e}\u{2066}\x0b\x0c\x08\n", second.1));
        let said = format!("\\302\\205\\342\\200\\250{} no\\342\\200\\256\\342\\201\\246\\013\\014\\010", second.1);
        second.0.hears(format!("{} {said}\n", first.1));
    });
}

#[test]
fn announcements_begin_a_line() {
    it(|| {
        let server = netcat("--chat").listens();
        let [mut first, second, mut third] = party(&server, Wire::Plain);
        first.0.sends("unfinished");
        third.0.hears(format!("{} unfinished", first.1));
        second.0.closes();
        third.0.hears(format!("\n<announce> {} is disconnected.\n", second.1));
    });
}

#[test]
fn it_implies_l_and_k() {
    it(|| {
        let port = free_port();
        let server = netcat("--chat -v 127.0.0.1").arg(port.to_string()).starts();
        server.says(&["Listening on 127.0.0.1"]);
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        for _ in 0..2 {
            let mut peer = Peer::dials(&address, Wire::Plain);
            assert!(peer.hears_line().starts_with("<announce> 127.0.0.1:"));
            peer.half_closes();
            peer.hears_to_end();
        }
    });
}

#[test]
fn the_largest_datagram_harms_nobody() {
    it(|| {
        let server = netcat("-u --chat").listens();
        let mut peers = [(); 3].map(|()| {
            let mut peer = Datagrams::dials(&server);
            peer.sends("");
            let announcement = peer.hears_any();
            assert!(announcement.starts_with(b"<announce> "), "{}", announcement.escape_ascii());
            peer
        });
        for text in [vec![b'x'; 65_507], b"\n".repeat(65_507)] {
            peers[0].sends(&text);
        }
        peers[0].sends("the end\n");
        for peer in &mut peers[1..] {
            while !peer.hears_any().ends_with(b"the end\n") {}
        }
    });
}

/// Three who know of each other, and what they are called.
#[track_caller]
fn party(server: &Session, wire: Wire) -> [(Peer, String); 3] {
    let mut first = Peer::dials(server, wire);
    let one = is_announced(&mut first, &mut []);
    let mut second = Peer::dials(server, wire);
    let two = is_announced(&mut second, &mut [&mut first]);
    let mut third = Peer::dials(server, wire);
    let three = is_announced(&mut third, &mut [&mut first, &mut second]);
    [(first, one), (second, two), (third, three)]
}

/// The newcomer is announced to itself and the others; its name.
#[track_caller]
fn is_announced(newcomer: &mut Peer, others: &mut [&mut Peer]) -> String {
    let lines = [newcomer.hears_line(), newcomer.hears_line()];
    let user = user_of(&lines[0], newcomer.own_address());
    let there = if others.is_empty() { "nobody." } else { " as <user" };
    assert!(lines[1].starts_with("<announce> already connected: ") && lines[1].contains(there), "{}", lines[1]);
    for other in others {
        assert_eq!([other.hears_line(), other.hears_line()], lines);
    }
    user
}

/// `<user5>`, from the line that announces it.
#[track_caller]
fn user_of(announcement: &str, address: SocketAddr) -> String {
    let user = announcement
        .strip_prefix(&format!("<announce> {}", address.ip()))
        .and_then(|rest| rest.split_once(" is connected as ")?.1.strip_suffix("."));
    user.unwrap_or_else(|| panic!("{announcement}")).to_owned()
}
