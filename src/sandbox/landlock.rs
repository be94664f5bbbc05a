//! Landlock (landlock(7)): which files may be opened, and which TCP ports connected to.
//!
//! A newcomer's trap: descriptors that are open stay usable; and it is this thread that is restricted, with those
//! that it will start, not one that runs already.

use super::needs::{Needs, Ports};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, NetPort, PathBeneath, PathFd, RestrictionStatus,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use std::path::PathBuf;

/// The newest of what is asked for; a kernel that has less does less. Later ones would restrict what
/// [`Needs`] does not know of.
const NEWEST: ABI = ABI::V6;

/// Since this one, TCP is restricted.
const WITH_TCP: ABI = ABI::V4;

/// What has come of it.
pub(super) struct InForce(Result<RestrictionStatus, RulesetError>);

/// Puts it in force.
pub(super) fn enter(needs: &Needs) -> InForce {
    InForce(restrict(needs))
}

impl InForce {
    /// In words.
    pub(super) fn told(&self, needs: &Needs) -> String {
        match &self.0 {
            Ok(RestrictionStatus { ruleset, landlock: LandlockStatus::Available { effective_abi, .. }, .. })
                if *ruleset != RulesetStatus::NotEnforced =>
            {
                let tcp = if *effective_abi >= WITH_TCP { tcp(needs) } else { String::new() };
                format!("Landlock {effective_abi} ({}{tcp})", files(needs))
            }
            Ok(RestrictionStatus { landlock: LandlockStatus::NotEnabled, .. }) => {
                "no Landlock (switched off)".to_owned()
            }
            Ok(_) => "no Landlock (not in this kernel)".to_owned(),
            Err(error) => format!("no Landlock ({error})"),
        }
    }
}

fn restrict(needs: &Needs) -> Result<RestrictionStatus, RulesetError> {
    let mut net: BitFlags<AccessNet> = AccessNet::BindTcp.into();
    if needs.connect != Ports::All {
        net |= AccessNet::ConnectTcp;
    }
    let mut rules = Ruleset::default().handle_access(AccessFs::from_all(NEWEST))?.handle_access(net)?;
    if !needs.unix {
        rules = rules.scope(Scope::AbstractUnixSocket)?;
    }
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let change = AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg;
    let remove = AccessFs::RemoveFile | AccessFs::RemoveDir | AccessFs::Refer;
    let rules = rules.scope(Scope::Signal)?.create()?;
    let rules = allow(rules, &needs.read, read)?;
    let rules = allow(rules, &needs.write, read | change | remove)?;
    let mut rules = allow(rules, &needs.remove, AccessFs::RemoveFile.into())?;
    if let Ports::These(ports) = &needs.connect {
        for port in ports {
            rules = rules.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
        }
    }
    if let Some(port) = needs.bind {
        rules = rules.add_rule(NetPort::new(port, AccessNet::BindTcp))?;
    }
    rules.restrict_self()
}

/// What is not there, or cannot be opened, is left out.
fn allow(
    mut rules: RulesetCreated,
    paths: &[PathBuf],
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    for path in paths.iter().filter_map(|path| PathFd::new(path).ok()) {
        rules = rules.add_rule(PathBeneath::new(path, access))?;
    }
    Ok(rules)
}

fn files(needs: &Needs) -> String {
    let list = |what: &str, paths: &[PathBuf]| {
        let there = paths.iter().filter(|path| path.exists());
        let names: Vec<_> = there.map(|path| crate::report::escape_all(path.as_os_str().as_encoded_bytes())).collect();
        (!names.is_empty()).then(|| format!("{what} {}", names.join(", ")))
    };
    let lists =
        [list("reads", &needs.read), list("writes in", &needs.write), list("removes a socket in", &needs.remove)];
    let lists: Vec<_> = lists.into_iter().flatten().collect();
    if lists.is_empty() { "no files".to_owned() } else { lists.join("; ") }
}

fn tcp(needs: &Needs) -> String {
    match &needs.connect {
        Ports::All => String::new(),
        Ports::These(ports) if ports.is_empty() => "; no TCP".to_owned(),
        Ports::These(ports) => {
            let ports: Vec<_> = ports.iter().map(u16::to_string).collect();
            format!("; connects to TCP {}", ports.join(", "))
        }
    }
}
