//! One question as a message, and what a message answers to it (RFC 1035, 4; EDNS: RFC 6891).
//!
//! A newcomer's trap: an answer may bring along what nobody asked for. Only records count that belong to the name
//! asked for, or to the name that a CNAME of the same answer leads to.

use super::name;
use domain::{
    base::{
        Message, MessageBuilder, Rtype,
        iana::{Opcode, OptRcode, Rcode},
        name::Name,
    },
    dep::octseq::array::Array,
    rdata::{A, Aaaa, Cname, Mx, Txt},
};
use std::net::IpAddr;

/// The longest datagram that passes everywhere (DNS flag day 2020).
const DATAGRAM: u16 = 1232;

/// Records of an answer that are looked at.
const RECORDS: usize = 512;

/// How many aliases are followed to a name, in all.
pub(super) const ALIASES: usize = 8;

/// Room for a name in wire form (RFC 1035, 2.3.4).
type Wire = Array<255>;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Mail exchangers.
    Mx,
    /// Texts, SPF among them (RFC 7208, 3.1).
    Txt,
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// A mail exchanger, with its preference: the lowest is the first.
    Mx(u16, String),
    /// A text, of whatever bytes.
    Txt(Vec<u8>),
    /// An address.
    Address(IpAddr),
}

/// What a name server says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// These records, perhaps none; there is such a name.
    Found(Answer),
    /// There is no such name, which is that of the last alias.
    NoSuchName(Vec<String>),
    /// It does not fit into a datagram.
    Truncated,
    /// The server does not know what the question means, perhaps because of EDNS.
    Misunderstood,
    /// The server has no answer; why, in a word.
    Refused(String),
}

/// Records, and the aliases that lead to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The names that CNAMEs lead to, in turn; the last is the records' own.
    pub aliases: Vec<String>,
    /// The records.
    pub data: Vec<Data>,
}

impl Kind {
    /// As records are written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mx => "MX",
            Self::Txt => "TXT",
            Self::A => "A",
            Self::Aaaa => "AAAA",
        }
    }

    fn rtype(self) -> Rtype {
        match self {
            Self::Mx => Rtype::MX,
            Self::Txt => Rtype::TXT,
            Self::A => Rtype::A,
            Self::Aaaa => Rtype::AAAA,
        }
    }
}

/// The question for the records of `name`; `None` if that is too long for a name.
pub(super) fn ask(id: u16, name: &str, kind: Kind, edns: bool) -> Option<Vec<u8>> {
    let mut message = MessageBuilder::from_target(Array::<512>::new()).ok()?;
    message.header_mut().set_id(id);
    message.header_mut().set_rd(true);
    let mut message = message.question();
    message.push((wire(name)?, kind.rtype())).ok()?;
    let mut message = message.additional();
    if edns {
        message
            .opt(|opt| {
                opt.set_udp_payload_size(DATAGRAM);
                Ok(())
            })
            .ok()?;
    }
    Some(message.as_slice().to_vec())
}

/// What `bytes` say to that question; `None` if they are no answer to it.
pub(super) fn read(bytes: &[u8], id: u16, name: &str, kind: Kind) -> Option<Reply> {
    let message = Message::from_octets(bytes).ok()?;
    let header = message.header();
    if header.qr() && header.id() == id && header.rcode() == Rcode::FORMERR && message.header_counts().qdcount() == 0 {
        // Who cannot read a question does not always repeat it.
        return Some(Reply::Misunderstood);
    }
    let question = message.sole_question().ok()?;
    let is_ours = header.qr()
        && header.opcode() == Opcode::QUERY
        && header.id() == id
        && *question.qname() == wire(name)?
        && question.qtype() == kind.rtype()
        && question.qclass() == domain::base::iana::Class::IN;
    if !is_ours {
        return None;
    }
    // Of a code beyond 15, the header has only a part (RFC 6891, 6.1.3).
    Some(match message.opt_rcode() {
        _ if header.tc() => Reply::Truncated,
        OptRcode::NOERROR | OptRcode::NXDOMAIN => match answer(&message, name, kind) {
            None => Reply::Refused("the answer is garbled".to_owned()),
            Some(answer) if header.rcode() == Rcode::NXDOMAIN => Reply::NoSuchName(answer.aliases),
            // What it says is who knows more, to one who asks around by himself.
            Some(answer) if answer == Answer::default() && !header.aa() && !header.ra() => {
                Reply::Refused("it does not look up names for others".to_owned())
            }
            Some(answer) => Reply::Found(answer),
        },
        OptRcode::FORMERR | OptRcode::NOTIMP => Reply::Misunderstood,
        OptRcode::SERVFAIL => Reply::Refused("SERVFAIL".to_owned()),
        OptRcode::REFUSED => Reply::Refused("REFUSED".to_owned()),
        other => Reply::Refused(format!("error {}", other.to_int())),
    })
}

/// A name of ours in wire form.
pub(super) fn wire(name: &str) -> Option<Name<Wire>> {
    name.parse().ok()
}

fn answer(message: &Message<&[u8]>, name: &str, kind: Kind) -> Option<Answer> {
    let mut records: Vec<(String, Record)> = Vec::new();
    for record in message.answer().ok()?.take(RECORDS) {
        let record = record.ok()?;
        if record.class() == domain::base::iana::Class::IN
            && let Some(what) = Record::of(&record, kind)?
        {
            records.push((name::text(&record.owner()), what));
        }
    }
    let (mut answer, mut name) = (Answer::default(), name.to_owned());
    loop {
        let mut own = records.iter().filter(|(owner, _)| *owner == name).map(|(_, what)| what);
        answer.data = own.clone().filter_map(Record::data).collect();
        let alias = own.find_map(Record::alias).filter(|_| answer.data.is_empty());
        match alias {
            Some(alias) if answer.aliases.len() < ALIASES => {
                answer.aliases.push(alias.clone());
                name.clone_from(alias);
            }
            _ => return Some(answer),
        }
    }
}

/// A record that matters.
enum Record {
    Alias(String),
    Data(Data),
}

impl Record {
    /// `None` if it is garbled.
    #[expect(clippy::option_option, reason = "garbled, or without meaning here")]
    fn of(record: &domain::base::ParsedRecord<'_, &[u8]>, kind: Kind) -> Option<Option<Self>> {
        let data = match (record.rtype(), kind) {
            (Rtype::CNAME, _) => {
                let record = record.to_record::<Cname<_>>().ok()??;
                return Some(Some(Self::Alias(name::text(record.data().cname()))));
            }
            (Rtype::MX, Kind::Mx) => {
                let record = record.to_record::<Mx<_>>().ok()??;
                Data::Mx(record.data().preference(), name::text(record.data().exchange()))
            }
            (Rtype::TXT, Kind::Txt) => {
                let record = record.to_record::<Txt<_>>().ok()??;
                // Several strings are one text (RFC 7208, 3.3).
                Data::Txt(record.data().iter().flatten().copied().collect())
            }
            (Rtype::A, Kind::A) => Data::Address(IpAddr::V4(record.to_record::<A>().ok()??.data().addr())),
            (Rtype::AAAA, Kind::Aaaa) => Data::Address(IpAddr::V6(record.to_record::<Aaaa>().ok()??.data().addr())),
            _ => return Some(None),
        };
        Some(Some(Self::Data(data)))
    }

    fn alias(&self) -> Option<&String> {
        match self {
            Self::Alias(name) => Some(name),
            Self::Data(_) => None,
        }
    }

    fn data(&self) -> Option<Data> {
        match self {
            Self::Alias(_) => None,
            Self::Data(data) => Some(data.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
