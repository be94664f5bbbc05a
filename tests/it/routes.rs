//! `-g`, `-G`: loose source routing. Most machines drop such packets, this one probably too.

use crate::lang::{Peer, PeerListener, Session, Wire, connect, it, netcat, skip};

fn fails(args: &str) -> Session {
    let mut client = netcat(args).arg("127.0.0.1").arg("9").starts();
    client.leaves(2);
    client
}

#[test]
fn the_route_is_in_the_packets() {
    it(|| {
        let setting = |name| std::fs::read_to_string(format!("/proc/sys/net/ipv4/conf/{name}/accept_source_route"));
        let (Ok(all), Ok(lo)) = (setting("all"), setting("lo")) else {
            return skip("whether routes are accepted is not told");
        };
        let accepted = all.trim() == "1" && lo.trim() == "1";
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-v -w 1 -g 127.0.0.2");
        if accepted {
            client.says(&["Connected"]);
            let _peer: Peer = listener.accepts();
        } else {
            // The kernel drops packets that have one.
            client.leaves(1);
            client.says(&["TIMEOUT"]);
        }
    });
}

#[test]
fn eight_hops_are_possible_and_nine_too_many() {
    it(|| {
        let hops = ["127.0.0.2"; 9].join(",");
        fails(&format!("-g {hops}")).says(&["-g"]);
        let listener = PeerListener::new(Wire::Plain);
        let client = connect(&listener, &format!("-v -w 1 -g {} -G 8", ["127.0.0.2"; 8].join(",")));
        // It is not the option that is wrong, whatever comes of it.
        client.says(&["127.0.0.1"]);
        assert_eq!(client.times_said(&["Invalid argument"]), 0);
    });
}

#[test]
fn a_pointer_points_to_a_hop() {
    it(|| {
        for pointer in ["0", "5", "32", "x"] {
            fails(&format!("-g 127.0.0.2 -G {pointer}"));
        }
    });
}

#[test]
fn there_are_no_such_routes_but_in_ipv4() {
    it(|| {
        fails("-6 -g ::1").says(&["IPv4"]);
        fails("-g nosuch.invalid").says(&["nosuch.invalid"]);
    });
}
