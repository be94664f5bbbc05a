//! The fields of a head, in the order they came.
//!
//! A newcomer's trap: a name may come more than once, and in any case. Whoever looks at the
//! first line alone sees another message than the next server does, so ask for all of them.

/// One field line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As it was written.
    pub name: String,
    /// Without the blanks around it.
    pub value: Vec<u8>,
}

/// All field lines of a head.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// Adds a line at the end.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.0.push(Field { name: name.into(), value: value.into() });
    }

    /// The lines, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Field> {
        self.0.iter()
    }

    /// The values of all lines of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_slice())
    }

    /// Whether there is a line of this name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The elements of a comma-separated list over all lines of this name (RFC 9110, 5.6.1);
    /// empty ones are skipped. Not for lists whose elements may hold quoted commas.
    pub fn elements<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let elements = self.all(name).flat_map(|value| value.split(|byte| *byte == b','));
        elements.map(<[u8]>::trim_ascii).filter(|element| !element.is_empty())
    }

    /// Whether a list has this element, in any case.
    #[must_use]
    pub fn lists(&self, name: &str, element: &str) -> bool {
        self.elements(name).any(|it| it.eq_ignore_ascii_case(element.as_bytes()))
    }

    /// Keeps the lines whose names satisfy `keep`.
    pub fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|field| keep(&field.name));
    }

    /// Makes one line of all lines of a name, where its first one was (RFC 9110, 5.3). Set-Cookie
    /// stays apart, as its values may hold commas; Cookie has a separator of its own.
    pub fn combine(&mut self) {
        let mut combined: Vec<Field> = Vec::with_capacity(self.0.len());
        for field in self.0.drain(..) {
            let same = combined.iter_mut().find(|it| it.name.eq_ignore_ascii_case(&field.name));
            match same {
                Some(first) if !first.name.eq_ignore_ascii_case("set-cookie") => {
                    let cookie = first.name.eq_ignore_ascii_case("cookie");
                    first.value.extend_from_slice(if cookie { b"; " } else { b", " });
                    first.value.extend_from_slice(&field.value);
                }
                _ => combined.push(field),
            }
        }
        self.0 = combined;
    }

    /// Writes the lines as they go over the wire.
    pub fn write(&self, out: &mut Vec<u8>) {
        for field in &self.0 {
            out.extend_from_slice(field.name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(&field.value);
            out.extend_from_slice(b"\r\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[(&str, &str)]) -> Fields {
        let mut fields = Fields::default();
        lines.iter().for_each(|(name, value)| fields.push(*name, *value));
        fields
    }

    fn written(fields: &Fields) -> String {
        let mut out = Vec::new();
        fields.write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_have_no_case_and_lists_span_lines() {
        let fields = fields(&[("Connection", "close,, x"), ("connection", " Y ")]);
        assert_eq!(fields.elements("CONNECTION").collect::<Vec<_>>(), [&b"close"[..], b"x", b"Y"]);
        assert!(fields.lists("Connection", "y") && !fields.lists("Connection", "z"));
    }

    #[test]
    fn lines_of_a_name_are_combined_in_order() {
        let mut fields = fields(&[("A", "1"), ("B", "2"), ("a", "3"), ("Cookie", "x=1"), ("cookie", "y=2")]);
        fields.combine();
        assert_eq!(written(&fields), "A: 1, 3\r\nB: 2\r\nCookie: x=1; y=2\r\n");
    }

    #[test]
    fn set_cookie_stays_apart() {
        let mut fields = fields(&[("Set-Cookie", "a=1"), ("set-cookie", "b=2")]);
        fields.combine();
        assert_eq!(written(&fields), "Set-Cookie: a=1\r\nset-cookie: b=2\r\n");
    }
}
