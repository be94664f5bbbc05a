//! The system's store, in folders made for the test.
//!
//! A newcomer's trap: the environment belongs to all tests of this process, and so what is set there is
//! tried from outside (tests/it/tls_stores.rs).

use super::*;
use crate::tls::{
    der::Names,
    testing::{Made, Maker, TempFile, TempFolder},
};

fn subject(made: &Made) -> &[u8] {
    Names::of(made.der()).unwrap().subject
}

fn within(folder: &TempFolder) -> Places {
    Places { file: None, folders: vec![folder.path().to_owned()] }
}

#[test]
fn a_hashed_folder_is_asked_by_the_hash_of_the_name() {
    let [one, two, other] = ["same", "same", "other"].map(|name| Maker::new(name).ca().self_signed());
    let (hash, elsewhere) = (name_hash(subject(&one)).unwrap(), name_hash(subject(&other)).unwrap());
    let folder = TempFolder::new();
    let write = |name: String, made: &Made| folder.file(&name, made.pem().as_bytes());
    write("by-name.pem".to_owned(), &other);
    write("0A1B2C3D.0".to_owned(), &other);
    write(format!("{hash:08x}.r0"), &other);
    assert!(!is_hashed(folder.path()));
    write(format!("{elsewhere:08x}.0"), &other);
    assert!(is_hashed(folder.path()));
    let first = write(format!("{hash:08x}.0"), &one);
    let second = write(format!("{hash:08x}.1"), &two);
    write(format!("{hash:08x}.3"), &two);
    assert_eq!(by_hash(folder.path(), &[subject(&one)]), [first, second]);
}

#[test]
fn of_a_folder_that_is_not_the_systems_every_file_counts() {
    let [one, two] = ["one", "two"].map(|name| Maker::new(name).ca().self_signed());
    let folder = TempFolder::new();
    folder.file("one.pem", one.pem().as_bytes());
    folder.file("0a1b2c3d.0", two.pem().as_bytes());
    folder.file("README", b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n");
    fs::create_dir(folder.path().join("sub")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("dangling")).unwrap();
    std::os::unix::fs::symlink("one.pem", folder.path().join("again.pem")).unwrap();
    for made in [&one, &two] {
        assert_eq!(within(&folder).certificates(&[subject(made)]), [made.certificate()]);
    }
    assert!(within(&folder).certificates(&[]).is_empty());
}

#[test]
fn a_pipe_in_a_folder_holds_nobody_up() {
    let folder = TempFolder::new();
    let one = Maker::new("one").ca().self_signed();
    folder.file("one.pem", one.pem().as_bytes());
    let made = std::process::Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap();
    assert!(made.success());
    assert_eq!(within(&folder).certificates(&[subject(&one)]), [one.certificate()]);
}

#[test]
fn a_file_and_folders_are_read_together_and_each_certificate_counts_once() {
    let one = Maker::new("one").ca().self_signed();
    let (file, folder) = (TempFile::new(one.pem().as_bytes()), TempFolder::new());
    folder.file("copy.pem", one.pem().repeat(2).as_bytes());
    let places = Places { file: Some(file.path().to_owned()), ..within(&folder) };
    assert_eq!(places.certificates(&[subject(&one)]), [one.certificate()]);
}

#[test]
fn places_that_cannot_be_read_hold_nothing() {
    let nowhere = PathBuf::from("/nonexistent");
    let folder = TempFolder::new();
    for file in [nowhere.clone(), folder.path().to_owned(), folder.file("empty", b"")] {
        let places = Places { file: Some(file), folders: vec![nowhere.clone()] };
        assert!(places.certificates(&[b"any"]).is_empty());
    }
}

#[test]
fn what_has_no_end_is_refused() {
    assert_eq!(read(Path::new("/dev/zero"), MOST).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
}
