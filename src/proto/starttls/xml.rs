//! As much XML as an opening of XMPP needs: tags, their names and attributes (XML 1.0, 3.1).
//!
//! A newcomer's trap: this is a scan and no parser. It knows where a tag ends, which is enough to
//! look for one; what XMPP forbids (comments, DOCTYPE, CDATA: RFC 6120, 11.1) is no tag here.

/// A tag, from `<` to `>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    pub(super) kind: Kind,
    /// Its name as written, with a prefix or without.
    pub(super) name: &'a [u8],
    attributes: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `<a>`
    Start,
    /// `</a>`
    End,
    /// `<a/>`
    Empty,
    /// `<?a?>`
    Instruction,
}

/// The length of what arrived up to the end of the first tag, once that is there.
pub(super) fn length(arrived: &[u8]) -> Option<usize> {
    let mut quote = None;
    let start = arrived.iter().position(|byte| *byte == b'<')?;
    for (at, byte) in arrived.iter().enumerate().skip(start) {
        match (quote, *byte) {
            (None, b'>') => return Some(at + 1),
            (None, b'\'' | b'"') => quote = Some(*byte),
            (Some(mark), byte) if mark == byte => quote = None,
            _ => {}
        }
    }
    None
}

impl<'a> Tag<'a> {
    /// Reads a tag.
    pub(super) fn parse(tag: &'a [u8]) -> Option<Self> {
        let inner = tag.strip_prefix(b"<")?.strip_suffix(b">")?;
        let (kind, inner) = match inner {
            [b'/', inner @ ..] => (Kind::End, inner),
            [b'?', inner @ .., b'?'] => (Kind::Instruction, inner),
            [inner @ .., b'/'] => (Kind::Empty, inner),
            _ => (Kind::Start, inner),
        };
        let end = inner.iter().position(u8::is_ascii_whitespace).unwrap_or(inner.len());
        let (name, attributes) = inner.split_at_checked(end)?;
        let is_name = !name.is_empty()
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:".contains(byte) || !byte.is_ascii());
        is_name.then_some(Self { kind, name, attributes })
    }

    /// Its name without the prefix.
    pub(super) fn local(&self) -> &'a [u8] {
        self.name.rsplit(|byte| *byte == b':').next().unwrap_or_default()
    }

    /// Its prefix, with the colon; empty if it has none.
    pub(super) fn prefix(&self) -> &'a [u8] {
        self.name.strip_suffix(self.local()).unwrap_or_default()
    }

    /// The value of an attribute, as written.
    pub(super) fn attribute(&self, name: &[u8]) -> Option<&'a [u8]> {
        let mut rest = self.attributes.trim_ascii_start();
        loop {
            let equals = rest.iter().position(|byte| *byte == b'=')?;
            let (found, value) = rest.split_at_checked(equals)?;
            let (quote, value) = value.get(1..)?.trim_ascii_start().split_first()?;
            let end = matches!(quote, b'\'' | b'"').then(|| value.iter().position(|byte| byte == quote))??;
            let (value, more) = value.split_at_checked(end)?;
            if found.trim_ascii() == name {
                return Some(value);
            }
            rest = more.get(1..)?.trim_ascii_start();
        }
    }

    /// Whether it is this name in this namespace, which it declares itself.
    pub(super) fn is(&self, local: &str, namespace: &str) -> bool {
        let declaration = match self.prefix() {
            [] => b"xmlns".to_vec(),
            [prefix @ .., _] => [b"xmlns:", prefix].concat(),
        };
        self.local() == local.as_bytes() && self.attribute(&declaration) == Some(namespace.as_bytes())
    }
}

/// A text as the value of an attribute; `None` if XML cannot have it (XML 1.0, 2.2).
pub(super) fn escape(text: &str) -> Option<String> {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\'' => escaped.push_str("&apos;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => return None,
            c => escaped.push(c),
        }
    }
    Some(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tag_ends_outside_quotes() {
        assert_eq!(length(b" x<a b='>\"' c=\">\">rest"), Some(18));
        assert_eq!((length(b"<a b='>"), length(b"<a"), length(b"x>")), (None, None, None));
    }

    #[test]
    fn kinds_and_names_are_told() {
        for (text, kind, name) in [
            ("<a>", Kind::Start, "a"),
            ("<s:a b='c'>", Kind::Start, "s:a"),
            ("</s:a >", Kind::End, "s:a"),
            ("<a/>", Kind::Empty, "a"),
            ("<a b='c' />", Kind::Empty, "a"),
            ("<?xml version='1.0'?>", Kind::Instruction, "xml"),
        ] {
            let tag = Tag::parse(text.as_bytes()).unwrap();
            assert_eq!((tag.kind, tag.name), (kind, name.as_bytes()), "{text}");
        }
        for odd in ["", "<>", "< a>", "</>", "<!-- x -->", "<!DOCTYPE x>", "<![CDATA[x]]>", "a", "<'a'>"] {
            assert_eq!(Tag::parse(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn attributes_are_found_and_namespaces_compared() {
        let tag = Tag::parse(b"<s:a  b = 'x=y' xmlns:s=\"urn:n\"\n c=''>").unwrap();
        assert_eq!((tag.attribute(b"b"), tag.attribute(b"c")), (Some(&b"x=y"[..]), Some(&b""[..])));
        assert_eq!((tag.attribute(b"x"), tag.attribute(b"xmlns")), (None, None));
        assert!(tag.is("a", "urn:n") && !tag.is("a", "urn:m") && !tag.is("s:a", "urn:n"));
        assert_eq!(Tag::parse(b"<a b=c d='e'>").unwrap().attribute(b"d"), None);
    }

    #[test]
    fn a_text_cannot_leave_its_attribute() {
        assert_eq!(escape("ü'\"<>&"), Some("ü&apos;&quot;&lt;&gt;&amp;".to_owned()));
        assert_eq!((escape("a\0"), escape("\u{85}"), escape("\n")), (None, None, None));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"<>/?='\": ".to_vec())], 0..80)) {
            let _ = length(&bytes);
            let tag = [b"<", &bytes[..], b">"].concat();
            if let Some(tag) = Tag::parse(&tag) {
                let _ = (tag.is("a", "b"), tag.attribute(b"c"));
            }
        }
    }
}
