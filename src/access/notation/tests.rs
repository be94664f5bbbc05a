//! What is taken for which hosts. The first table is what Ncat 7.93 was seen to admit.

use super::*;
use proptest::prelude::*;

const CLIENTS: [&str; 8] =
    ["127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.5", "127.0.1.1", "127.0.1.7", "127.9.9.9", "::1"];

fn admitted(text: &str) -> String {
    let notations: Vec<_> = hosts(text).map(|host| parse(host).unwrap()).collect();
    let is_in = |client: &str| {
        let client = client.parse().unwrap();
        notations.iter().any(|notation| match notation {
            Notation::Block(block) => block.contains(client),
            Notation::Octets(octets) => octets.contains(client),
            Notation::Name { .. } => panic!("{text} is a name"),
        })
    };
    CLIENTS.into_iter().filter(|client| is_in(client)).collect::<Vec<_>>().join(" ")
}

fn refused(text: &str) -> &'static str {
    let wrong: Vec<_> = hosts(text).filter_map(|host| parse(host).err()).collect();
    assert_eq!(wrong.len(), 1, "{text}: {wrong:?}");
    wrong[0].why
}

#[test]
fn what_ncat_admits_is_admitted() {
    let ipv4 = "127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.5 127.0.1.1 127.0.1.7 127.9.9.9";
    let all = CLIENTS.join(" ");
    for (text, clients) in [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1,127.0.0.2", "127.0.0.1 127.0.0.2"),
        ("127.0.0.1,", "127.0.0.1"),
        (",127.0.0.1", "127.0.0.1"),
        ("127.0.0-1.1", "127.0.0.1 127.0.1.1"),
        ("127.0.*.1-", "127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.5 127.0.1.1 127.0.1.7"),
        ("127.0.0.-2", "127.0.0.1 127.0.0.2"),
        ("-127.0.0.1", "127.0.0.1"),
        ("*.*.*.*", ipv4),
        ("-.-.-.-", ipv4),
        ("127.0.0.1-1", "127.0.0.1"),
        ("127.0.0.1/8", ipv4),
        ("127.0.0.0/30", "127.0.0.1 127.0.0.2 127.0.0.3"),
        ("127.0.0-1.1/29", "127.0.0.1 127.0.0.2 127.0.0.3 127.0.0.5 127.0.1.1 127.0.1.7"),
        ("127.0.0.1/0", ipv4),
        ("127.0.0.1/08", ipv4),
        ("127.0.0.01", "127.0.0.1"),
        ("127.0.0.1/32,127.0.0.3/32", "127.0.0.1 127.0.0.3"),
        ("0/0", ipv4),
        ("::1", "::1"),
        ("::1,127.0.0.2", "127.0.0.2 ::1"),
        ("::1/128", "::1"),
        ("fe80::/10", ""),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("::ffff:127.0.0.1/126", "127.0.0.1 127.0.0.2 127.0.0.3"),
        ("::ffff:0:0/96", ipv4),
        ("::/0", &all),
        ("::1/64", &all),
        ("", ""),
    ] {
        assert_eq!(admitted(text), clients, "{text}");
    }
}

#[test]
fn what_ncat_does_not_know_is_admitted_too() {
    for (text, clients) in [
        ("*", CLIENTS.join(" ").as_str()),
        ("127.0.0.1 127.0.0.2", "127.0.0.1 127.0.0.2"),
        ("127.0.0.1, ::1", "127.0.0.1 ::1"),
        ("[::1]", "::1"),
        ("127.0.0.1,3", "127.0.0.1 127.0.0.3"),
        ("127.0.0,1.1,3", "127.0.0.1 127.0.0.3 127.0.1.1"),
        ("126,127.0.0.1", "127.0.0.1"),
        ("127.0.0.1,3,127.0.1.1", "127.0.0.1 127.0.0.3 127.0.1.1"),
        ("127.0.0.1,3-5,127.9.9.9,::1", "127.0.0.1 127.0.0.3 127.0.0.5 127.9.9.9 ::1"),
        ("127.0.0.1,2/31,127.0.1.7", "127.0.0.1 127.0.0.2 127.0.0.3 127.0.1.7"),
    ] {
        assert_eq!(admitted(text), clients, "{text}");
    }
}

