//! Where in a line the secret begins: the commands of many protocols that carry one.
//!
//! A newcomer's trap: one table serves all protocols, because who types by hand need not have told which one
//! it is. Somebody who chats about passing LOGIN tests loses a word to that.

use crate::proto::literal;

/// What a client's line is, to those who look for secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// Nothing secret.
    Plain,
    /// A secret, from this byte on; that may be where the line ends so far.
    Secret(usize),
    /// The same, in a header field, which may go on in lines that begin with a blank (RFC 9112, 5.2).
    Field(usize),
    /// A SASL exchange begins (RFC 4422), with an initial response from this byte on if there is one. IMAP's
    /// replies to it begin with this tag.
    Sasl(usize, Option<&'a [u8]>),
}

/// Commands that are followed by a secret, as words (`*` is any), and by how many words before it.
const COMMANDS: &[(&[&str], usize)] = &[
    (&["PASS"], 0),
    (&["ACCT"], 0),
    (&["AUTHINFO", "PASS"], 0),
    (&["APOP"], 1),
    (&["ADAT"], 0),
    (&["OPER"], 1),
    (&["NS", "IDENTIFY"], 0),
    (&["NICKSERV", "IDENTIFY"], 0),
    (&["NS", ":IDENTIFY"], 0),
    (&["NICKSERV", ":IDENTIFY"], 0),
    (&["PRIVMSG", "*", ":IDENTIFY"], 0),
    (&["NS", "REGISTER"], 0),
    (&["NICKSERV", "REGISTER"], 0),
    (&["PRIVMSG", "NICKSERV", ":REGISTER"], 0),
    (&["HELLO", "*", "AUTH"], 1),
    (&["*", "LOGIN"], 1),
    // Without the tag, as it is mistyped.
    (&["LOGIN"], 1),
];

/// Commands that begin a SASL exchange, and whether the first word is a tag. A mechanism follows.
const SASL: &[(&[&str], bool)] = &[
    (&["AUTH"], false),
    (&["AUTHENTICATE"], false),
    (&["AUTHINFO", "SASL"], false),
    (&["AUTHINFO", "GENERIC"], false),
    (&["*", "AUTHENTICATE"], true),
];

/// What may stand behind those and be shown: SASL's mechanisms, and how FTP asks for encryption (RFC 4217).
const MECHANISMS: &[&str] = &[
    "PLAIN",
    "LOGIN",
    "EXTERNAL",
    "ANONYMOUS",
    "CRAM-MD5",
    "DIGEST-MD5",
    "NTLM",
    "GSSAPI",
    "GSS-SPNEGO",
    "XOAUTH2",
    "OAUTHBEARER",
    "KERBEROS_V4",
    "KERBEROS_V5",
    "SKEY",
    "OTP",
    "SECURID",
    "TLS",
    "SSL",
    "TLS-C",
    "TLS-P",
];

/// The beginnings of names of mechanisms that come in families (RFC 5802, RFC 5801).
const FAMILIES: &[&str] = &["SCRAM-", "GS2-", "ECDSA-"];

/// Header fields that are secret, and whether a scheme may be shown before that (RFC 9110, 11.4).
const FIELDS: &[(&str, bool)] = &[("Authorization", true), ("Proxy-Authorization", true), ("Cookie", false)];

/// XMPP's elements whose text is secret, as they begin (RFC 6120, 6; XEP-0388, XEP-0077, XEP-0078).
const ELEMENTS: &[&[u8]] = &[b"<authenticate", b"<auth", b"<response", b"<initial-response", b"<password", b"<digest"];

/// Looks at a line, which is given without its end and may be the beginning of one.
pub(super) fn meaning(line: &[u8]) -> Meaning<'_> {
    if let Some(meaning) = sasl(line) {
        return meaning;
    }
    let command = COMMANDS.iter().find_map(|(words, keep)| {
        let mut from = after(line, words)?;
        for _ in 0..*keep {
            from = word(line, from).1;
        }
        Some(word(line, from).0)
    });
    match command {
        Some(from) => Meaning::Secret(from),
        None => {
            field(line).map(Meaning::Field).or_else(|| element(line).map(Meaning::Secret)).unwrap_or(Meaning::Plain)
        }
    }
}

/// Whether a line is what clients say in an exchange: Base64 (RFC 4648), in quotes for ManageSieve.
pub(super) fn is_base64(line: &[u8]) -> bool {
    const COMMANDS: [&[u8]; 7] = [b"DATA", b"QUIT", b"RSET", b"NOOP", b"CAPA", b"STAT", b"LIST"];
    let quoted = line.strip_prefix(b"\"");
    let text = quoted.map_or(line, |text| text.strip_suffix(b"\"").unwrap_or(text));
    let digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(byte);
    !text.is_empty() && text.iter().all(digit) && !COMMANDS.iter().any(|it| it.eq_ignore_ascii_case(text))
}

