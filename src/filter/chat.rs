//! `--chat`: each line is marked with who said it, and cannot harm the terminals it is shown on.
//!
//! All that is said in a room goes to the same screens, so the speakers share what was said last:
//! who speaks while the line of another is unfinished begins a new one, and the other gets
//! a new mark when it goes on. No line waits for its end, which might never come.
//!
//! A newcomer's trap: a lone CR brings the cursor back to the mark of the line. What follows it
//! is marked again, or one could speak in the name of another.

use super::{
    Filter,
    utf8::{Characters, Run},
};
use crate::report::{escape, turns};
use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt::{self, Display},
    mem,
    rc::Rc,
};

/// So many are named to who joins, and no more than these are told of them besides.
const NAMED: usize = 100;

/// A speaker's number, unique in its room for all time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct User(u64);

impl User {
    /// Who started rncat, and speaks by its stdin.
    pub const HOST: Self = Self(0);
}

impl Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<user{}>", self.0)
    }
}

/// A room: who is in it, and whose line is unfinished.
#[derive(Debug, Default)]
pub struct Chat {
    members: RefCell<BTreeMap<User, Member>>,
    last: Cell<u64>,
    unfinished: Rc<Cell<Option<User>>>,
}

#[derive(Debug)]
struct Member {
    /// The host has none; it is not spoken of.
    address: Option<String>,
    voice: Rc<RefCell<Voice>>,
}

/// What is to be told when somebody comes.
#[derive(Debug)]
pub struct Announcement {
    /// To all, the newcomer included: who it is and, as in Ncat, who else is there.
    pub to_all: Vec<u8>,
    /// To the newcomer alone, then: who else is there, where so many are that telling thousands of
    /// thousands would be all that is done.
    pub to_newcomer: Vec<u8>,
}

impl Chat {
    /// The filter for stdin; it is [`User::HOST`]'s. Others are not told.
    pub fn host(&self) -> Speaker {
        self.add(User::HOST, None)
    }

    /// Lets in who has connected from `address`: its number, the filter for what it says, and what is
    /// announced.
    pub fn join(&self, address: impl Display) -> (User, Speaker, Announcement) {
        self.last.set(self.last.get() + 1);
        let user = User(self.last.get());
        let address = escape(address.to_string().as_bytes());
        let (others, all) = self.others();
        let mut to_all = self.end_of_line();
        to_all.extend_from_slice(format!("<announce> {address} is connected as {user}.\n").as_bytes());
        let mut to_newcomer = format!("<announce> already connected: {others}.\n").into_bytes();
        if all <= NAMED {
            to_all.append(&mut to_newcomer);
        }
        (user, self.add(user, Some(address)), Announcement { to_all, to_newcomer })
    }

    /// Lets `user` go: what those who stay are to be told, beginning with what it had not finished
    /// to say. The host leaves without a word of its own.
    pub fn leave(&self, user: User) -> Vec<u8> {
        let Some(member) = self.members.borrow_mut().remove(&user) else { return Vec::new() };
        let mut text = Vec::new();
        member.voice.borrow_mut().break_off(&mut text);
        if member.address.is_some() {
            text.extend(self.end_of_line());
            text.extend_from_slice(format!("<announce> {user} is disconnected.\n").as_bytes());
        }
        text
    }

    fn add(&self, user: User, address: Option<String>) -> Speaker {
        let unfinished = Rc::clone(&self.unfinished);
        let voice = Voice { user, unfinished, characters: Characters::default(), after_cr: false };
        let voice = Rc::new(RefCell::new(voice));
        self.members.borrow_mut().insert(user, Member { address, voice: Rc::clone(&voice) });
        Speaker(voice)
    }

    /// Those who are there, in words, and how many they are.
    fn others(&self) -> (String, usize) {
        let members = self.members.borrow();
        let named = members.iter().filter_map(|(user, member)| Some((user, member.address.as_ref()?)));
        let mut words: Vec<_> = named.take(NAMED).map(|(user, name)| format!("{name} as {user}")).collect();
        let all = members.len() - usize::from(members.contains_key(&User::HOST));
        match all.saturating_sub(NAMED) {
            0 if words.is_empty() => words.push("nobody".to_owned()),
            0 => {}
            more => words.push(format!("and {more} more")),
        }
        (words.join(", "), all)
    }

    fn end_of_line(&self) -> Vec<u8> {
        self.unfinished.take().map(|_| b'\n').into_iter().collect()
    }
}

/// The filter for what one user says. It holds no more than the beginning of a character.
#[derive(Debug)]
pub struct Speaker(Rc<RefCell<Voice>>);

impl Filter for Speaker {
    fn apply(&mut self, bytes: &mut Vec<u8>, spare: &mut Vec<u8>) {
        spare.clear();
        self.0.borrow_mut().speak(bytes, spare);
        mem::swap(bytes, spare);
    }
}

#[derive(Debug)]
struct Voice {
    user: User,
    /// Whose line is unfinished; shared by all in the room.
    unfinished: Rc<Cell<Option<User>>>,
    characters: Characters,
    after_cr: bool,
}

impl Voice {
    fn speak(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let mut characters = mem::take(&mut self.characters);
        characters.pass(bytes, |run| self.say_run(run, out));
        self.characters = characters;
    }

    /// No more will come.
    fn break_off(&mut self, out: &mut Vec<u8>) {
        mem::take(&mut self.characters).end(|run| self.say_run(run, out));
    }

    fn say_run(&mut self, run: Run<'_>, out: &mut Vec<u8>) {
        match run {
            Run::Text(text) => text.chars().for_each(|c| self.say(c, out)),
            Run::Odd(bytes) => self.say_octal(bytes, out),
        }
    }

    fn say(&mut self, c: char, out: &mut Vec<u8>) {
        let mut buffer = [0; 4];
        let bytes = c.encode_utf8(&mut buffer).as_bytes();
        match c {
            // The line of this CR LF was ended by another who began to speak.
            '\n' if self.after_cr && !self.goes_on() => self.after_cr = false,
            '\n' => {
                if !self.goes_on() {
                    self.begin(out);
                }
                out.push(b'\n');
                self.after_cr = false;
                self.unfinished.set(None);
            }
            '\r' => {
                if !self.goes_on() {
                    self.begin(out);
                }
                out.push(b'\r');
                self.after_cr = true;
            }
            c if turns(c) && c != '\t' => self.say_octal(bytes, out),
            _ => {
                self.begin_if_due(out);
                out.extend_from_slice(bytes);
            }
        }
    }

    fn say_octal(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.begin_if_due(out);
        for byte in bytes {
            out.extend([b'\\', b'0' + (byte >> 6), b'0' + (byte >> 3 & 7), b'0' + (byte & 7)]);
        }
    }

    fn begin_if_due(&mut self, out: &mut Vec<u8>) {
        if mem::take(&mut self.after_cr) || !self.goes_on() {
            self.begin(out);
        }
    }

    fn begin(&self, out: &mut Vec<u8>) {
        if self.unfinished.replace(Some(self.user)).is_some_and(|other| other != self.user) {
            out.push(b'\n');
        }
        out.extend_from_slice(format!("{} ", self.user).as_bytes());
    }

    fn goes_on(&self) -> bool {
        self.unfinished.get() == Some(self.user)
    }
}

#[cfg(test)]
mod tests;
