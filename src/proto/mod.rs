//! What is known of protocols, without I/O: bytes in, findings out.

pub mod dtls;
pub mod evidence;
