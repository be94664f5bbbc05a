use super::*;
use proptest::prelude::*;

fn forward(method: &str, target: &str) -> (String, u16, String) {
    match Wanted::parse(method, target.as_bytes()) {
        Ok(Wanted::Forward(Destination { host, port }, path)) => (host, port, String::from_utf8(path).unwrap()),
        other => panic!("{target}: {other:?}"),
    }
}

fn refused(method: &str, target: &str) -> u16 {
    Wanted::parse(method, target.as_bytes()).expect_err(target).status as u16
}

#[test]
fn a_uri_is_taken_apart() {
    for (target, host, port, path) in [
        ("http://example.org/", "example.org", 80, "/"),
        ("HTTP://Example.org/a/b?c=d", "Example.org", 80, "/a/b?c=d"),
        ("http://example.org", "example.org", 80, "/"),
        ("http://example.org:8080", "example.org", 8080, "/"),
        ("http://example.org:/x", "example.org", 80, "/x"),
        ("http://example.org?q=http://a@b/", "example.org", 80, "/?q=http://a@b/"),
        ("http://[::1]:8000/x", "::1", 8000, "/x"),
        ("http://[::1]", "::1", 80, "/"),
        ("http://[fe80::1%25eth0]/", "fe80::1%eth0", 80, "/"),
        ("http://%6cocal%68ost:81/%7e", "localhost", 81, "/%7e"),
        ("http://127.0.0.1/%20", "127.0.0.1", 80, "/%20"),
        ("http://h//evil@x:1/", "h", 80, "//evil@x:1/"),
    ] {
        assert_eq!(forward("GET", target), (host.to_owned(), port, path.to_owned()), "{target}");
    }
}

#[test]
fn options_without_a_path_asks_the_whole_server() {
    assert_eq!(forward("OPTIONS", "http://h:1").2, "*");
    assert_eq!(forward("OPTIONS", "http://h:1/").2, "/");
    assert_eq!(forward("OPTIONS", "http://h:1?x").2, "/?x");
}

#[test]
fn connect_wants_host_and_port() {
    let tunnel = |target: &str| Wanted::parse("CONNECT", target.as_bytes()).unwrap();
    let to = |host: &str, port| Wanted::Tunnel(Destination { host: host.to_owned(), port });
    assert_eq!(tunnel("example.org:443"), to("example.org", 443));
    assert_eq!(tunnel("[2001:db8::1]:22"), to("2001:db8::1", 22));
    for target in ["example.org", "example.org:", "[::1]", ":443", "http://h:80/", "h:80/", "/", "h:0", "h:65536"] {
        assert_eq!(refused("CONNECT", target), 400, "{target}");
    }
}

#[test]
fn what_is_no_uri_for_a_proxy_is_refused() {
    for target in [
        "/",
        "*",
        "x",
        "example.org:80",
        "http:/h/",
        "http:h",
        "http://",
        "http:///path",
        "http://:80/",
        "http://user@h/",
        "http://user:secret@h/",
        "http://h:80:80/",
        "http://h:+80/",
        "http://h:0/",
        "http://h:99999/",
        "http://[::1/",
        "http://[::1]x/",
        "http://[1.2.3.4]/",
        "http://[::1%25]/",
        "http://[fe80::1%eth0]/",
        "http://::1/",
        "http://h%2fx/",
        "http://h%00/",
        "http://a%40b/",
        "http://h%3a80/",
        "http://h%/",
        "http://h%4/",
        "http://h%zz/",
        "http://h\\x/",
        "http://h/#top",
        "http://grün/",
        "1http://h/",
    ] {
        assert_eq!(refused("GET", target), 400, "{target}");
    }
    assert_eq!(refused("GET", &format!("http://{}/", "a".repeat(256))), 400);
}

#[test]
fn other_schemes_are_not_implemented() {
    let https = Wanted::parse("GET", b"https://h/").unwrap_err();
    assert_eq!(https.status, Status::NotImplemented);
    assert!(https.why.contains("CONNECT"));
    assert_eq!(refused("GET", "ftp://h/"), 501);
    assert!(Wanted::parse("GET", b"/").unwrap_err().why.contains("this is a proxy"));
}

#[test]
fn host_is_made_from_the_uri() {
    let host = |host: &str, port| Destination { host: host.to_owned(), port }.host_field();
    assert_eq!(host("h", 80), "h");
    assert_eq!(host("h", 8080), "h:8080");
    assert_eq!(host("::1", 80), "[::1]");
    assert_eq!(host("fe80::1%eth0", 81), "[fe80::1]:81");
}

proptest! {
    #[test]
    fn whatever_the_target_what_comes_out_is_safe(target in proptest::collection::vec(0x21u8..0xff, 0..60), scheme in any::<bool>()) {
        let target = if scheme { [b"http://".as_slice(), &target].concat() } else { target };
        for method in ["GET", "CONNECT", "OPTIONS"] {
            if let Ok(Wanted::Tunnel(to) | Wanted::Forward(to, _)) = Wanted::parse(method, &target) {
                prop_assert!(to.port != 0 && !to.host.is_empty());
                prop_assert!(to.host.bytes().all(|byte| is_name(byte) || byte == b':' || byte == b'%'));
            }
        }
    }

    #[test]
    fn a_uri_survives_the_round_trip(host in "[a-z0-9.-]{1,20}", port in 1u16.., path in "(/[a-z0-9%?=&]{0,10}){0,3}") {
        let (to, at, seen) = forward("GET", &format!("http://{host}:{port}{path}"));
        prop_assert_eq!((to.as_str(), at), (host.as_str(), port));
        prop_assert_eq!(seen.as_str(), if path.is_empty() { "/" } else { path.as_str() });
    }
}
