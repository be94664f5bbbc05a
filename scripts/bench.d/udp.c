/* The limit of datagrams, one a system call: recv(2) and write(2), read(2) and send(2).
 *
 *     udp listen PORT   every datagram to stdout; does not end
 *     udp send PORT     every read of stdin is a datagram to the peer
 */
#include "limit.h"

/* No datagram is larger. */
static char buffer[65536];

int main(int count, char **words)
{
    if (count == 3 && !strcmp(words[1], "listen")) {
        int socket = bound(words[2], SOCK_DGRAM);
        for (;;)
            write_all(1, buffer, must("recv", recv(socket, buffer, sizeof buffer, 0)));
    } else if (count == 3 && !strcmp(words[1], "send")) {
        int socket = connected(words[2], SOCK_DGRAM);
        ssize_t size;
        while ((size = must("read", read(0, buffer, sizeof buffer))) > 0)
            must("send", send(socket, buffer, size, 0));
    } else {
        fputs("usage: udp listen|send PORT\n", stderr);
        return 2;
    }
    return 0;
}
