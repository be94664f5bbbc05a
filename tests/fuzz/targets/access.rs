//! Lists of hosts, as --allowfile and --denyfile have them: what they say of a client does not depend on how they
//! are written, and what is wrong with them is told in a line.

use super::common::{choices, one_line};
use rncat::{
    access::{Access, Entry},
    error::{Error, Result},
};
use std::net::IpAddr;

pub(crate) fn run(data: &[u8]) {
    let Some((_, _, bytes)) = choices(data, 1) else { return };
    let Ok(text) = str::from_utf8(bytes) else { return };
    let look_up = |name: &str| -> Result<Vec<IpAddr>> {
        match name.len() % 3 {
            0 => Ok(vec![IpAddr::from([192, 0, 2, 7])]),
            1 => Ok(vec![IpAddr::from([192, 0, 2, 7]), IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7])]),
            _ => Err(Error::usage("look up", "Name or service not known")),
        }
    };
    let list = |text: &str| vec![Entry::File { path: "hosts".into(), text: text.to_owned() }];
    let (allow, deny) = (Access::new(&list(text), &[], &look_up), Access::new(&[], &list(text), &look_up));
    // As other systems write lines; and twice is as good as once.
    let other = format!("\u{feff}{}\r\n{text}\r\n# {}", text.replace('\n', "\r\n"), text.replace('\n', " "));
    let again = Access::new(&list(&other), &[], &look_up);
    let same = text.contains(['\r', '\u{feff}']) || allow.is_ok() == again.is_ok();
    assert!(same, "{text:?}");
    match (allow, deny) {
        (Ok(allow), Ok(deny)) => {
            for client in CLIENTS.map(|it| it.parse::<IpAddr>().expect("an address")) {
                assert_ne!(allow.admits(client), deny.admits(client), "{client} {text:?}");
                if let (Ok(again), false) = (&again, text.contains(['\r', '\u{feff}'])) {
                    assert_eq!(allow.admits(client), again.admits(client), "{client} {text:?}");
                }
            }
            assert!(!allow.admits_others() && deny.admits_others());
        }
        (Err(allow), Err(deny)) => [allow, deny].iter().for_each(|error| one_line(&error.to_string())),
        other => panic!("{other:?}"),
    }
}

const CLIENTS: [&str; 6] = ["127.0.0.1", "192.0.2.7", "10.1.2.3", "::1", "2001:db8::7", "::ffff:10.1.2.3"];