/// The number in `{310}` or `{310+}` at the line's end: so many bytes follow it (RFC 9051, 4.3; RFC 7888).
pub(super) fn literal(line: &[u8]) -> Option<u64> {
    literal::digits(line)?.0.parse().ok()
}

/// Where the line goes on behind these words, if it begins with them.
pub(super) fn after(line: &[u8], words: &[&str]) -> Option<usize> {
    words.iter().try_fold(0, |from, expected| {
        let (start, end) = word(line, from);
        let found = line.get(start..end).filter(|found| !found.is_empty())?;
        (*expected == "*" || found.eq_ignore_ascii_case(expected.as_bytes())).then_some(end)
    })
}

/// Where the next word begins and ends: a run without blanks, or a quoted string with them.
pub(super) fn word(line: &[u8], from: usize) -> (usize, usize) {
    let start = from + length(line, from, is_blank);
    let end = match line.get(start..) {
        Some([b'"', quoted @ ..]) => start + 1 + quoted_length(quoted),
        _ => start + length(line, start, |byte| !is_blank(byte)),
    };
    (start, end)
}

fn quoted_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
}

fn sasl(line: &[u8]) -> Option<Meaning<'_>> {
    let (from, tagged) = SASL.iter().find_map(|(words, tagged)| Some((after(line, words)?, *tagged)))?;
    let (start, end) = word(line, from);
    let name = line.get(start..end).unwrap_or_default();
    let name = name.strip_prefix(b"\"").map_or(name, |name| name.strip_suffix(b"\"").unwrap_or(name));
    let family = |it: &&str| name.get(..it.len()).is_some_and(|name| name.eq_ignore_ascii_case(it.as_bytes()));
    let shown = MECHANISMS.iter().any(|it| name.eq_ignore_ascii_case(it.as_bytes())) || FAMILIES.iter().any(family);
    // An unknown name may be a password: Redis has AUTH without a mechanism, IRC sends answers so.
    let secret = if shown { word(line, end).0 } else { start };
    let (tag, end) = word(line, 0);
    Some(Meaning::Sasl(secret, line.get(tag..end).filter(|_| tagged)))
}

/// Whether the line ends within an element whose text is secret.
pub(super) fn opens_element(line: &[u8]) -> bool {
    element(line).is_some_and(|from| !closes_element(line.get(from..).unwrap_or_default()))
}

/// Whether an element ends in the line.
pub(super) fn closes_element(line: &[u8]) -> bool {
    line.windows(2).any(|pair| pair == b"</")
}

fn field(line: &[u8]) -> Option<usize> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = line.get(..colon)?.trim_ascii();
    let (_, has_scheme) = FIELDS.iter().find(|(field, _)| name.eq_ignore_ascii_case(field.as_bytes()))?;
    let start = colon + 1 + length(line, colon + 1, is_blank);
    let end = start + length(line, start, |byte| !is_blank(byte));
    let scheme = *has_scheme && end < line.len();
    Some(if scheme { end + length(line, end, is_blank) } else { start })
}

fn element(line: &[u8]) -> Option<usize> {
    if !line.trim_ascii_start().starts_with(b"<") {
        return None;
    }
    (0..line.len()).find_map(|at| {
        let rest = line.get(at..).unwrap_or_default();
        let behind = ELEMENTS.iter().find_map(|element| rest.strip_prefix(*element))?;
        // Its name is no longer than that: there is `<author>`, too.
        let is_its_name = behind.first().is_none_or(|byte| byte.is_ascii_whitespace() || b">/".contains(byte));
        let end = length(line, at, |byte| byte != b'>');
        // `<auth/>` has no text.
        let is_empty = rest.get(..end).is_some_and(|tag| tag.ends_with(b"/"));
        (is_its_name && !is_empty).then(|| (at + end + 1).min(line.len()))
    })
}

/// How many bytes in a row are such, from there on.
fn length(line: &[u8], from: usize, such: impl Fn(u8) -> bool) -> usize {
    line.get(from..).unwrap_or_default().iter().take_while(|byte| such(**byte)).count()
}

fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What of the line may be shown.
    fn shown(line: &str) -> &str {
        match meaning(line.as_bytes()) {
            Meaning::Plain => line,
            Meaning::Secret(from) | Meaning::Field(from) | Meaning::Sasl(from, _) => &line[..from],
        }
    }

    #[test]
    fn a_secret_begins_behind_its_command() {
        for (line, expected) in [
            ("PASS secret", "PASS "),
            ("pass  two words", "pass  "),
            ("AUTHINFO USER me", "AUTHINFO USER me"),
            ("AUTHINFO PASS x", "AUTHINFO PASS "),
            ("APOP me c4c9334bac560ecc979e58001b3e22fb", "APOP me "),
            ("a1 LOGIN me secret", "a1 LOGIN me "),
            (r#"a1 login "my \" name" "my secret""#, r#"a1 login "my \" name" "#),
            (r#"a1 LOGIN "unfinished name secret"#, r#"a1 LOGIN "unfinished name secret"#),
            ("OPER me secret", "OPER me "),
            ("PRIVMSG NickServ :IDENTIFY secret", "PRIVMSG NickServ :IDENTIFY "),
            ("PRIVMSG nickserv :register secret me@x", "PRIVMSG nickserv :register "),
            ("NickServ :identify secret", "NickServ :identify "),
            ("LOGIN me secret", "LOGIN me "),
            ("HELLO 3 AUTH me secret", "HELLO 3 AUTH me "),
            ("PASS", "PASS"),
            ("PASSIVE x", "PASSIVE x"),
            ("MAIL FROM:<a@b> AUTH=<>", "MAIL FROM:<a@b> AUTH=<>"),
            ("", ""),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn a_mechanism_is_shown_and_what_may_be_none_is_not() {
        for (line, expected) in [
            ("AUTH PLAIN AGJvYgBzZWNyZXQ=", "AUTH PLAIN "),
            ("auth scram-sha-256 biws", "auth scram-sha-256 "),
            ("AUTH LOGIN dXNlcg==", "AUTH LOGIN "),
            ("AUTH secret", "AUTH "),
            ("AUTH me secret", "AUTH "),
            ("AUTH TLS", "AUTH TLS"),
            ("AUTH PLA", "AUTH "),
            ("AUTH", "AUTH"),
            ("a1 AUTHENTICATE PLAIN AGI=", "a1 AUTHENTICATE PLAIN "),
            (r#"AUTHENTICATE "PLAIN" "AGI=""#, r#"AUTHENTICATE "PLAIN" "#),
            ("AUTHENTICATE AGJvYgBz", "AUTHENTICATE "),
            ("AUTHINFO SASL PLAIN AGI=", "AUTHINFO SASL PLAIN "),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
        assert_eq!(meaning(b"a1 AUTHENTICATE PLAIN"), Meaning::Sasl(21, Some(b"a1")));
        assert_eq!(meaning(b"AUTH LOGIN"), Meaning::Sasl(10, None));
    }

    #[test]
    fn credentials_in_header_fields_are_secret() {
        for (line, expected) in [
            ("Authorization: Basic YTpi", "Authorization: Basic "),
            ("proxy-authorization:Digest username=x", "proxy-authorization:Digest "),
            ("Authorization: YTpi", "Authorization: "),
            ("Cookie: a=b; c=d", "Cookie: "),
            ("Cookies: a", "Cookies: a"),
            ("Host: x", "Host: x"),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn xmpps_text_is_secret() {
        assert_eq!(
            shown("<stream:stream><auth mechanism='PLAIN'>AGI=</auth>"),
            "<stream:stream><auth mechanism='PLAIN'>"
        );
        assert_eq!(shown("<response>AGI=</response>"), "<response>");
        assert_eq!(shown("<auth mech"), "<auth mech");
        assert_eq!(shown("<author>me</author>"), "<author>me</author>");
        assert_eq!(shown("<auth mechanism='EXTERNAL'/><a>b</a>"), "<auth mechanism='EXTERNAL'/><a>b</a>");
        assert_eq!(shown("<auth/><password>x"), "<auth/><password>");
        assert_eq!(shown("see <auth> there"), "see <auth> there");
    }

    #[test]
    fn literals_and_base64_are_known() {
        assert_eq!([literal(b"a {310}"), literal(b"{5+}")], [Some(310), Some(5)]);
        assert_eq!([literal(b"a {x}"), literal(b"{}"), literal(b"a {3} "), literal(b"3}")], [None; 4]);
        assert!(is_base64(b"dXNlcg==") && is_base64(b"\"dXNlcg==\"") && is_base64(b"="));
        assert!(!is_base64(b"MAIL FROM:<a>") && !is_base64(b"quit") && !is_base64(b""));
    }
}
