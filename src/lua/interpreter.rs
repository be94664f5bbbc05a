//! What the program `lua` does with a script, in this process: its libraries, `arg`, its errors.
//!
//! A newcomer's trap: a script may end in os.exit, which ends the process from within C. So nothing
//! is kept for the end: what is written goes out at once, and `io.write` needs no flush.

use crate::{
    cli::program_name,
    error::{Error, Exit, Result, why},
    report::{Report, escape},
    signals, sys,
};
use mlua::{Function, Lua};
use std::{ffi::OsStr, fs, path::Path, process::ExitCode};

/// Opens the script and closes it: whether it can be read.
pub(super) fn open(file: &Path) -> Result<()> {
    let failed = |error: &std::io::Error| Error::usage(name(file), why(error));
    // Opening what is no file could wait for ever.
    match fs::metadata(file) {
        Ok(it) if it.is_file() => fs::File::open(file).map(drop).map_err(|error| failed(&error)),
        Ok(_) => Err(Error::usage(name(file), "not a file").hint("the script is read anew for each peer")),
        Err(error) => Err(failed(&error)),
    }
}

/// Compiles the script, and does not run it.
pub(super) fn check(file: &Path) -> Result<()> {
    compile(&sys::lua(), file).map(drop)
}

/// Runs the script; the exit status is that of the process.
pub(super) fn run(program: &OsStr, file: &Path) -> ExitCode {
    let report = Report::new(program_name(Some(program)), 0, false);
    let lua = sys::lua();
    let script = match compile(&lua, file) {
        Ok(script) => script,
        Err(error) => {
            report.error(&error);
            return Exit::Usage.into();
        }
    };
    let outcome = prepare(&lua, program, file).and_then(|()| script.call::<()>(()));
    // What is to be closed, or has a finalizer, still writes.
    drop((script, lua));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report.error(&explain(&error, file));
            ExitCode::FAILURE
        }
    }
}

/// What `lua` does before it begins.
fn prepare(lua: &Lua, program: &OsStr, file: &Path) -> mlua::Result<()> {
    // As for any program, writing to a peer that has left is the end.
    signals::die_of_broken_pipes()?;
    let arg = lua.create_table()?;
    arg.set(-1, lua.create_string(program.as_encoded_bytes())?)?;
    arg.set(0, lua.create_string(file.as_os_str().as_encoded_bytes())?)?;
    lua.globals().set("arg", arg)?;
    lua.load("io.stdout:setvbuf('no')").exec()
}

fn compile(lua: &Lua, file: &Path) -> Result<Function> {
    open(file)?;
    let mut source = fs::read(file).map_err(|error| Error::usage(name(file), why(&error)))?;
    // A first line for the shell is none for Lua. Its end stays, so that lines are counted as they are.
    if source.starts_with(b"#") {
        let end = source.iter().position(|byte| *byte == b'\n').unwrap_or(source.len());
        source.drain(..end);
    }
    let script = lua.load(source).set_name(format!("@{}", file.display()));
    script.into_function().map_err(|error| explain(&error, file))
}

/// `FILE:LINE: what Lua says`, in one line.
fn explain(error: &mlua::Error, file: &Path) -> Error {
    let text = match error {
        mlua::Error::SyntaxError { message, .. } => message.clone(),
        mlua::Error::RuntimeError(message) | mlua::Error::MemoryError(message) => message.clone(),
        other => other.to_string(),
    };
    let text = text.split("\nstack traceback:").next().unwrap_or_default();
    let place = text.strip_prefix(&*file.to_string_lossy()).and_then(|rest| rest.strip_prefix(':'));
    match place.and_then(|rest| rest.split_once(": ")) {
        Some((line, what)) if line.parse::<u32>().is_ok() => {
            Error::usage(format!("{}:{line}", name(file)), escape(what.as_bytes()))
        }
        _ => Error::usage(name(file), escape(text.as_bytes())),
    }
}

fn name(file: &Path) -> String {
    escape(file.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(name: &str, text: &str) -> std::path::PathBuf {
        let file = std::env::temp_dir().join(format!("rncat-{}-{name}.lua", std::process::id()));
        fs::write(&file, text).unwrap();
        file
    }

    #[test]
    fn a_script_with_a_line_for_the_shell_is_one() {
        let file = script("shell", "#!/usr/bin/lua\nlocal x <const> = 1 // 1\n");
        assert_eq!(check(&file), Ok(()));
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn what_is_no_lua_is_said_with_its_line() {
        let file = script("wrong", "#!/usr/bin/lua\n\nx = = 1\n");
        let error = check(&file).unwrap_err();
        assert_eq!(error.to_string(), format!("{}:3: unexpected symbol near '='", file.display()));
        assert_eq!(error.exit(), Exit::Usage);
        fs::remove_file(file).unwrap();
    }

    #[test]
    fn what_is_not_there_and_what_is_no_file_are_said() {
        assert_eq!(check(Path::new("/nosuch.lua")).unwrap_err().to_string(), "/nosuch.lua: No such file or directory");
        assert!(open(Path::new("/dev/null")).is_err());
    }

    #[test]
    fn all_libraries_are_there_and_pcall_can_be_yielded_through() {
        let text = "assert(debug.getinfo and io.popen and os.execute and utf8.char and string.pack and require)
            local co = coroutine.wrap(function() pcall(coroutine.yield, 1) return 2 end)
            assert(co() == 1 and co() == 2)";
        sys::lua().load(text).exec().unwrap();
    }
}
