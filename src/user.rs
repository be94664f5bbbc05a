//! `--user`: root becomes somebody else, for good.
//!
//! A newcomer's trap: the order. Groups go first, as only root can let go of them; and a process that has been root
//! keeps a way back unless all three of its user ids are changed, which is looked at afterwards.

use crate::{
    cli::config,
    error::{Error, Result, why},
    report::escape,
};
use nix::{
    errno::Errno,
    unistd::{Gid, Group, Uid},
};
use std::{fmt, io, os::unix::fs::chown, path::Path};

/// Whom to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    typed: String,
    uid: Uid,
    gid: Gid,
}

impl User {
    /// Looks the names up; numbers need not have one.
    ///
    /// # Errors
    /// When there is no such user or group, when it is root, or when we are not.
    pub fn find(user: &config::User) -> Result<Self> {
        let typed = match &user.group {
            Some(group) => format!("{}:{group}", user.name),
            None => user.name.clone(),
        };
        let fails = |why: String| Error::usage(format!("--user {}", escape(typed.as_bytes())), why);
        let unknown = |what: &str, error: Option<Errno>| {
            fails(error.map_or_else(|| format!("there is no such {what}"), |error| why(&error.into())))
        };
        let found = nix::unistd::User::from_name(&user.name);
        let (uid, own) = match (&found, user.name.parse()) {
            (Ok(Some(found)), _) => (found.uid, Some(found.gid)),
            (_, Ok(number)) => {
                let known = nix::unistd::User::from_uid(Uid::from_raw(number)).ok().flatten();
                (Uid::from_raw(number), known.map(|known| known.gid))
            }
            _ => return Err(unknown("user", found.err())),
        };
        let gid = match (&user.group, own) {
            (Some(group), _) => match (Group::from_name(group), group.parse()) {
                (Ok(Some(found)), _) => found.gid,
                (_, Ok(number)) => Gid::from_raw(number),
                (found, _) => return Err(unknown("group", found.err())),
            },
            (None, Some(own)) => own,
            (None, None) => return Err(fails("which group, nobody knows".to_owned()).hint("write UID:GID")),
        };
        if cfg!(target_vendor = "apple") {
            return Err(fails("not on this system: no safe call leaves the groups".to_owned()));
        }
        if uid.is_root() {
            return Err(fails("that would be root again".to_owned()));
        }
        if !Uid::effective().is_root() {
            return Err(fails("only root can become another user".to_owned()).hint("leave it out, or start as root"));
        }
        Ok(Self { typed, uid, gid })
    }

    /// Becomes that user, in all threads and whatever is started from now on.
    ///
    /// # Errors
    /// When that is impossible, or there would be a way back.
    pub fn assume(&self) -> Result<()> {
        self.try_assume()
            .map_err(|error| Error::usage(format!("--user {}", escape(self.typed.as_bytes())), why(&error)))
    }

    fn try_assume(&self) -> io::Result<()> {
        leave_groups()?;
        nix::unistd::setgid(self.gid)?;
        nix::unistd::setuid(self.uid)?;
        let (root, roots) = (Uid::from_raw(0), Gid::from_raw(0));
        let came_back = nix::unistd::setuid(root).is_ok() || self.gid != roots && nix::unistd::setgid(roots).is_ok();
        let changed =
            [Uid::current(), Uid::effective()] == [self.uid; 2] && [Gid::current(), Gid::effective()] == [self.gid; 2];
        match changed && !came_back {
            true => Ok(()),
            false => Err(io::Error::other("there would be a way back to root")),
        }
    }

    /// Hands a file or folder over.
    ///
    /// # Errors
    /// Of chown(2).
    pub fn own(&self, path: &Path) -> io::Result<()> {
        chown(path, Some(self.uid.as_raw()), Some(self.gid.as_raw()))
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "user {} and group {}", self.uid, self.gid)
    }
}

#[cfg(not(target_vendor = "apple"))]
fn leave_groups() -> io::Result<()> {
    nix::unistd::setgroups(&[])?;
    Ok(())
}

/// It is refused before.
#[cfg(target_vendor = "apple")]
fn leave_groups() -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "not on this system"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str, group: Option<&str>) -> Result<User> {
        User::find(&config::User { name: name.to_owned(), group: group.map(str::to_owned) })
    }

    #[test]
    fn what_is_nobody_is_said() {
        let why = |name, group| find(name, group).unwrap_err().to_string();
        assert_eq!(why("nosuch", None), "--user nosuch: there is no such user");
        assert_eq!(why("12345678", Some("nosuch")), "--user 12345678:nosuch: there is no such group");
        assert_eq!(why("12345678", None), "--user 12345678: which group, nobody knows; write UID:GID");
        assert_eq!(why("root", None), "--user root: that would be root again");
        assert_eq!(why("0", Some("12345678")), "--user 0:12345678: that would be root again");
    }

    #[test]
    fn numbers_need_no_name_and_only_root_can() {
        let found = find("12345678", Some("87654321"));
        match Uid::effective().is_root() {
            true => assert_eq!(found.unwrap().to_string(), "user 12345678 and group 87654321"),
            false => assert!(found.unwrap_err().to_string().contains("only root can")),
        }
    }
}
