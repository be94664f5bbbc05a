# Completions of rncat for bash: /usr/share/bash-completion/completions/rncat,
# or a line in ~/.bashrc: source rncat.bash
#
# Made from the options by RNCAT_BLESS=1 cargo test --test completions.
# shellcheck shell=bash

_rncat() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    local flags='46nuUtzlkvCh' valued=' -p --source-port -s --source -g -G --mx --dns -m --max-conns --stall-timeout --ssl-cert --ssl-key --ssl-trustfile --ssl-fingerprint --ssl-ciphers --ssl-servername --ssl-alpn --starttls --pace --play --transcript --mock --mock-dir -e --exec -c --sh-exec --lua-exec --proxy --proxy-type --proxy-auth --proxy-auth-file --proxy-dns --allow --allowfile --deny --denyfile --user -w --wait --retry -i --idle-timeout -q -d --delay -o --output -x --hex-dump --color ' words=0 word i unix=''
    COMPREPLY=()
    if [[ $cur == '=' ]]; then
        cur=''
    elif [[ $prev == '=' ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    # Of several letters in one word, -lke, the last may want a value.
    if [[ $prev =~ ^-[$flags]+(.)$ ]]; then prev=-${BASH_REMATCH[1]}; fi
    case $prev in
        -p | --source-port) mapfile -t COMPREPLY < <(compgen -W 'chargen daytime dict discard echo finger ftp ftp-data ftps gopher http http-alt https imap imaps ipp ircd lmtp nntp nntps pop3 pop3s rtsp sieve sip smtp ssh submission submissions telnet telnets whois' -- "$cur"); return ;;
        -s | --source) :; return ;;
        -g) _rncat_hosts; return ;;
        -G) :; return ;;
        --mx) _rncat_hosts; return ;;
        --dns) :; return ;;
        -m | --max-conns) :; return ;;
        --stall-timeout) :; return ;;
        --ssl-cert) _rncat_files; return ;;
        --ssl-key) _rncat_files; return ;;
        --ssl-trustfile) _rncat_files; return ;;
        --ssl-fingerprint) :; return ;;
        --ssl-ciphers) :; return ;;
        --ssl-servername) :; return ;;
        --ssl-alpn) _rncat_list 'h2 http/1.1 smtp imap pop3 ftp xmpp-client'; return ;;
        --starttls) mapfile -t COMPREPLY < <(compgen -W 'smtp lmtp pop3 imap ftp nntp sieve irc xmpp xmpp-server ldap mysql postgres typed never' -- "$cur"); return ;;
        --pace) mapfile -t COMPREPLY < <(compgen -W 'smtp lmtp pop3 imap ftp nntp sieve http line auto' -- "$cur"); return ;;
        --play) _rncat_files; return ;;
        --transcript) _rncat_files; return ;;
        --mock) _rncat_list 'smtp pop3 http'; return ;;
        --mock-dir) _rncat_files -d; return ;;
        -e | --exec) _rncat_files -c; return ;;
        -c | --sh-exec) _rncat_files -c; return ;;
        --lua-exec) _rncat_files; return ;;
        --proxy) _rncat_hosts; return ;;
        --proxy-type) mapfile -t COMPREPLY < <(compgen -W 'http socks4 socks5' -- "$cur"); return ;;
        --proxy-auth) :; return ;;
        --proxy-auth-file) _rncat_files; return ;;
        --proxy-dns) mapfile -t COMPREPLY < <(compgen -W 'remote local both none' -- "$cur"); return ;;
        --allow) _rncat_hosts; return ;;
        --allowfile) _rncat_files; return ;;
        --deny) _rncat_hosts; return ;;
        --denyfile) _rncat_files; return ;;
        --user) mapfile -t COMPREPLY < <(compgen -u -- "$cur"); return ;;
        -w | --wait) :; return ;;
        --retry) :; return ;;
        -i | --idle-timeout) :; return ;;
        -q) :; return ;;
        -d | --delay) :; return ;;
        -o | --output) _rncat_files; return ;;
        -x | --hex-dump) _rncat_files; return ;;
        --color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$cur"); return ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '-4 -6 --nodns --udp --sctp --unixsock --vsock --telnet --source-port --source -g -G -z --mx --dns --listen --keep-open --max-conns --broker --chat --stall-timeout --ssl --ssl-cert --ssl-key --ssl-verify --ssl-trustfile --ssl-fingerprint --ssl-ciphers --ssl-servername --ssl-alpn --starttls --pace --fail --play --transcript --timestamps --show-secrets --mock --mock-dir --exec --sh-exec --lua-exec --proxy --proxy-type --proxy-auth --proxy-auth-file --proxy-dns --allow --allowfile --deny --denyfile --user --no-sandbox --wait --retry --idle-timeout -q --delay --verbose --quiet --output --hex-dump --append-output --color --raw --progress --no-progress --crlf --no-crlf --send-only --recv-only --no-shutdown -h --help --version' -- "$cur")
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
        mapfile -t COMPREPLY < <(compgen -W 'chargen daytime dict discard echo finger ftp ftp-data ftps gopher http http-alt https imap imaps ipp ircd lmtp nntp nntps pop3 pop3s rtsp sieve sip smtp ssh submission submissions telnet telnets whois' -- "$cur")
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
