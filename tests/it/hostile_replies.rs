//! Replies of many lines that never end: they are not kept.
