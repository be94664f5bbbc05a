//! What a DTLS datagram shows to anybody: its records, and of handshake messages the plain part
//! (RFC 6347, 4.1 and 4.2.2; RFC 9147, 4 and 5.2).
//!
//! A newcomer's trap: nothing read here is authenticated. It may decide what is worth a look and
//! what is said about it, never whom to trust.

/// Level and description of an alert that ends the connection (RFC 5246, 7.2).
const FATAL: u8 = 2;
/// Both versions of DTLS say DTLS 1.2 in their plain records.
const VERSION: [u8; 2] = [0xfe, 0xfd];
/// DTLS 1.3's header of an encrypted record begins with these bits (RFC 9147, 4).
const UNIFIED: std::ops::RangeInclusive<u8> = 0x20..=0x3f;

/// The plain handshake messages that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hello {
    /// A client's offer.
    Client,
    /// A server's choice; in DTLS 1.3 also its request to try again.
    Server,
    /// A server's request to try again, with a cookie.
    Verify,
}

/// What can be seen of the first record of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// The beginning of a hello message.
    Hello {
        /// Which one.
        hello: Hello,
        /// Its place among the sender's handshake messages; 0 is the first.
        sequence: u16,
        /// What a client makes up anew for each connection; of others, nothing.
        random: Option<[u8; 32]>,
        /// The cipher suite in a server's choice.
        suite: Option<u16>,
    },
    /// A plain fatal alert, with its description.
    Alert(u8),
    /// Some other DTLS record.
    Other,
}

/// Looks at a datagram; `None` if it does not even begin like DTLS.
#[must_use]
pub fn look(datagram: &[u8]) -> Option<Sight> {
    let (&kind, rest) = datagram.split_first()?;
    if UNIFIED.contains(&kind) {
        return Some(Sight::Other);
    }
    let (&[0xfe, 0xfd | 0xff], rest) = rest.split_first_chunk()? else { return None };
    let (epoch, rest) = number::<2>(rest)?;
    let (_, rest) = number::<6>(rest)?;
    let (length, rest) = number::<2>(rest)?;
    let body = rest.get(..length)?;
    match (kind, body) {
        (20..=26, _) if epoch != 0 => Some(Sight::Other),
        (21, [FATAL, description, ..]) => Some(Sight::Alert(*description)),
        (22, _) => Some(hello(body).unwrap_or(Sight::Other)),
        (20..=26, _) => Some(Sight::Other),
        _ => None,
    }
}

/// Whether a datagram from an unknown address may begin a session: nothing but the beginning of
/// a ClientHello is worth the memory.
#[must_use]
pub fn opens_session(datagram: &[u8]) -> bool {
    matches!(look(datagram), Some(Sight::Hello { hello: Hello::Client, .. }))
}

/// A plain fatal alert. It is numbered far beyond all that was sent, so that the receiver has not
/// seen its number before.
#[must_use]
pub fn fatal_alert(description: u8) -> Vec<u8> {
    let mut record = vec![21];
    record.extend(VERSION);
    record.extend([0, 0]);
    record.extend([0, 0, 0xff, 0xff, 0xff, 0xff]);
    record.extend([0, 2, FATAL, description]);
    record
}

/// The first fragment of a hello message.
fn hello(body: &[u8]) -> Option<Sight> {
    let (&kind, rest) = body.split_first()?;
    let (length, rest) = number::<3>(rest)?;
    let (sequence, rest) = number::<2>(rest)?;
    let (offset, rest) = number::<3>(rest)?;
    let (fragment, rest) = number::<3>(rest)?;
    let message = rest.get(..fragment)?;
    let hello = match kind {
        1 => Hello::Client,
        2 => Hello::Server,
        3 => Hello::Verify,
        _ => return None,
    };
    if offset != 0 || fragment > length || fragment == 0 {
        return None;
    }
    let suite = if hello == Hello::Server { suite(message) } else { None };
    let random = if hello == Hello::Client { random(message) } else { None };
    Some(Sight::Hello { hello, sequence: u16::try_from(sequence).ok()?, random, suite })
}

/// The random in a ClientHello, behind the version.
fn random(message: &[u8]) -> Option<[u8; 32]> {
    let (_, rest) = message.split_at_checked(2)?;
    rest.first_chunk().copied()
}

/// The cipher suite in a ServerHello: behind the version, the random and the session's id.
fn suite(message: &[u8]) -> Option<u16> {
    let (_, rest) = message.split_at_checked(2 + 32)?;
    let (session, rest) = number::<1>(rest)?;
    let (suite, _) = number::<2>(rest.get(session..)?)?;
    u16::try_from(suite).ok()
}

/// A number of `N` bytes and what follows it.
fn number<const N: usize>(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_at_checked(N)?;
    Some((number.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A record around a handshake message around a body.
    fn handshake(kind: u8, sequence: u8, body: &[u8]) -> Vec<u8> {
        let length = [0, 0, u8::try_from(body.len()).unwrap()];
        let message = [&[kind][..], &length, &[0, sequence], &[0; 3], &length, body].concat();
        let length = [0, u8::try_from(message.len()).unwrap()];
        [&[22, 0xfe, 0xff][..], &[0; 8], &length, &message].concat()
    }

    #[test]
    fn hellos_are_told_apart() {
        let server = [&[0xfe, 0xfd][..], &[7; 32], &[2, 1, 1], &[0xc0, 0x2b], &[0]].concat();
        for (kind, hello, suite) in
            [(1, Hello::Client, None), (2, Hello::Server, Some(0xc02b)), (3, Hello::Verify, None)]
        {
            let seen = look(&handshake(kind, 1, &server));
            let random = (hello == Hello::Client).then_some([7; 32]);
            assert_eq!(seen, Some(Sight::Hello { hello, sequence: 1, random, suite }));
        }
        assert_eq!(look(&handshake(11, 0, &server)), Some(Sight::Other));
    }

    #[test]
    fn only_the_beginning_of_a_client_hello_opens_a_session() {
        let hello = handshake(1, 0, &[0xfe, 0xfd, 1, 2, 3]);
        assert!(opens_session(&hello));
        for n in 0..hello.len() {
            assert!(!opens_session(&hello[..n]), "cut at {n}");
        }
        let mut later = hello;
        later[21] = 1;
        assert!(!opens_session(&later), "a later fragment");
        assert!(!opens_session(b"GET / HTTP/1.0\r\n\r\n"));
        assert!(!opens_session(&handshake(2, 0, &[0; 40])));
    }

    #[test]
    fn alerts_are_made_and_read() {
        assert_eq!(look(&fatal_alert(40)), Some(Sight::Alert(40)));
        let mut encrypted = fatal_alert(40);
        encrypted[4] = 1;
        assert_eq!(look(&encrypted), Some(Sight::Other));
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..100), kind in 20..24_u8) {
            let _ = look(&bytes);
            let mut bytes = [&[kind, 0xfe, 0xfd, 0, 0][..], &bytes].concat();
            let _ = look(&bytes);
            if let Some(length) = bytes.get_mut(11..13) {
                length.fill(0);
            }
            let _ = look(&bytes);
        }

        #[test]
        fn a_suite_is_found_behind_any_session_id(id in proptest::collection::vec(any::<u8>(), 0..33), suite: u16) {
            let length = [u8::try_from(id.len()).unwrap()];
            let body = [&[0; 34][..], &length, &id, &suite.to_be_bytes(), &[0]].concat();
            let found = look(&handshake(2, 0, &body));
            prop_assert_eq!(found, Some(Sight::Hello { hello: Hello::Server, sequence: 0, random: None, suite: Some(suite) }));
        }
    }
}
