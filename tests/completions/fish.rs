//! The script for fish.
//!
//! A newcomer's trap: fish offers files everywhere unless it is told not to, with `-f` for the command, and
//! offers them again for one option with `-F`.

use super::{
    answers, check, home,
    values::{Opt, Value, services},
};

const TEMPLATE: &str = r##"# Completions of rncat for fish: ~/.config/fish/completions/rncat.fish.
#
# Made from the options by RNCAT_BLESS=1 cargo test --test completions.

# How many words that are no options have been typed before this one.
function __rncat_words
    set -l valued @VALUED@
    set -l words 0
    set -l skip 0
    set -l tokens (commandline -opc)
    for token in $tokens[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- (string replace -r '^-[@FLAGS@]+(.)$' -- '-$1' $token) $valued
            set skip 1
        else if not string match -q -- '-*' $token
            set words (math $words + 1)
        end
    end
    test $words = $argv[1]
end

function __rncat_unix
    string match -qr -- '^(-[@FLAGS@]*U[@FLAGS@]*|--unixsock)$' (commandline -opc)
end

# Some of these words, with commas in between, none twice.
function __rncat_list
    set -l current (string replace -r '^--[a-z-]+=' '' -- (commandline -ct))
    set -l before (string match -r '^.*,' -- $current)
    for word in $argv
        contains -- $word (string split , -- "$before"); or echo "$before$word"
    end
end

# Those of /etc/hosts and of ssh; fish leaves this machine's own names out.
function __rncat_hosts
    echo localhost
    __fish_print_hostnames
end

complete -c rncat -f
complete -c rncat -n '__rncat_unix' -F
complete -c rncat -n 'not __rncat_unix; and __rncat_words 0' -a '(__rncat_hosts)'
complete -c rncat -n 'not __rncat_unix; and __rncat_words 1' -a '@SERVICES@'
"##;

/// The script.
pub(crate) fn script(options: &[Opt]) -> String {
    let mut flags = String::new();
    let mut valued = Vec::new();
    let mut lines = String::new();
    for option in options {
        let short = option.short.map(|short| format!(" -s {short}")).unwrap_or_default();
        let long = Some(&option.long).filter(|long| !long.is_empty());
        if matches!(option.value, Value::None) {
            flags.extend(option.short);
        } else {
            valued.extend(option.short.map(|short| format!("-{short}")));
            valued.extend(long.map(|long| format!("--{long}")));
        }
        let long = long.map(|long| format!(" -l {long}")).unwrap_or_default();
        let value = match &option.value {
            Value::None => String::new(),
            Value::Words(words) => format!(" -x -a '{}'", words.join(" ")),
            Value::List(words) => format!(" -x -a '(__rncat_list {})'", words.join(" ")),
            Value::File => " -r -F".to_owned(),
            Value::Folder => " -x -a '(__fish_complete_directories)'".to_owned(),
            Value::Host => " -x -a '(__rncat_hosts)'".to_owned(),
            Value::Command => " -x -a '(__fish_complete_command)'".to_owned(),
            Value::User => " -x -a '(__fish_complete_users)'".to_owned(),
            Value::Port => format!(" -x -a '{}'", services().join(" ")),
            Value::Other => " -x".to_owned(),
        };
        let help = option.help.replace('\\', "\\\\").replace('\'', "\\'");
        lines.push_str(&format!("complete -c rncat{short}{long}{value} -d '{help}'\n"));
    }
    let text = TEMPLATE.replace("@FLAGS@", &flags).replace("@VALUED@", &valued.join(" "));
    text.replace("@SERVICES@", &services().join(" ")) + &lines
}

/// Asks fish itself; what stands behind a TAB is a description.
const ASK: &str = r#"
source $SCRIPTS/rncat.fish
complete --do-complete="$LINE" | string replace -r '\t.*' ''
exit 0
"#;

#[test]
fn fish_completes() {
    let home = home("fish");
    let ask = |line: &str| answers("fish", &["--no-config"], ASK, &home, line);
    check("fish", ask);
    for (line, found) in [
        ("rncat --pace=smt", &["--pace=smtp"][..]),
        ("rncat --mock smtp,", &["smtp,http", "smtp,pop3"]),
        ("rncat --ssl-cert le", &["letter one.play", "letters/"]),
        ("rncat -vo le", &["letter one.play", "letters/"]),
        ("rncat --mock-dir le", &["letters/"]),
        ("rncat -lU le", &["letter one.play", "letters/"]),
        ("rncat -w 5 localhost pop3", &["pop3", "pop3s"]),
        ("rncat -w ", &[]),
        ("rncat localhost 25 ", &[]),
    ] {
        let Some(answers) = ask(line) else { return };
        assert_eq!(answers, found, "{line}");
    }
}
