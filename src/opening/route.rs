//! IPv4 loose source routing: the option that names hosts to pass (RFC 791, 3.1).
//!
//! A newcomer's trap: the kernel takes the first hop out of the list, sends there, and puts the
//! true destination at the list's end; so the option has one slot for each hop and none for it.

use std::net::IpAddr;

/// Type of the option: copied, class 0, number 3.
const LSRR: u8 = 131;
/// No operation, so that the addresses are aligned.
const NOP: u8 = 1;

/// The bytes for `IP_OPTIONS`; `pointer` counts from 4, the first hop.
pub(super) fn option(hops: impl Iterator<Item = IpAddr>, pointer: u8) -> Vec<u8> {
    let addresses: Vec<u8> = hops
        .filter_map(|hop| match hop {
            IpAddr::V4(hop) => Some(hop.octets()),
            IpAddr::V6(_) => None,
        })
        .flatten()
        .collect();
    let length = u8::try_from(addresses.len() + 3).unwrap_or(u8::MAX);
    [vec![NOP, LSRR, length, pointer], addresses].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hop_has_its_slot() {
        let hops = ["10.0.0.1", "10.0.0.2"].map(|hop| hop.parse().unwrap());
        assert_eq!(option(hops.into_iter(), 4), [1, 131, 11, 4, 10, 0, 0, 1, 10, 0, 0, 2]);
    }
}
