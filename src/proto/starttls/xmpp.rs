//! XMPP's `<starttls/>` (RFC 6120, 5), of clients and between servers.
//!
//! A newcomer's trap: `<proceed/>` is the last byte in clear, and the stream begins anew behind it;
//! nothing of the first one (its features, its id) counts any more.

use super::{
    script::{Next, Say, Script, Trouble},
    xml::{Kind, Tag, escape, length},
};

const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";

#[derive(Debug)]
pub(super) struct Xmpp {
    /// The namespace of what the stream is for.
    content: &'static str,
    /// Who is asked for.
    domain: String,
    at: At,
    /// The prefix of the server's stream, with its colon.
    prefix: Vec<u8>,
    offered: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the server's stream.
    Start,
    Features,
    Proceed,
    /// In a `<proceed>` that is not empty.
    Proceeding,
    /// In a stream error, whose condition comes first (RFC 6120, 4.9.2).
    Error,
}

impl Xmpp {
    pub(super) fn new(content: &'static str, domain: &str) -> Self {
        // A domain has no final dot in XMPP (RFC 7622, 3.2).
        let domain = domain.strip_suffix('.').unwrap_or(domain).to_owned();
        Self { content, domain, at: At::Start, prefix: Vec::new(), offered: false }
    }

    /// Whether the tag belongs to the stream itself.
    fn is_own(&self, tag: Tag<'_>, local: &[u8]) -> bool {
        tag.local() == local && tag.prefix() == self.prefix
    }
}

impl Script for Xmpp {
    fn begin(&mut self) -> Result<Option<Say>, Trouble> {
        let Some(to) = escape(&self.domain) else {
            return Err(Trouble::new("its name cannot be written in XML"));
        };
        let header = format!(
            "<?xml version='1.0'?><stream:stream to='{to}' version='1.0' xmlns='{}' \
             xmlns:stream='http://etherx.jabber.org/streams'>",
            self.content
        );
        Ok(Some(Say::bytes(header.clone().into_bytes(), crate::report::escape(header.as_bytes()))))
    }

