//! The user and the group that root becomes, as typed.
//!
//! A newcomer's trap: whether there are such is not known here, and a name of digits may be a number.

/// `--user`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// A name, or a number.
    pub name: String,
    /// The same of a group; the user's own if not given.
    pub group: Option<String>,
}
