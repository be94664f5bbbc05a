//! Datagrams of anybody who knows our address: what opens a session begins with a hello of a client.

use rncat::proto::dtls::{Hello, Sight, fatal_alert, look, opens_session};

pub(crate) fn run(data: &[u8]) {
    let sight = look(data);
    let is_hello = matches!(sight, Some(Sight::Hello { hello: Hello::Client, .. }));
    assert_eq!(opens_session(data), is_hello);
    if is_hello {
        assert!(data.len() > 13 && data.first() == Some(&22), "a handshake record, with something in it");
    }
    if let Some(Sight::Alert(description)) = sight {
        let (alert, again) = (fatal_alert(description), look(&fatal_alert(description)));
        assert!(again == Some(Sight::Alert(description)) && alert.len() <= data.len());
    }
    // What is behind the first record does not matter, and half of it is nothing.
    let length = data.get(11..13).map(|it| 13 + usize::from(u16::from_be_bytes([it[0], it[1]])));
    let is_plain = !matches!(data.first(), Some(0x20..=0x3f));
    if let Some(length) = length.filter(|length| is_plain && data.len() > *length) {
        assert_eq!(look(&data[..length]), sight);
        assert_eq!(look(&data[..length - 1]), None);
    }
}
