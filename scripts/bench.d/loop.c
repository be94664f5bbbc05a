/* The limit of copying: read(2) and write(2) of 256 KiB.
 *
 *     loop send PORT      stdin to the peer
 *     loop receive PORT   listens; the peer to stdout
 */
#include "limit.h"

static char buffer[256 * 1024];

static void copy(int from, int to)
{
    for (;;) {
        ssize_t count = must("read", read(from, buffer, sizeof buffer));
        if (count == 0)
            return;
        write_all(to, buffer, count);
    }
}

int main(int count, char **words)
{
    if (count == 3 && !strcmp(words[1], "send")) {
        copy(0, connected(words[2], SOCK_STREAM));
    } else if (count == 3 && !strcmp(words[1], "receive")) {
        copy(must("accept", accept(listening(words[2]), NULL, NULL)), 1);
    } else {
        fputs("usage: loop send|receive PORT\n", stderr);
        return 2;
    }
    return 0;
}
