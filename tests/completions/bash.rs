//! The script for bash.
//!
//! A newcomer's trap: bash splits words at `=` and `:` before a script sees them, so `--pace=smtp` comes as three.

use super::{
    answers, check, home,
    values::{Opt, Value, services},
};

const TEMPLATE: &str = r##"# Completions of rncat for bash: /usr/share/bash-completion/completions/rncat,
# or a line in ~/.bashrc: source rncat.bash
#
# Made from the options by RNCAT_BLESS=1 cargo test --test completions.
# shellcheck shell=bash

_rncat() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local flags='@FLAGS@' valued=' @VALUED@ ' words=0 word i unix=''
    COMPREPLY=()
    if [[ $cur == '=' ]]; then
        cur=''
    elif [[ $prev == '=' ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    # Of several letters in one word, -lke, the last may want a value.
    if [[ $prev =~ ^-[$flags]+(.)$ ]]; then prev=-${BASH_REMATCH[1]}; fi
    case $prev in
@CASES@    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '@OPTIONS@' -- "$cur")
        return
    fi
    # Which of the words that are no options is it: the host, or the port?
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word =~ ^-[$flags]*U[$flags]*$ || $word == --unixsock ]]; then unix=1; fi
        if [[ $word =~ ^-[$flags]+(.)$ ]]; then word=-${BASH_REMATCH[1]}; fi
        if [[ $valued == *" $word "* ]]; then
            [[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
            ((i++))
        elif [[ $word != -* ]]; then
            ((words++))
        fi
    done
    if [[ $unix ]]; then
        _rncat_files
    elif ((words == 0)); then
        _rncat_hosts
    elif ((words == 1)); then
        mapfile -t COMPREPLY < <(compgen -W '@SERVICES@' -- "$cur")
    fi
}

_rncat_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "${1:--f}" -- "$cur")
}

# Hosts: as other commands find them where bash-completion is loaded, or else those of
# /etc/hosts and of the user's configuration of ssh.
_rncat_hosts() {
    if declare -F _comp_compgen_known_hosts >/dev/null; then
        _comp_compgen_known_hosts -a -- "$cur"
    elif declare -F _known_hosts_real >/dev/null; then
        _known_hosts_real -a -- "$cur"
    else
        local hosts
        hosts=$(while read -r first rest; do
            read -r -a names <<<"${rest%%#*}"
            case $first in
                [Hh]ost) printf '%s\n' "${names[@]}" | grep -v '[*?!]' ;;
                [0-9]* | *:*) printf '%s\n' "${names[@]}" ;;
            esac
        done < <(cat /etc/hosts ~/.ssh/config 2>/dev/null))
        mapfile -t COMPREPLY < <(compgen -W "$hosts" -- "$cur")
    fi
}

# The last of several words with commas in between, none twice.
_rncat_list() {
    local before='' word left=''
    if [[ $cur == *,* ]]; then before=${cur%,*},; fi
    for word in $1; do
        [[ ,$before == *,$word,* ]] || left+=" $word"
    done
    compopt -o nospace 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$left" -- "${cur##*,}")
}

complete -F _rncat rncat
"##;

/// The script.
pub(crate) fn script(options: &[Opt]) -> String {
    let flags = options.iter().filter(|option| matches!(option.value, Value::None)).filter_map(|option| option.short);
    let valued = options.iter().filter(|option| !matches!(option.value, Value::None)).flat_map(names);
    let every = options.iter().map(|option| match option.short {
        Some(short) if option.long.is_empty() => format!("-{short}"),
        _ => format!("--{}", option.long),
    });
    let cases = options.iter().filter_map(|option| {
        let action = match &option.value {
            Value::None => return None,
            Value::Words(words) => format!("mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$cur\")", words.join(" ")),
            Value::List(words) => format!("_rncat_list '{}'", words.join(" ")),
            Value::File => "_rncat_files".to_owned(),
            Value::Folder => "_rncat_files -d".to_owned(),
            Value::Host => "_rncat_hosts".to_owned(),
            Value::Command => "_rncat_files -c".to_owned(),
            Value::User => "mapfile -t COMPREPLY < <(compgen -u -- \"$cur\")".to_owned(),
            Value::Port => {
                format!("mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$cur\")", services().join(" "))
            }
            Value::Other => ":".to_owned(),
        };
        let names = names(option).collect::<Vec<_>>().join(" | ");
        Some(format!("        {names}) {action}; return ;;\n"))
    });
    TEMPLATE
        .replace("@FLAGS@", &flags.collect::<String>())
        .replace("@VALUED@", &valued.collect::<Vec<_>>().join(" "))
        .replace("@CASES@", &cases.collect::<String>())
        .replace("@OPTIONS@", &every.collect::<Vec<_>>().join(" "))
        .replace("@SERVICES@", &services().join(" "))
}

fn names(option: &Opt) -> impl Iterator<Item = String> {
    let long = Some(&option.long).filter(|long| !long.is_empty());
    option.short.map(|short| format!("-{short}")).into_iter().chain(long.map(|long| format!("--{long}")))
}

/// Splits the line as readline does, and asks the function that is registered for the command.
const ASK: &str = r#"
if [[ $LIBRARY ]]; then source "$LIBRARY"; fi
source "$SCRIPTS/rncat.bash"
spaced=${LINE//=/ = }
read -r -a COMP_WORDS <<<"$spaced"
[[ $spaced == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$LINE COMP_POINT=${#LINE}
registered=$(complete -p rncat)
[[ $registered =~ -F\ ([^ ]+)\  ]] && "${BASH_REMATCH[1]}" rncat "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
((${#COMPREPLY[@]})) && printf '%s\n' "${COMPREPLY[@]}"
exit 0
"#;

#[test]
fn bash_completes() {
    let home = home("bash");
    let ask = |line: &str| answers("bash", &["--norc", "--noprofile"], ASK, &home, line);
    check("bash", ask);
    for (line, found) in [
        ("rncat --pace=smt", &["smtp"][..]),
        ("rncat --mock smtp,", &["smtp,http", "smtp,pop3"]),
        ("rncat --mock smtp,p", &["smtp,pop3"]),
        ("rncat --ssl-cert le", &["letter one.play", "letters"]),
        ("rncat -vo le", &["letter one.play", "letters"]),
        ("rncat --mock-dir le", &["letters"]),
        ("rncat -lU le", &["letter one.play", "letters"]),
        ("rncat --pace=smtp localhost submissio", &["submission", "submissions"]),
        ("rncat -w 5 localhost pop", &["pop3", "pop3s"]),
        ("rncat -w ", &[]),
        ("rncat localhost 25 ", &[]),
    ] {
        let Some(answers) = ask(line) else { return };
        assert_eq!(answers, found, "{line}");
    }
}

#[test]
fn bash_asks_its_library_for_hosts_where_it_is_loaded() {
    const LIBRARY: &str = "/usr/share/bash-completion/bash_completion";
    if !std::path::Path::new(LIBRARY).exists() {
        return eprintln!("skipped: bash-completion not installed");
    }
    let home = home("bash-library");
    let program = format!("LIBRARY={LIBRARY}\n{ASK}");
    let found = answers("bash", &["--norc", "--noprofile", "-O", "extglob"], &program, &home, "rncat mailh");
    assert_eq!(found.unwrap(), ["mailhost.example"]);
}
