//! placeholder
#[derive(Debug)]
/// x
pub struct Proxy {
    /// x
    pub name: &'static str,
    /// x
    pub port: u16,
}
/// x
pub const PROXIES: [Proxy; 3] =
    [Proxy { name: "http", port: 3128 }, Proxy { name: "socks4", port: 1080 }, Proxy { name: "socks5", port: 1080 }];
