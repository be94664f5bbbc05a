/* Datagrams of 1,400 bytes faster than any tool takes them.
 *
 *     datagrams flood PORT N   N of them to PORT
 *     datagrams feed N         N of them to stdout, which is a pipe that keeps writes apart (O_DIRECT)
 */
#include "limit.h"

enum { SIZE = 1400, AT_ONCE = 64 };

static char bytes[AT_ONCE][SIZE];

/* Several a system call: one after another, a sender is slower than what receives them. */
static void flood(const char *port, long many)
{
    struct mmsghdr messages[AT_ONCE] = {0};
    struct iovec vectors[AT_ONCE];
    int socket = connected(port, SOCK_DGRAM);

    for (int each = 0; each < AT_ONCE; each++) {
        vectors[each] = (struct iovec){bytes[each], SIZE};
        messages[each].msg_hdr.msg_iov = &vectors[each];
        messages[each].msg_hdr.msg_iovlen = 1;
    }
    while (many > 0)
        many -= must("sendmmsg", sendmmsg(socket, messages, many < AT_ONCE ? many : AT_ONCE, 0));
}

int main(int count, char **words)
{
    if (count == 4 && !strcmp(words[1], "flood")) {
        flood(words[2], atol(words[3]));
    } else if (count == 3 && !strcmp(words[1], "feed")) {
        for (long many = atol(words[2]); many > 0; many--)
            must("write", write(1, bytes[0], SIZE));
    } else {
        fputs("usage: datagrams flood PORT N | datagrams feed N\n", stderr);
        return 2;
    }
    return 0;
}
