//! Sets of addresses: CIDR blocks of both families, and IPv4 addresses octet by octet.
//!
//! A newcomer's trap: IPv4 is seen as the part of IPv6 that `::ffff:0:0/96` is (RFC 4291, 2.5.5.2).
//! A mapped address is so the same as its IPv4 self, and `::/0` is everyone, IPv4 too, as in Ncat.

use std::{net::IpAddr, ops::RangeInclusive};

/// All addresses with the same first bits; an IPv4 block has 96 more than its mask says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    first: u128,
    bits: u8,
}

/// The length of a mask, as it is written: at most 32 for IPv4, 128 for IPv6.
pub(super) type Mask = u8;

/// What an IPv4 block's mask lacks in IPv6, in bits.
const MAPPED: u8 = 96;
const IPV4: u8 = 32;

impl Block {
    /// Everyone.
    pub(super) const ALL: Self = Self { first: 0, bits: 0 };
    /// Everyone with an IPv4 address.
    pub(super) const ALL_IPV4: Self = Self { first: 0xffff_0000_0000, bits: MAPPED };

    /// `address/mask`, or the address alone; `None` if the mask is longer than the address.
    pub(super) fn new(address: IpAddr, mask: Option<Mask>) -> Option<Self> {
        let bits = match (address, mask) {
            (_, None) => 128,
            (IpAddr::V4(_), Some(mask)) if mask <= IPV4 => MAPPED + mask,
            (IpAddr::V6(_), Some(mask)) if mask <= 128 => mask,
            _ => return None,
        };
        Some(Self { first: number(address) & leading(bits), bits })
    }

    /// The blocks around a name's addresses. A mask of up to 32 is for those of IPv4, a longer one
    /// for those of IPv6, and the others stand for themselves; `None` if the mask is for none.
    pub(super) fn around(addresses: &[IpAddr], mask: Option<Mask>) -> Option<Vec<Self>> {
        let is_meant = |address: IpAddr| mask.is_none_or(|mask| (mask <= IPV4) == address.is_ipv4());
        let addresses = || addresses.iter().map(IpAddr::to_canonical);
        if !addresses().any(is_meant) {
            return None;
        }
        addresses().map(|address| Self::new(address, mask.filter(|_| is_meant(address)))).collect()
    }

    pub(super) fn contains(self, address: IpAddr) -> bool {
        number(address) & leading(self.bits) == self.first
    }
}

/// IPv4 addresses by what each octet may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Octets(pub(super) [Vec<RangeInclusive<u8>>; 4]);

impl Octets {
    /// All addresses that share their first `mask` bits with one of these.
    pub(super) fn masked(mut self, mask: Mask) -> Self {
        for (ranges, before) in self.0.iter_mut().zip([0, 8, 16, 24]) {
            let open = u8::MAX.checked_shr(u32::from(mask.saturating_sub(before))).unwrap_or(0);
            for range in ranges {
                *range = (range.start() & !open)..=(range.end() | open);
            }
        }
        self
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let IpAddr::V4(address) = address.to_canonical() else { return false };
        self.0.iter().zip(address.octets()).all(|(ranges, octet)| ranges.iter().any(|range| range.contains(&octet)))
    }
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// A number whose first `bits` are ones.
fn leading(bits: u8) -> u128 {
    !u128::MAX.checked_shr(u32::from(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn block(address: &str, mask: Option<Mask>) -> Option<Block> {
        Block::new(address.parse().unwrap(), mask)
    }

    #[test]
    fn a_mask_is_no_longer_than_its_address() {
        assert!(block("10.0.0.1", Some(32)).is_some() && block("10.0.0.1", Some(33)).is_none());
        assert!(block("::1", Some(128)).is_some() && block("::1", Some(129)).is_none());
        assert_eq!(block("10.0.0.1", None), block("10.0.0.1", Some(32)));
        assert_eq!(block("10.1.2.3", Some(8)), block("10.0.0.0", Some(8)));
        assert_eq!(block("0.0.0.0", Some(0)), Some(Block::ALL_IPV4));
        assert_eq!(block("::", Some(0)), Some(Block::ALL));
    }

    proptest! {
        #[test]
        fn an_ipv4_block_holds_those_with_the_same_first_bits(one: u32, other: u32, mask in 0u8..=32) {
            let block = Block::new(Ipv4Addr::from(one).into(), Some(mask)).unwrap();
            for other in [one, other, one ^ 1, one ^ 0x8000_0000] {
                let same = (0..u32::from(mask)).all(|bit| (one ^ other) >> (31 - bit) & 1 == 0);
                prop_assert_eq!(block.contains(Ipv4Addr::from(other).into()), same);
                prop_assert_eq!(block.contains(Ipv4Addr::from(other).to_ipv6_mapped().into()), same);
            }
        }

        #[test]
        fn an_ipv6_block_holds_those_with_the_same_first_bits(one: u128, mask in 0u8..=128, flip in 0u8..128) {
            let block = Block::new(Ipv6Addr::from(one).into(), Some(mask)).unwrap();
            prop_assert!(block.contains(Ipv6Addr::from(one).into()));
            prop_assert_eq!(block.contains(Ipv6Addr::from(one ^ (1 << 127 >> flip)).into()), flip >= mask);
        }

        #[test]
        fn octets_with_a_mask_hold_the_blocks_around_each_address(
            octet in (any::<u8>(), any::<u8>()), near: u8, client: [u8; 4], mask in 0u8..=32,
        ) {
            let (low, high) = (octet.0.min(octet.1), octet.0.max(octet.1));
            let octets = Octets([vec![10..=10], vec![0..=0, 3..=4], vec![low..=high], vec![7..=7]]).masked(mask);
            let [a, b, c, d] = client;
            for client in [[10, 3, near, 7], [10, b, c, d], [a, 0, c, 7], [10, b & 7, c, 7]] {
                let client = IpAddr::from(client);
                let expected = [0, 3, 4].iter().any(|second| (low..=high).any(|third| {
                    Block::new([10, *second, third, 7].into(), Some(mask)).unwrap().contains(client)
                }));
                prop_assert_eq!(octets.contains(client), expected, "{}", client);
            }
        }
    }
}
