//! `-x`: offset, sixteen bytes in hex, and what of them prints.

use std::fmt::Write;

/// A dump of one piece; each line has a four-digit offset within it.
pub(super) fn dump(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 5);
    for (row, line) in bytes.chunks(16).enumerate() {
        let _ = write!(text, "{:04x}   ", row * 16);
        for column in 0..16 {
            match line.get(column) {
                Some(byte) => drop(write!(text, "{byte:02x} ")),
                None => text.push_str("   "),
            }
            if column == 7 {
                text.push(' ');
            }
        }
        text.push(' ');
        for column in 0..16 {
            text.push(match line.get(column) {
                Some(byte) if byte.is_ascii_graphic() => char::from(*byte),
                Some(_) => '.',
                None => ' ',
            });
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dump_looks_as_ncat_users_know_it() {
        assert_eq!(
            dump(b"client hello\n"),
            "0000   63 6c 69 65 6e 74 20 68  65 6c 6c 6f 0a           client.hello.   \n"
        );
        assert_eq!(dump(&[0xff; 17]).lines().nth(1).map(str::len), Some(7 + 49 + 1 + 16));
    }
}
