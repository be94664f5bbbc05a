//! `--pace` and `--fail`.
//!
//! A newcomer's trap: what begins like a number is a time, everything else a protocol's name.

use crate::{
    cli::{
        Args,
        config::{Pace, PaceBy},
        time,
    },
    error::{Error, Result},
    proto::reply::PROTOCOLS,
    report::escape,
};

/// Whether lines wait for replies.
pub(super) fn paces(args: &Args) -> bool {
    args.dialogue.pace.is_some() || args.dialogue.fail
}

/// What lines wait for.
///
/// # Errors
/// When it is neither a protocol nor a time.
pub(super) fn pace(args: &Args) -> Result<Option<Pace>> {
    let by = match args.dialogue.pace.as_deref() {
        None if args.dialogue.fail => PaceBy::Auto,
        None => return Ok(None),
        Some(text) if text.starts_with(|c: char| c.is_ascii_digit() || "-.".contains(c)) => {
            PaceBy::Quiet(time::positive("--pace", text)?)
        }
        Some(name) => protocol(name)?,
    };
    if args.dialogue.fail && matches!(by, PaceBy::Quiet(_)) {
        let why = "where replies are not told from each other, none is known to be an error";
        return Err(Error::usage("--fail with --pace TIME", why).hint("name the protocol, as in --pace smtp"));
    }
    Ok(Some(Pace { by, fail: args.dialogue.fail, crlf: !args.no_crlf }))
}

fn protocol(name: &str) -> Result<PaceBy> {
    if name.eq_ignore_ascii_case("auto") {
        return Ok(PaceBy::Auto);
    }
    let found = PROTOCOLS.iter().find(|protocol| protocol.name.eq_ignore_ascii_case(name));
    found.map(PaceBy::Protocol).ok_or_else(|| {
        let names: Vec<_> = PROTOCOLS.iter().map(|protocol| protocol.name).collect();
        Error::usage(format!("--pace {}", escape(name.as_bytes())), "not a protocol whose replies are known")
            .hint(format!("{}, auto, or a time as 300ms", names.join(", ")))
    })
}
