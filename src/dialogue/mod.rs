//! Dialogues: a session as an RFC writes it, `C: ` before what the client says and `S: ` before the
//! server's lines, with forms in braces.

pub mod escape;
mod expect;
mod files;
mod form;
mod message;
mod parse;
mod pattern;
mod script;
mod template;
mod text;

pub use escape::escaped;
pub use script::Script;
