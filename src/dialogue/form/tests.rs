//! The forms: each as it is written, and what is wrong with others.

use super::*;
use crate::dialogue::{escaped, text::Captured};
use proptest::prelude::*;

fn around() -> Surroundings {
    let env = |name: &OsStr| match name.as_bytes() {
        b"MAIL_USER" => Some("alice".into()),
        b"MAIL_PASSWORD" => Some(OsString::from_vec(b"{*}\xff".to_vec())),
        b"EMPTY" => Some(OsString::new()),
        b"TWO_LINES" => Some("a\nb".into()),
        b"CR_AT_ITS_END" => Some("a\r".into()),
        _ => None,
    };
    Surroundings { folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/data"), env }
}

/// The parts of a line, before which `stamp` was captured.
fn parts(text: impl AsRef<[u8]>) -> Found<Vec<Part>> {
    super::parts(text.as_ref(), &BTreeSet::from(["stamp".into()]), &around())
}

/// What a line without gaps says, when `stamp` stands for `<1@h>`.
fn says(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut said = Text::default();
    for part in parts(text).unwrap() {
        let Part::Text(piece) = part else { panic!("{part:?}") };
        said.push(piece);
    }
    said.make(&Captured::from([("stamp".into(), b"<1@h>".to_vec())])).unwrap()
}

#[track_caller]
fn same(written: &str, said: &str) {
    assert_eq!(String::from_utf8(says(written)).unwrap(), said, "{written}");
}

/// What is wrong with a line: what, why, and the hint.
fn wrong(text: &str) -> [String; 3] {
    let Problem { what, why, hint } = parts(text).expect_err(text);
    [what, why, hint]
}

fn text(bytes: &[u8]) -> Part {
    Part::Text(Piece::Bytes(bytes.to_vec()))
}

#[test]
fn braces_without_a_name_stand_for_themselves() {
    for line in [
        "a1 LOGIN {310}",
        "a1 APPEND INBOX {310+}",
        r#"{"a":{"b":[1,{}]},"c":"{ }"}"#,
        "{}",
        "{ env:HOME }",
        "{*",
        "{1a}",
        "{-}",
        "{_x}",
        "}",
        "}}",
        "{",
        "{a b}",
        "{a",
        "{env",
        "{grün}",
        r"\0 \{",
        "",
        "{\"{\"}",
    ] {
        same(line, line);
    }
}

#[test]
fn two_braces_are_one() {
    same("{{", "{");
    same("{{env:MAIL_USER}", "{env:MAIL_USER}");
    same("{{*}", "{*}");
    same("{{{env:MAIL_USER}}", "{alice}");
    same("{{{{x}}", "{{x}}");
    same("{{{310}", "{{310}");
}

#[test]
fn what_is_open_is_a_part_of_its_own() {
    let name = |name: &str| Part::Capture(name.into());
    assert_eq!(parts("250 {*}").unwrap(), [text(b"250 "), Part::Any]);
    assert_eq!(parts("{*}{*}").unwrap(), [Part::Any, Part::Any]);
    assert_eq!(parts("+OK {*}{mark=*}>{masked}").unwrap().len(), 5);
    assert_eq!(parts("{uid=*}").unwrap(), [name("uid")]);
    assert_eq!(parts("{a-b_1=*}x").unwrap(), [name("a-b_1"), text(b"x")]);
    assert_eq!(parts("login: {no-eol}").unwrap(), [text(b"login: "), Part::NoEol]);
    assert_eq!(parts("PASS {masked}").unwrap(), [text(b"PASS "), Part::Masked]);
    assert_eq!(parts("{stamp}").unwrap(), [Part::Text(Piece::Captured("stamp".into()))]);
}

#[test]
fn variables_are_taken_as_they_are() {
    same("USER {env:MAIL_USER}", "USER alice");
    same("[{env:EMPTY}]", "[]");
    assert_eq!(says("PASS {env:MAIL_PASSWORD}"), b"PASS {*}\xff", "no form in it is one");
    assert_eq!(
        wrong("{env:NOT_SET}"),
        ["{env:NOT_SET}", "the environment has no such variable", "set and export it first"]
    );
    assert_eq!(wrong("{env:}")[1], "the environment has no such variable");
}

#[test]
fn a_variable_begins_no_line_of_its_own() {
    for name in ["TWO_LINES", "CR_AT_ITS_END"] {
        let [what, why, hint] = wrong(&format!("NOOP {{env:{name}}}"));
        assert_eq!(what, format!("{{env:{name}}}"));
        assert!(why.starts_with("it has an end of line in it") && hint.contains("{file:PATH}"), "{why} {hint}");
    }
    same("{base64:{env:TWO_LINES}}", "YQpi");
}

#[test]
fn base64_goes_both_ways() {
    same(r"AUTH PLAIN {base64:\0alice\0secret}", "AUTH PLAIN AGFsaWNlAHNlY3JldA==");
    same("{base64:}", "");
    same(r"{base64:\0{env:MAIL_USER}\0pass}", "AGFsaWNlAHBhc3M=");
    same(r"{base64:\\\{\}\:}", "XHt9Og==");
    same(r#"{base64:{"a":{}}}"#, "eyJhIjp7fX0=");
    same("{base64:{{}", "ew==");
    same("{base64:{base64:a}}", "WVE9PQ==");
    same("{unbase64:PDFAaD4=}{unbase64:PDFAaD4}", "<1@h><1@h>");
    assert_eq!(wrong("{unbase64:?}"), ["{unbase64:…}", "this is not Base64", ""]);
    assert_eq!(says(b"{base64:\xff\x00}"), b"/wA=", "8-bit bytes and NUL as they stand");
}

#[test]
fn digests_are_those_of_the_examples() {
    // RFC 1939, 7.
    same("APOP mrose {md5:<1896.697170952@dbc.mtview.ca.us>tanstaaf}", "APOP mrose c4c9334bac560ecc979e58001b3e22fb");
    // RFC 2195, 2: of "tim", and in Base64, as it is sent.
    let digest = "{hmac-md5:tanstaaftanstaaf:<1896.697170952@postoffice.reston.mci.net>}";
    same(&format!("tim {digest}"), "tim b913a602c7eda7a495b4e6e7334d3890");
    same(&format!("{{base64:tim {digest}}}"), "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
    same("{md5:}", "d41d8cd98f00b204e9800998ecf8427e");
    same("{hmac-md5::}", "74e6f7298a9c2d168935f58c001bad88");
    // A colon in a key has to be escaped, one in a text not; a brace in a key is kept.
    assert_eq!(says(r"{hmac-md5:a\:b:c}"), says("{hmac-md5:{hex:613a62}:c}"));
    assert_eq!(says("{hmac-md5:a:b:c}"), says(r"{hmac-md5:a:b\:c}"));
    assert_eq!(says("{hmac-md5:{1:2}:c}"), says(r"{hmac-md5:\{1\:2\}:c}"));
}

#[test]
fn what_was_captured_is_in_them() {
    same("APOP a {md5:{stamp}pw}", &format!("APOP a {:x}", md5::compute("<1@h>pw")));
    same("{base64:{stamp}}", "PDFAaD4=");
    assert_eq!(says("{hmac-md5:k:{unbase64:{base64:{stamp}}}}"), says("{hmac-md5:k:<1@h>}"));
}

#[test]
fn hexadecimal_is_bytes() {
    assert_eq!(says("a{hex:00fF 0a}b"), b"a\x00\xff\nb");
    same("{hex:}", "");
    for odd in ["{hex:0}", "{hex:xy}", "{hex:0 0 0}", "{hex:{stamp}}"] {
        assert_eq!(wrong(odd)[1], "bytes have two hexadecimal digits each", "{odd}");
    }
}

#[test]
fn files_are_found_where_the_dialogue_is() {
    let parts_of = |text: &str| parts(text).unwrap();
    let here = around().folder;
    let Some(Ok(entry)) = fs::read_dir(&here).unwrap().find(|it| it.as_ref().unwrap().path().is_file()) else {
        panic!("no file in {here:?}")
    };
    let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
    assert_eq!(parts_of(&format!("{{file:{name}}}")), [Part::File(path.clone())]);
    assert_eq!(parts_of(&format!("{{base64file:{}}}", path.display())), [Part::Base64File(path)]);
    assert_eq!(parts_of("{file:../../../Cargo.toml}"), [Part::File(here.join("../../../Cargo.toml"))]);
}

#[test]
fn files_that_cannot_be_said_are_told() {
    assert_eq!(wrong("{file:none.txt}")[..2], ["{file:none.txt}", "No such file or directory"]);
    assert_eq!(wrong("{base64file:.}")[..2], ["{base64file:.}", "not a regular file"]);
    assert_eq!(wrong("{file:/dev/zero}")[1], "not a regular file", "it has no end");
    let open = "a path cannot depend on what the peer says, nor be empty";
    assert_eq!(wrong("{file:{stamp}}")[1], open);
    assert_eq!(wrong("{file:}")[1], open);
    assert!(parts(r"{file:a\0b}").is_err());
    assert!(parts("{file:a\nb}").is_err());
}

#[test]
fn unknown_names_are_errors_that_say_what_to_write() {
    let brace = "a brace that stands for itself is written {{";
    assert_eq!(wrong("C {unknown:x}"), ["{unknown:…}", "not a form", brace]);
    assert_eq!(
        wrong("{unknown}"),
        [
            "{unknown}",
            "neither a form nor a text kept before",
            "{unknown=*} in a line of the peer keeps one; a brace itself is written {{",
        ]
    );
    assert_eq!(wrong("{x=1}")[..2], ["{x=…}", "not a form"]);
    assert_eq!(wrong("{env=*}")[1], "this name has a meaning of its own");
    assert_eq!(wrong("{env}"), ["{env}", "it is written {env:NAME}", ""]);
    assert_eq!(wrong("{no-eol:x}"), ["{no-eol:…}", "it is written {no-eol}", ""]);
    assert_eq!(wrong("{Base64:x}")[1], "not a form", "names are in small letters");
    assert_eq!(wrong("{stamp:x}")[1], "not a form");
}

#[test]
fn forms_have_an_end() {
    for (open, written) in [
        ("{env:HOME", "{env:NAME}"),
        ("{base64:abc", "{base64:TEXT}"),
        (r"{base64:abc\", "{base64:TEXT}"),
        ("{md5:{1}", "{md5:TEXT}"),
        ("{hex:00", "{hex:DIGITS}"),
        ("{hmac-md5:key}", "{hmac-md5:KEY:TEXT}"),
        ("{hmac-md5:key:text", "{hmac-md5:KEY:TEXT}"),
        ("{file:x", "{file:PATH}"),
        ("{base64:{env:MAIL_USER}", "{base64:TEXT}"),
    ] {
        assert_eq!(wrong(open)[1], format!("it is written {written}"), "{open}");
    }
    assert_eq!(wrong(r"{base64:\n}")[1], r"a \ in it stands before 0, \, :, { or }");
}

#[test]
fn only_text_stands_in_a_form() {
    for inner in ["{*}", "{a=*}", "{masked}", "{no-eol}", "{file:../../../Cargo.toml}"] {
        assert!(wrong(&format!("{{base64:{inner}}}"))[1].starts_with("only text can stand in it"), "{inner}");
    }
}

#[test]
fn forms_are_not_nested_without_end() {
    let nested = |depth: usize| "{md5:".repeat(depth) + &"}".repeat(depth);
    assert!(parts(nested(DEPTH)).is_ok());
    assert_eq!(wrong(&nested(DEPTH + 1))[1], "more than 16 forms one inside the other");
    assert!(parts("{md5:".repeat(200_000)).is_err());
    assert!(parts(format!("{{md5:{}", "{1".repeat(500_000))).is_err());
}

#[test]
fn long_lines_are_read() {
    let long = "x{310}".repeat(200_000);
    same(&long, &long);
    assert_eq!(says(format!("{{base64:{long}}}")).len(), long.len().div_ceil(3) * 4);
    same(&"{".repeat(1_000_001), &("{".repeat(500_000) + "{"));
}

fn piece_of_a_line() -> impl Strategy<Value = String> {
    let names =
        "(\\{|\\}|\\*|:|=|\\\\|0|a|env|base64|unbase64|md5|hmac-md5|file|hex|no-eol|masked|stamp|MAIL_USER){0,12}";
    prop_oneof![names, "\\PC{0,12}"]
}

proptest! {
    #[test]
    fn nothing_panics(line in piece_of_a_line(), bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = parts(&line);
        let _ = parts(&bytes);
        let _ = parts([b"{hmac-md5:", bytes.as_slice()].concat());
    }

    #[test]
    fn what_was_escaped_means_the_same_bytes(
        bytes in prop_oneof![prop::collection::vec(any::<u8>(), 0..30), piece_of_a_line().prop_map(String::into_bytes)],
    ) {
        let written = escaped(&bytes);
        prop_assert!(!written.contains(['\n', '\r']) && !written.ends_with([' ', '\t']));
        prop_assert_eq!(says(&written), bytes);
        // A transcript puts a form behind it.
        let mut with_form = parts(written + "{no-eol}").unwrap();
        prop_assert_eq!(with_form.pop(), Some(Part::NoEol));
        prop_assert!(with_form.iter().all(|part| matches!(part, Part::Text(_))));
    }

    #[test]
    fn base64_and_digests_are_those_of_the_bytes(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let hex = data_encoding::HEXLOWER.encode(&bytes);
        let base64 = says(format!("{{base64:{{hex:{hex}}}}}"));
        prop_assert_eq!(&base64, &data_encoding::BASE64.encode(&bytes).into_bytes());
        prop_assert_eq!(&says([b"{unbase64:", base64.as_slice(), b"}"].concat()), &bytes);
        prop_assert_eq!(says(format!("{{md5:{{hex:{hex}}}}}")), format!("{:x}", md5::compute(&bytes)).into_bytes());
    }
}

#[test]
fn a_name_without_end_is_not_told_whole() {
    let name = "n".repeat(100_000);
    for text in [format!("{{{name}}}"), format!("{{{name}:x}}"), format!("{{{name}=x}}")] {
        assert!(wrong(&text).concat().len() < 1000, "{:?}", &text[99_990..]);
    }
}
