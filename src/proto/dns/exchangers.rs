//! The order in which mail exchangers are tried (RFC 5321, 5.1).
//!
//! A newcomer's trap: a domain without MX records takes its mail itself; one whose only exchanger is the root takes
//! none (null MX, RFC 7505).

use super::message::Data;

/// Who takes a domain's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchangers {
    /// These, each with its preference, in the order in which they are to be tried.
    Several(Vec<(u16, String)>),
    /// The domain itself.
    Itself,
    /// Nobody, which the domain has said.
    Nobody,
}

/// What these MX records say; of several with the same preference, `random` says which comes first: it gives a
/// number below the one that it is given.
pub fn order(records: &[Data], mut random: impl FnMut(usize) -> usize) -> Exchangers {
    let mut list: Vec<(u16, String)> = records
        .iter()
        .filter_map(|record| match record {
            Data::Mx(preference, name) => Some((*preference, name.clone())),
            Data::Txt(_) | Data::Address(_) => None,
        })
        .collect();
    if list.is_empty() {
        return Exchangers::Itself;
    }
    list.retain(|(_, name)| name != ".");
    if list.is_empty() {
        return Exchangers::Nobody;
    }
    // Fisher and Yates; then sorted by a sort that leaves equals where they are.
    for last in (1..list.len()).rev() {
        list.swap(random(last + 1), last);
    }
    list.sort_by_key(|(preference, _)| *preference);
    let mut seen = std::collections::HashSet::new();
    list.retain(|(_, name)| seen.insert(name.clone()));
    Exchangers::Several(list)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn mx(list: &[(u16, &str)]) -> Vec<Data> {
        list.iter().map(|(preference, name)| Data::Mx(*preference, (*name).to_owned())).collect()
    }

    fn names(exchangers: Exchangers) -> String {
        let Exchangers::Several(list) = exchangers else { panic!("{exchangers:?}") };
        list.into_iter().map(|(_, name)| name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_lowest_preference_is_the_first() {
        let records = mx(&[(30, "c"), (5, "a"), (10, "b")]);
        assert_eq!(names(order(&records, |_| 0)), "a b c");
        assert_eq!(names(order(&records, |bound| bound - 1)), "a b c");
    }

    #[test]
    fn equal_ones_come_in_any_order() {
        let records = mx(&[(10, "a"), (10, "b"), (10, "c"), (5, "first"), (20, "last")]);
        let mut seen = std::collections::BTreeSet::new();
        for throw in 0..1000 {
            let mut throw = throw;
            seen.insert(names(order(&records, |bound| {
                let this = throw % bound;
                throw /= bound;
                this
            })));
        }
        assert_eq!(seen.len(), 6, "{seen:?}");
        assert!(seen.iter().all(|names| names.starts_with("first ") && names.ends_with(" last")));
    }

    #[test]
    fn one_that_is_named_twice_is_tried_once_at_its_better_place() {
        assert_eq!(names(order(&mx(&[(20, "a"), (10, "b"), (5, "a")]), |_| 0)), "a b");
    }

    #[test]
    fn the_root_is_nobody_and_no_record_is_the_domain_itself() {
        assert_eq!(order(&[], |_| 0), Exchangers::Itself);
        assert_eq!(order(&mx(&[(0, ".")]), |_| 0), Exchangers::Nobody);
        assert_eq!(order(&mx(&[(10, "."), (0, ".")]), |_| 0), Exchangers::Nobody);
        assert_eq!(names(order(&mx(&[(0, "."), (10, "a")]), |_| 0)), "a", "it cannot mean it");
    }

    proptest! {
        #[test]
        fn any_list_is_sorted_and_nobody_is_lost(list in prop::collection::vec((0_u16..4, 0_u8..8), 1..20), seed: usize) {
            let list: Vec<_> = list.into_iter().map(|(preference, name)| Data::Mx(preference, format!("{name}"))).collect();
            let Exchangers::Several(sorted) = order(&list, |bound| seed % bound) else { panic!() };
            prop_assert!(sorted.is_sorted_by_key(|(preference, _)| *preference));
            for record in &list {
                let Data::Mx(_, name) = record else { continue };
                prop_assert_eq!(sorted.iter().filter(|(_, it)| it == name).count(), 1);
            }
        }
    }
}
