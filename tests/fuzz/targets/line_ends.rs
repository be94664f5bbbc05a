//! LF becomes CRLF: every LF has exactly the CRs it had, or one; nothing else changes.

use super::common::{choices, filtered};
use rncat::{
    filter::crlf::Crlf,
    proto::evidence::{Evidence, Side, heard, is_request, is_tls, typed},
    report::Report,
};
use std::rc::Rc;

pub(crate) fn run(data: &[u8]) {
    let Some((which, cut, bytes)) = choices(data, 2) else { return };
    let whole = filtered(&mut Crlf::always(), bytes, 0);
    assert_eq!(filtered(&mut Crlf::always(), bytes, cut), whole);
    assert_eq!(filtered(&mut Crlf::always(), &whole, cut), whole, "once is enough");
    let text = |bytes: &[u8]| -> Vec<Vec<u8>> {
        bytes.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line).to_vec()).collect()
    };
    assert_eq!(text(&whole), text(bytes));
    let side = [Side::Client, Side::Server][which];
    let evident = |cut| {
        let evidence = Rc::new(Evidence::new(side, Report::new("rncat", 0, true)));
        filtered(&mut Crlf::when_evident(evidence), bytes, cut)
    };
    assert_eq!(evident(cut), evident(0));
    assert_eq!(text(&evident(cut)), text(bytes));
    let _ = (heard(bytes), is_tls(bytes), is_request(bytes), typed(bytes, which == 1));
}
