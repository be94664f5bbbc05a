//! rncat

pub mod cli;
pub mod engine;
pub mod error;
pub mod filter;
pub mod opening;
pub mod ports;
pub mod proto;
pub mod reactor;
pub mod relay;
pub mod report;
pub mod stream;
mod sys;
pub mod tap;
pub mod tls;
pub mod transport;
pub mod wiring;
