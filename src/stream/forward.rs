//! What a layer leaves to the stream inside it, in a line.
//!
//! A newcomer's trap: a method that a layer does not have is answered by the trait's default, not by
//! the stream inside. So each layer names those that it passes on.

/// In the `impl Stream` of a layer: these methods are those of the stream in its field `inner`.
macro_rules! forward {
    ($($method:ident),* $(,)?) => { $($crate::stream::forward!(@ $method);)* };
    (@ register) => {
        fn register(&mut self, registry: &::mio::Registry, token: ::mio::Token) -> ::std::io::Result<()> {
            self.inner.register(registry, token)
        }
    };
    (@ write) => {
        fn write(&mut self, bytes: &[u8]) -> ::std::io::Result<$crate::stream::Flow> {
            self.inner.write(bytes)
        }
    };
    (@ write_vectored) => {
        fn write_vectored(&mut self, slices: &[::std::io::IoSlice<'_>]) -> ::std::io::Result<$crate::stream::Flow> {
            self.inner.write_vectored(slices)
        }
    };
    (@ timeout) => {
        fn timeout(&mut self, now: ::std::time::Instant) -> ::std::io::Result<()> {
            self.inner.timeout(now)
        }
    };
    (@ flush) => { $crate::stream::forward!(@ &mut flush, ::std::io::Result<::std::task::Poll<()>>); };
    (@ finish) => { $crate::stream::forward!(@ &mut finish, ::std::io::Result<()>); };
    (@ hang_up) => { $crate::stream::forward!(@ &mut hang_up, ::std::io::Result<()>); };
    (@ broken) => { $crate::stream::forward!(@ &mut broken, ::std::io::Result<()>); };
    (@ break_off) => { $crate::stream::forward!(@ &mut break_off, ()); };
    (@ undelivered) => { $crate::stream::forward!(@ & undelivered, usize); };
    (@ is_coupled) => { $crate::stream::forward!(@ & is_coupled, bool); };
    (@ is_datagram) => { $crate::stream::forward!(@ & is_datagram, bool); };
    (@ largest_datagram) => { $crate::stream::forward!(@ & largest_datagram, usize); };
    (@ dropped) => { $crate::stream::forward!(@ & dropped, u64); };
    (@ deadline) => { $crate::stream::forward!(@ & deadline, Option<::std::time::Instant>); };
    (@ &mut $method:ident, $result:ty) => {
        fn $method(&mut self) -> $result {
            self.inner.$method()
        }
    };
    (@ & $method:ident, $result:ty) => {
        fn $method(&self) -> $result {
            self.inner.$method()
        }
    };
}
pub(crate) use forward;
