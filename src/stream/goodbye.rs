//! How far a layer is with saying goodbye, on its own and on the stream inside it.
//!
//! A newcomer's trap: what is said below has to wait until the layer holds nothing any more, or it
//! would overtake the layer's last words.

use super::Stream;
use std::{io, task::Poll};

/// What has been said, or is to be said below once nothing is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goodbye {
    Unsaid,
    /// The half-close is to be said below.
    Finishing,
    /// The half-close has been said, where this layer says it: close_notify, or below.
    Finished,
    /// Everything is to be said below.
    HangingUp,
    HungUp,
}

impl Goodbye {
    /// The half-close is to be said, if nothing is yet.
    pub(super) fn finish(&mut self) {
        if *self == Self::Unsaid {
            *self = Self::Finishing;
        }
    }

    /// Everything is to be said, if it is not yet.
    pub(super) fn hang_up(&mut self) {
        if *self != Self::HungUp {
            *self = Self::HangingUp;
        }
    }

    /// Nothing is held any more: says below what is due there, and has it passed on.
    pub(super) fn pass_on(&mut self, inner: &mut dyn Stream) -> io::Result<Poll<()>> {
        match self {
            Self::Finishing => {
                *self = Self::Finished;
                inner.finish()?;
            }
            Self::HangingUp => {
                *self = Self::HungUp;
                inner.hang_up()?;
            }
            Self::Unsaid | Self::Finished | Self::HungUp => {}
        }
        inner.flush()
    }
}
