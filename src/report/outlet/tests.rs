//! What is told and what is not, on pipes that are full.

use super::*;
use std::{
    io::{PipeReader, PipeWriter, Read, Write},
    os::fd::AsFd,
};

const NOW: Duration = Duration::ZERO;

/// A pipe with no room left, and the bytes that are in it.
fn full() -> (PipeReader, PipeWriter, usize) {
    let (reader, mut writer) = io::pipe().unwrap();
    let mut filled = 0;
    while has_room(writer.as_fd(), NOW) {
        filled += writer.write(&[b'.'; PIPE_BUF]).unwrap();
    }
    (reader, writer, filled)
}

fn empties(reader: &mut PipeReader, filled: usize) {
    reader.read_exact(&mut vec![0; filled]).unwrap();
}

fn rest(mut reader: PipeReader, writer: PipeWriter) -> String {
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn what_finds_no_room_is_counted_and_told_when_there_is_room() {
    let (mut reader, writer, filled) = full();
    let mut outlet = Outlet::new();
    for line in ["one\n", "two\n", "three\n"] {
        outlet.say(writer.as_fd(), line.as_bytes(), NOW).unwrap();
    }
    empties(&mut reader, filled);
    outlet.say(writer.as_fd(), b"four\n", NOW).unwrap();
    outlet.say(writer.as_fd(), b"five\n", NOW).unwrap();
    outlet.finish(writer.as_fd(), NOW).unwrap();
    assert_eq!(rest(reader, writer), "rncat: 3 lines were not shown, for nobody read stderr\nfour\nfive\n");
}

#[test]
fn at_the_end_the_last_line_is_shown_after_all() {
    let (mut reader, writer, filled) = full();
    let mut outlet = Outlet::new();
    outlet.say(writer.as_fd(), b"one\ntwo\n", NOW).unwrap();
    outlet.say(writer.as_fd(), b"why it ends\n", NOW).unwrap();
    empties(&mut reader, filled);
    outlet.finish(writer.as_fd(), NOW).unwrap();
    outlet.finish(writer.as_fd(), NOW).unwrap();
    assert_eq!(rest(reader, writer), "rncat: 2 lines were not shown, for nobody read stderr\nwhy it ends\n");
}

#[test]
fn one_line_alone_is_shown_at_the_end_without_a_count() {
    let (mut reader, writer, filled) = full();
    let mut outlet = Outlet::new();
    outlet.say(writer.as_fd(), b"why it ends\n", NOW).unwrap();
    empties(&mut reader, filled);
    outlet.finish(writer.as_fd(), NOW).unwrap();
    assert_eq!(rest(reader, writer), "why it ends\n");
}

#[test]
fn a_reader_that_takes_nothing_is_waited_for_once() {
    let (_reader, writer, _) = full();
    let (mut outlet, begun) = (Outlet::new(), Instant::now());
    for _ in 0..1000 {
        outlet.say(writer.as_fd(), b"line\n", Duration::from_millis(20)).unwrap();
    }
    assert!(begun.elapsed() >= Duration::from_millis(20));
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(outlet.dropped, 1000);
}

#[test]
fn a_reader_that_reads_gets_all_however_much_it_is() {
    let (reader, writer) = io::pipe().unwrap();
    let text = "a line of no great length\n".repeat(20_000);
    let expected = text.clone();
    let all = std::thread::spawn(move || io::read_to_string(reader).unwrap());
    Outlet::new().say(writer.as_fd(), text.as_bytes(), Duration::from_secs(30)).unwrap();
    drop(writer);
    assert!(all.join().unwrap() == expected);
}

#[test]
fn a_line_that_was_cut_is_not_gone_on_with() {
    let (mut reader, mut writer) = io::pipe().unwrap();
    let size = rustix::pipe::fcntl_getpipe_size(&writer).unwrap();
    let filled = writer.write(&vec![b'.'; size - PIPE_BUF]).unwrap();
    let mut outlet = Outlet::new();
    outlet.say(writer.as_fd(), format!("{}\nsecond\n", "x".repeat(2 * PIPE_BUF)).as_bytes(), NOW).unwrap();
    empties(&mut reader, filled);
    outlet.say(writer.as_fd(), b"next\n", NOW).unwrap();
    let text = rest(reader, writer);
    let begins = "x".repeat(PIPE_BUF);
    assert_eq!(text, format!("{begins}\nrncat: 2 lines were not shown, for nobody read stderr\nnext\n"));
}

#[test]
fn without_a_reader_nothing_is_waited_for() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let mut outlet = Outlet::new();
    assert_eq!(outlet.say(writer.as_fd(), b"line\n", Duration::from_secs(3600)), Err(Errno::PIPE));
    assert_eq!(outlet.dropped, 0);
}
