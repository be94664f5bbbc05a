//! `-g`, `-G`: loose source routing. Most machines drop such packets, this one probably too.

use crate::lang::{PeerListener, Session, Wire, connect, it, netcat, skip};

fn fails(args: &str) -> Session {
    let mut client = netcat(args).arg("127.0.0.1").arg("9").starts();
    client.leaves(2);
    client
}

#[test]
fn the_route_is_in_the_packets_which_the_kernel_therefore_drops() {
    it(|| {
        let setting = |name| std::fs::read_to_string(format!("/proc/sys/net/ipv4/conf/{name}/accept_source_route"));
        if ["all", "lo"].iter().all(|name| setting(name).map_or(true, |it| it.trim() != "0")) {
            return skip("the kernel may accept such routes");
        }
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, "-4 -w 1 -g 127.0.0.2");
        client.leaves(1);
        client.says(&["TIMEOUT"]);
    });
}

#[test]
fn eight_hops_are_possible_and_nine_too_many() {
    it(|| {
        let hops = ["127.0.0.2"; 9].join(",");
        fails(&format!("-4 -g {hops}")).says(&["too many"]);
        let listener = PeerListener::new(Wire::Plain);
        let mut client = connect(&listener, &format!("-4 -w 300ms -g {}", ["127.0.0.2"; 8].join(",")));
        client.leaves(1);
        client.says(&["TIMEOUT"]);
    });
}

#[test]
fn they_imply_ipv4() {
    it(|| {
        let mut client = netcat("-z -w 300ms -g 127.0.0.2").connects_to_name("localhost", 9);
        client.leaves(1);
        assert_eq!(client.said(), [""; 0]);
    });
}

#[test]
fn a_pointer_points_to_a_hop() {
    it(|| {
        for pointer in ["0", "5", "32", "x"] {
            fails(&format!("-4 -g 127.0.0.2 -G {pointer}"));
        }
        if cfg!(target_os = "linux") {
            let mut client = netcat("-4 -g 127.0.0.2,127.0.0.3 -G 8 127.0.0.1 9").starts();
            client.leaves(1);
            client.says(&["refuses the route"]);
        }
    });
}

#[test]
fn there_are_no_such_routes_but_in_ipv4() {
    it(|| {
        fails("-6 -g ::1");
        fails("-4 -g nosuch.invalid").says(&["nosuch.invalid"]);
    });
}
