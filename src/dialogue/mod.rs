//! Dialogues: a session as an RFC writes it, `C: ` before what the client says and `S: ` before the
//! server's lines, with forms in braces.

pub mod escape;

pub use escape::escaped;
