/* Datagrams of 1,400 bytes, faster than any tool takes them.
 *
 *     datagrams flood PORT N   N of them to PORT
 *     datagrams feed N         N of them to stdout, which is a pipe that keeps writes apart (O_DIRECT)
 */
#include "limit.h"
#include <netinet/udp.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { SIZE = 1400, AT_ONCE = 44 /* are less than 64 KiB */ };

static char bytes[AT_ONCE * SIZE];

/* The kernel cuts what is sent at once. Without, sending takes longer than receiving, and it is the
 * sender that is measured. A kernel that cannot do it gets them one by one. */
static void flood(const char *port, long many)
{
    int socket = connected(port, SOCK_DGRAM), size = SIZE;
    long most = setsockopt(socket, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof size) ? 1 : AT_ONCE;

    while (many > 0) {
        long now = many < most ? many : most;
        must("send", send(socket, bytes, now * SIZE, 0));
        many -= now;
    }
}

int main(int count, char **words)
{
    if (count == 4 && !strcmp(words[1], "flood")) {
        flood(words[2], atol(words[3]));
    } else if (count == 3 && !strcmp(words[1], "feed")) {
        for (long many = atol(words[2]); many > 0; many--)
            must("write", write(1, bytes, SIZE));
    } else {
        fputs("usage: datagrams flood PORT N | datagrams feed N\n", stderr);
        return 2;
    }
    return 0;
}
