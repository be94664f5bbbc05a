//! Dialogues: a session as an RFC writes it, `C: ` before what the client says and `S: ` before the
//! server's lines, with forms in braces.

mod answer;
pub mod escape;
mod expect;
mod fault;
mod files;
mod form;
mod inbox;
mod listing;
mod message;
mod parse;
mod pattern;
mod player;
mod script;
mod template;
mod text;

pub use escape::escaped;
pub use player::{Awaits, Encryption, Gone, Player};
pub use script::Script;
