# Completions of rncat for fish: ~/.config/fish/completions/rncat.fish.
#
# Made from the options by RNCAT_BLESS=1 cargo test --test completions.

# How many words that are no options have been typed before this one.
function __rncat_words
    set -l valued -p --source-port -s --source -g -G --mx --dns -m --max-conns --stall-timeout --ssl-cert --ssl-key --ssl-trustfile --ssl-fingerprint --ssl-ciphers --ssl-servername --ssl-alpn --starttls --pace --play --transcript --mock --mock-dir -e --exec -c --sh-exec --lua-exec --proxy --proxy-type --proxy-auth --proxy-auth-file --proxy-dns --allow --allowfile --deny --denyfile --user -w --wait --retry -i --idle-timeout -q -d --delay -o --output -x --hex-dump --color
    set -l words 0
    set -l skip 0
    set -l tokens (commandline -opc)
    for token in $tokens[2..-1]
        if test $skip = 1
            set skip 0
        else if contains -- (string replace -r '^-[46nuUtzlkvCh]+(.)$' -- '-$1' $token) $valued
            set skip 1
        else if not string match -q -- '-*' $token
            set words (math $words + 1)
        end
    end
    test $words = $argv[1]
end

function __rncat_unix
    string match -qr -- '^(-[46nuUtzlkvCh]*U[46nuUtzlkvCh]*|--unixsock)$' (commandline -opc)
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
complete -c rncat -n 'not __rncat_unix; and __rncat_words 1' -a 'chargen daytime dict discard echo finger ftp ftp-data ftps gopher http http-alt https imap imaps ipp ircd lmtp nntp nntps pop3 pop3s rtsp sieve sip smtp ssh submission submissions telnet telnets whois'
complete -c rncat -s 4 -d 'Use IPv4 only'
complete -c rncat -s 6 -d 'Use IPv6 only'
complete -c rncat -s n -l nodns -d 'Take hosts as addresses, look up nothing'
complete -c rncat -s u -l udp -d 'Talk UDP: each read is sent as a datagram'
complete -c rncat -l sctp -d 'Talk SCTP, where the kernel has it'
complete -c rncat -s U -l unixsock -d 'Use a Unix socket: PATH in place of host, port'
complete -c rncat -l vsock -d 'Use vsock: a machine\'s number in place of HOST'
complete -c rncat -s t -l telnet -d 'Answer telnet negotiation: refuse everything'
complete -c rncat -s p -l source-port -x -a 'chargen daytime dict discard echo finger ftp ftp-data ftps gopher http http-alt https imap imaps ipp ircd lmtp nntp nntps pop3 pop3s rtsp sieve sip smtp ssh submission submissions telnet telnets whois' -d 'Connect from this port; listen at it with -l'
complete -c rncat -s s -l source -x -d 'Connect from this address'
complete -c rncat -s g -x -a '(__rncat_hosts)' -d 'Pass these hosts on the way (source routing)'
complete -c rncat -s G -x -d 'Begin at this place of the route: 4, 8, ... 28'
complete -c rncat -s z -d 'Connect, say how that went by the exit status'
complete -c rncat -l mx -x -a '(__rncat_hosts)' -d 'Connect to the server for mail to this domain'
complete -c rncat -l dns -x -d 'Ask this name server for them'
complete -c rncat -s l -l listen -d 'Listen for a client instead of connecting'
complete -c rncat -s k -l keep-open -d 'Go on after the first client; serve many'
complete -c rncat -s m -l max-conns -x -d 'Serve at most N clients at once (default 100)'
complete -c rncat -l broker -d 'Pass on what each client says to all others'
complete -c rncat -l chat -d 'The same for people: say who says what'
complete -c rncat -l stall-timeout -x -d 'Drop a client that holds the others up (10s)'
complete -c rncat -l ssl -d 'Talk TLS; implied by the options below'
complete -c rncat -l ssl-cert -r -F -d 'Show this certificate (chain) to the peer'
complete -c rncat -l ssl-key -r -F -d 'The certificate\'s private key'
complete -c rncat -l ssl-verify -d 'Refuse a server that fails the check'
complete -c rncat -l ssl-trustfile -r -F -d 'Trust only the certificates in this file'
complete -c rncat -l ssl-fingerprint -x -d 'Trust exactly the certificate with this hash'
complete -c rncat -l ssl-ciphers -x -d 'Offer or take only these ciphers'
complete -c rncat -l ssl-servername -x -d 'Ask for this name and check for it (SNI)'
complete -c rncat -l ssl-alpn -x -a '(__rncat_list h2 http/1.1 smtp imap pop3 ftp xmpp-client)' -d 'Protocols to agree on, the best first (ALPN)'
complete -c rncat -l starttls -x -a 'smtp lmtp pop3 imap ftp nntp sieve irc xmpp xmpp-server ldap mysql postgres typed never' -d 'Ask for TLS in this protocol\'s words'
complete -c rncat -l pace -x -a 'smtp lmtp pop3 imap ftp nntp sieve http line auto' -d 'Wait for each reply before the next line'
complete -c rncat -l fail -d 'Leave at the first reply that is an error'
complete -c rncat -l play -r -F -d 'Say and check the lines of this dialogue'
complete -c rncat -l transcript -r -F -d 'Record the session as a dialogue, for --play'
complete -c rncat -l timestamps -d 'Put the time before each line of it'
complete -c rncat -l show-secrets -d 'Do not leave passwords out of it'
complete -c rncat -l mock -x -a '(__rncat_list smtp pop3 http)' -d 'Be a server to learn on: smtp, pop3, http'
complete -c rncat -l mock-dir -x -a '(__fish_complete_directories)' -d 'Keep its mails in this Maildir'
complete -c rncat -s e -l exec -x -a '(__fish_complete_command)' -d 'Join the peer to this program'
complete -c rncat -s c -l sh-exec -x -a '(__fish_complete_command)' -d 'The same, by way of /bin/sh -c'
complete -c rncat -l lua-exec -r -F -d 'Join the peer to this Lua script'
complete -c rncat -l proxy -x -a '(__rncat_hosts)' -d 'Connect by way of this proxy'
complete -c rncat -l proxy-type -x -a 'http socks4 socks5' -d 'What the proxy speaks: http, socks4 or socks5'
complete -c rncat -l proxy-auth -x -d 'Say who you are; with -l, demand that'
complete -c rncat -l proxy-auth-file -r -F -d 'The same, out of a file'
complete -c rncat -l proxy-dns -x -a 'remote local both none' -d 'Who looks names up: remote, local, both, none'
complete -c rncat -l allow -x -a '(__rncat_hosts)' -d 'Let only these hosts in'
complete -c rncat -l allowfile -r -F -d 'Let only the hosts of this file in'
complete -c rncat -l deny -x -a '(__rncat_hosts)' -d 'Keep these hosts out, whatever allows them'
complete -c rncat -l denyfile -r -F -d 'Keep the hosts of this file out'
complete -c rncat -l user -x -a '(__fish_complete_users)' -d 'Become this user once all is open'
complete -c rncat -l no-sandbox -d 'Keep rights that the session has no use for'
complete -c rncat -s w -l wait -x -d 'Give up connecting after TIME'
complete -c rncat -l retry -x -d 'Go on trying to connect for TIME'
complete -c rncat -s i -l idle-timeout -x -d 'Give up a peer that is silent for TIME'
complete -c rncat -s q -x -d 'Leave TIME after stdin\'s end; negative: never'
complete -c rncat -s d -l delay -x -d 'Wait TIME between the lines that are sent'
complete -c rncat -s v -l verbose -d 'Tell what happens; -vv and -vvv tell more'
complete -c rncat -l quiet -d 'Say nothing but errors'
complete -c rncat -s o -l output -r -F -d 'Record the session, both ways, as it went'
complete -c rncat -s x -l hex-dump -r -F -d 'Record the session in hexadecimal'
complete -c rncat -l append-output -d 'Add to these files instead of replacing them'
complete -c rncat -l color -x -a 'auto always never' -d 'Colour replies: auto, always or never'
complete -c rncat -l raw -d 'Let control characters through to a terminal'
complete -c rncat -l progress -d 'Show how far it is, on one line of stderr'
complete -c rncat -l no-progress -d 'Never show how far it is'
complete -c rncat -s C -l crlf -d 'Send every LF as CR LF'
complete -c rncat -l no-crlf -d 'Never do so, not even at a terminal'
complete -c rncat -l send-only -d 'Send stdin, then leave; show nothing'
complete -c rncat -l recv-only -d 'Only receive; never read stdin'
complete -c rncat -l no-shutdown -d 'Do not tell the peer that stdin has ended'
complete -c rncat -s h -d 'Show the options that one needs most'
complete -c rncat -l help -d 'Show all options'
complete -c rncat -l version -d 'Show the version'