    /// A tag, and the text before it.
    fn first<'a>(&self, arrived: &'a [u8]) -> Result<Option<(usize, &'a [u8])>, Trouble> {
        let start = arrived.trim_ascii_start();
        if self.at == At::Start && !start.is_empty() && !start.starts_with(b"<") {
            return Err(Trouble::new("it does not speak XMPP").hint("is it another kind of server?"));
        }
        let Some(length) = length(arrived) else { return Ok(None) };
        Ok(arrived.get(..length).map(|tag| (length, tag.trim_ascii_start())))
    }

    fn heard(&mut self, message: &[u8]) -> Result<Next, Trouble> {
        let text = message.iter().position(|byte| *byte == b'<').unwrap_or_default();
        let tag = message.get(text..).and_then(Tag::parse).ok_or_else(|| Trouble::odd(message))?;
        let (starts, ends) =
            (matches!(tag.kind, Kind::Start | Kind::Empty), matches!(tag.kind, Kind::End | Kind::Empty));
        match self.at {
            At::Start if tag.kind == Kind::Instruction => Ok(Next::Listen),
            At::Start if tag.kind == Kind::Start && tag.local() == b"stream" => {
                // Without a version there are no features to wait for (RFC 6120, 4.7.5).
                if tag.attribute(b"version").is_none() {
                    return Err(Trouble::lacks("STARTTLS"));
                }
                (self.at, self.prefix) = (At::Features, tag.prefix().to_vec());
                Ok(Next::Listen)
            }
            At::Error if starts => {
                let condition = crate::report::escape(tag.local());
                Err(Trouble::new(format!("it ended the stream with an error: {condition}")))
            }
            At::Features | At::Proceed if starts && self.is_own(tag, b"error") => {
                self.at = At::Error;
                Ok(Next::Listen)
            }
            At::Features if ends && self.is_own(tag, b"features") && self.offered => {
                self.at = At::Proceed;
                let starttls = format!("<starttls xmlns='{TLS}'/>");
                Ok(Next::Say(Say::bytes(starttls.clone().into_bytes(), starttls)))
            }
            At::Features if ends && self.is_own(tag, b"features") => Err(Trouble::lacks("STARTTLS")),
            _ if ends && self.is_own(tag, b"stream") => Err(Trouble::new("it ended the stream")),
            At::Features => {
                self.offered |= starts && tag.is("starttls", TLS);
                Ok(Next::Listen)
            }
            At::Proceed if starts && tag.is("failure", TLS) => Err(Trouble::refused("STARTTLS", message)),
            At::Proceed if starts && tag.is("proceed", TLS) && text == 0 => match tag.kind {
                Kind::Empty => Ok(Next::Agreed),
                _ => {
                    self.at = At::Proceeding;
                    Ok(Next::Listen)
                }
            },
            At::Proceeding if tag.kind == Kind::End && tag.local() == b"proceed" => Ok(Next::Agreed),
            At::Start | At::Proceed | At::Proceeding | At::Error => Err(Trouble::odd(message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{agrees, ask, fails};
    use super::TLS;
    use crate::proto::testing::play;

    const STREAM: &str = "<?xml version='1.0'?>\n<stream:stream xmlns='jabber:client' id='>' version='1.0' from='h'>";

    fn offer() -> String {
        format!(
            "{STREAM}<stream:features><starttls xmlns=\"{TLS}\"><required/></starttls><a><b/></a></stream:features>"
        )
    }

    #[test]
    fn a_stream_is_begun_and_starttls_said() {
        let said = agrees("xmpp", &format!("{}\n<proceed xmlns='{TLS}'/>", offer()));
        assert_eq!(
            said,
            "<?xml version='1.0'?><stream:stream to='host.example' version='1.0' xmlns='jabber:client' \
             xmlns:stream='http://etherx.jabber.org/streams'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
        );
        let said = agrees("xmpp-server", &format!("{}<proceed xmlns='{TLS}'></proceed>", offer()));
        assert!(said.contains(" xmlns='jabber:server' "), "{said}");
        let other =
            offer().replace("stream:", "s:").replace("starttls", "t:starttls").replace("xmlns=\"", "xmlns:t=\"");
        agrees("xmpp", &format!("{other}<t:proceed xmlns:t='{TLS}'/>"));
    }

    #[test]
    fn the_domain_stays_in_its_attribute() {
        let sent = |host: &str| play(&mut *ask("xmpp", host), []).sent.concat();
        assert!(String::from_utf8(sent("a'/><&.")).unwrap().contains(" to='a&apos;/&gt;&lt;&amp;' "));
        let odd = play(&mut *ask("xmpp", "a\nb"), []);
        assert!(odd.sent.is_empty() && odd.end.unwrap_err().to_string().contains("XML"));
    }

    #[test]
    fn what_is_not_agreed_upon_is_told() {
        let offer = offer();
        for (said, says) in [
            (format!("{STREAM}<stream:features><starttls xmlns='x'/></stream:features>"), "it does not offer STARTTLS"),
            (format!("{STREAM}<stream:features/>"), "it does not offer STARTTLS; it may have a port"),
            (STREAM.replace(" version='1.0' f", " f"), "it does not offer STARTTLS"),
            (format!("{offer}<failure xmlns='{TLS}'/>"), "it refuses STARTTLS: <failure xmlns="),
            (format!("{offer}</stream:stream>"), "it ended the stream"),
            (
                format!("{STREAM}<stream:error><host-unknown xmlns='u'/><text>no \x1b</text></stream:error>"),
                "it ended the stream with an error: host-unknown",
            ),
            (format!("{offer}<proceed/>"), "no sense here: <proceed/>"),
            (format!("{offer}x<proceed xmlns='{TLS}'/>"), "no sense here: x<proceed"),
            (format!("{offer}<proceed xmlns='{TLS}'><a/></proceed>"), "no sense here: <a/>"),
            ("<html><stream:stream>".to_owned(), "no sense here: <html>"),
            (format!("{STREAM}<!-- x -->"), "no sense here: <!-- x -->"),
            ("220 smtp\r\n".to_owned(), "it does not speak XMPP"),
        ] {
            fails("xmpp", &said, says);
        }
    }
}
