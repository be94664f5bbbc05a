//! What is known of protocols, without I/O: bytes in, findings out.

pub mod evidence;
pub mod http;
pub mod proxy;
pub mod telnet;