#[test]
fn what_is_no_address_is_a_name() {
    for (text, name, mask) in [
        ("localhost", "localhost", None),
        ("example.org/24", "example.org", Some(24)),
        ("127.1", "127.1", None),
        ("0x7f.0.0.1", "0x7f.0.0.1", None),
        ("2130706433", "2130706433", None),
        ("1-2-3.example", "1-2-3.example", None),
    ] {
        assert_eq!(parse(text), Ok(Notation::Name { name, mask }), "{text}");
    }
    assert_eq!(
        hosts("a,b.c,10.0.0.1,d 127.1,1.2.3.4").collect::<Vec<_>>(),
        ["a", "b.c", "10.0.0.1", "d", "127.1", "1.2.3.4"]
    );
    assert_eq!(hosts("10.0.0.1,2130706433").count(), 2);
}

#[test]
fn what_is_no_host_is_said() {
    for text in ["127.0.0.256", "127.0.0.1-256", "127.0.0.1*", "127.0.0.1-2-3", "127.0.0.**", "127.0.0.--"] {
        assert_eq!(refused(text), "an octet is a number from 0 to 255", "{text}");
    }
    for text in ["127.0.0.1/", "127.0.0.1/-1", "127.0.0.1/+8", "::1/a", "127.0.0.1/8/9", "::1/1000"] {
        assert_eq!(refused(text), "after \"/\" the number of the mask's bits is expected", "{text}");
    }
    for text in ["10/8", "192.168/16", "10", "localhost,3"] {
        assert_eq!(refused(text), "an IPv4 address has four octets", "{text}");
    }
    for text in ["127.*", "*.example.org", "10.0,1"] {
        assert_eq!(refused(text), "lists and \"*\" are for IPv4 addresses of four octets", "{text}");
    }
    assert_eq!(refused("127.0.0.3-1"), "a range begins with its lower end");
    assert_eq!(refused("127.0..1"), "an octet is missing");
    assert_eq!(refused("127.0.0.010"), "a number that begins with 0 is octal to some programs");
    assert_eq!(refused("127.0.0.1/33"), "an IPv4 mask has at most 32 bits");
    assert_eq!(refused("127.0.0.*/33"), "an IPv4 mask has at most 32 bits");
    assert_eq!(refused("::1/129"), "an IPv6 mask has at most 128 bits");
    assert_eq!(refused("1::2::3"), "not an IPv6 address");
    assert_eq!(refused("fe80::1%eth0"), "clients are not told apart by interface");
    assert_eq!(refused("/8"), "a host is missing");
    assert_eq!(refused("*/8"), "\"*\" is everyone already");
}

proptest! {
    #[test]
    fn nothing_makes_it_panic_and_nothing_is_lost(text in "[0-9a-f:.,*/% \\[\\]-]{0,40}|.{0,20}") {
        let kept = |c: &char| !c.is_whitespace() && *c != ',';
        let found: String = hosts(&text).inspect(|host| { let _ = parse(host); }).collect();
        prop_assert_eq!(found.chars().filter(kept).collect::<String>(), text.chars().filter(kept).collect::<String>());
    }

    #[test]
    fn lists_of_addresses_come_apart(addresses in prop::collection::vec(any::<(bool, u128)>(), 0..8), blank: bool) {
        let address = |&(v4, bits): &(bool, u128)| {
            if v4 { IpAddr::from(Ipv4Addr::from(bits as u32)) } else { IpAddr::from(Ipv6Addr::from(bits)) }
        };
        let addresses: Vec<_> = addresses.iter().map(address).collect();
        let text = addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(if blank { " " } else { "," });
        let found: Result<Vec<_>, _> = hosts(&text).map(parse).collect();
        let expected = addresses.iter().map(|it| Notation::Block(Block::new(*it, None).unwrap())).collect();
        prop_assert_eq!(found, Ok(expected));
    }

    #[test]
    fn octets_are_what_they_say(lists in prop::array::uniform4(prop::collection::vec(any::<(u8, u8)>(), 1..4)), client: [u8; 4]) {
        let list = |list: &Vec<(u8, u8)>| {
            let range = |&(one, other): &(u8, u8)| format!("{}-{}", one.min(other), one.max(other));
            list.iter().map(range).collect::<Vec<_>>().join(",")
        };
        let text = lists.iter().map(list).collect::<Vec<_>>().join(".");
        prop_assert_eq!(hosts(&text).collect::<Vec<_>>(), [text.as_str()]);
        let Ok(Notation::Octets(octets)) = parse(&text) else { panic!("{text}") };
        let expected = lists.iter().zip(client).all(|(list, octet)| {
            list.iter().any(|&(one, other)| (one.min(other)..=one.max(other)).contains(&octet))
        });
        prop_assert_eq!(octets.contains(IpAddr::from(client)), expected);
    }
}
