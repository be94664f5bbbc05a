//! The script for zsh.
//!
//! A newcomer's trap: in a specification for `_arguments`, a colon and a bracket mean something, and are escaped.

use super::{
    answers, check, home,
    values::{Opt, Value, services},
};

const TEMPLATE: &str = r##"#compdef rncat
# Completions of rncat for zsh: to be put in a folder of $fpath under the name _rncat.
#
# Made from the options by RNCAT_BLESS=1 cargo test --test completions.

_rncat() {
    local context curcontext="$curcontext" state line
    typeset -A opt_args
    _arguments -s -S \
@OPTIONS@        '1:host:_rncat_first' \
        '2:port:_rncat_ports'
}

# A host, but with -U a file.
_rncat_first() {
    if (( ${+opt_args[-U]} || ${+opt_args[--unixsock]} )); then
        _files
    else
        _rncat_hosts
    fi
}

# Those of /etc/hosts, and of the configuration and the memory of ssh.
_rncat_hosts() {
    local -a hosts
    [[ -r ~/.ssh/config ]] && hosts=(${=${(M)${(f)"$(<~/.ssh/config)"}:#[Hh]ost *}#* })
    hosts=(${hosts:#*[*?!]*})
    _alternative 'hosts:host:_hosts' "ssh:host in ~/.ssh/config:($hosts)"
}

_rncat_ports() {
    local -a services=(@SERVICES@)
    _wanted ports expl port compadd "$@" -a services
}

if [[ $funcstack[1] == _rncat ]]; then
    _rncat "$@"
else
    compdef _rncat rncat
fi
"##;

/// The script.
pub(crate) fn script(options: &[Opt]) -> String {
    let mut lines = String::new();
    for option in options {
        let help = quoted(&option.help);
        let value = match &option.value {
            Value::None => String::new(),
            other => format!(":{}:{}", quoted(&option.name), action(other)),
        };
        let short = option.short.map(|short| format!("-{short}"));
        let long = Some(format!("--{}", option.long)).filter(|_| !option.long.is_empty());
        let (after_short, after_long) = if value.is_empty() { ("", "") } else { ("+", "=") };
        let star = if option.repeats { "*" } else { "" };
        lines.push_str("        ");
        match (short, long) {
            (Some(short), Some(long)) => {
                let others = if option.repeats { star.to_owned() } else { format!("({short} {long})") };
                lines.push_str(&format!("'{others}'{{{short}{after_short},{long}{after_long}}}'[{help}]{value}' \\\n"));
            }
            (Some(short), None) => lines.push_str(&format!("'{star}{short}{after_short}[{help}]{value}' \\\n")),
            (None, Some(long)) => lines.push_str(&format!("'{star}{long}{after_long}[{help}]{value}' \\\n")),
            (None, None) => {}
        }
    }
    TEMPLATE.replace("@OPTIONS@", &lines).replace("@SERVICES@", &services().join(" "))
}

fn action(value: &Value) -> String {
    match value {
        Value::Words(words) => format!("({})", words.join(" ")),
        Value::List(words) => format!("_values -s , word {}", words.join(" ")),
        Value::File => "_files".to_owned(),
        Value::Folder => "_files -/".to_owned(),
        Value::Host => "_rncat_hosts".to_owned(),
        Value::Command => "_command_names -e".to_owned(),
        Value::User => "_users".to_owned(),
        Value::Port => "_rncat_ports".to_owned(),
        Value::None | Value::Other => " ".to_owned(),
    }
}

/// As it stands between single quotes, where `_arguments` reads it.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for c in text.chars() {
        match c {
            '\'' => quoted.push_str("'\\''"),
            ':' | '[' | ']' | '\\' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
    }
    quoted
}

/// Types the line into a zsh of its own, at a terminal, presses TAB, and shows what was offered. The function
/// by which all completions are added is watched for that.
const ASK: &str = r#"
zmodload zsh/zpty
OFFERED=$HOME/offered
: >$OFFERED
export OFFERED
zpty shell zsh -f -i
zpty -w shell "PS1= PS2= ; unsetopt zle_bracketed_paste 2>/dev/null; fpath=($SCRIPTS \$fpath); autoload -Uz compinit && compinit -u -D"
zpty -w shell 'compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    local -a offered
    builtin compadd -A offered "$@"
    (( $#offered )) && print -rl -- $offered >>$OFFERED
    builtin compadd "$@"
}
offer() { _main_complete; print -r -- "<""end>"; zle -I; exit; }
zle -C offer complete-word offer
bindkey "^I" offer
print "<""ready>"'
zpty -r shell output '*<ready>*'
zpty -w -n shell "$LINE"$'\t'
zpty -r shell output '*<end>*'
zpty -d shell
cat $OFFERED
"#;

#[test]
fn zsh_completes() {
    let home = home("zsh");
    let ask = |line: &str| answers("zsh", &["-f"], ASK, &home, line);
    check("zsh", ask);
    for (line, found) in [
        ("rncat --mock smtp,", &["http", "pop3"][..]),
        ("rncat --ssl-cert le", &["letter\\ one.play", "letters"]),
        ("rncat -vo le", &["letter\\ one.play", "letters"]),
        ("rncat --mock-dir le", &["letters"]),
        ("rncat -lU le", &["letter\\ one.play", "letters"]),
        ("rncat -w ", &[]),
    ] {
        let Some(answers) = ask(line) else { return };
        assert_eq!(answers, found, "{line}");
    }
}
