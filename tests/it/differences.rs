//! Where another netcat is known to behave differently.

/// Why this test is expected to fail against another netcat, if it is.
pub(crate) fn reason(test: &str) -> Option<&'static str> {
    DIFFERENCES.iter().find(|(name, _)| *name == test).map(|(_, reason)| *reason)
}

const DIFFERENCES: &[(&str, &str)] = &[];
