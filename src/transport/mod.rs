//! What carries bytes to and from this process: one file each.
//!
//! Everything here implements [`Stream`](crate::stream::Stream) at the bottom of an endpoint;
//! what speaks a protocol on top of it is a layer in [`crate::stream`].

#[cfg(feature = "exec")]
pub mod child;
pub mod descriptor;
pub mod stdio;
pub mod tcp;
