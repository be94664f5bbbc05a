/* Many clients in one process, which must cost less than the listener that is measured.
 *
 *     crowd talk PORT N         N clients, each says a line with its number; they stay until stdin ends
 *     crowd read PORT N BYTES   N clients connect, "connected" is printed; leaves when each got BYTES
 */
#include "limit.h"
#include <sys/epoll.h>
#include <sys/resource.h>

static void raise_limit(void)
{
    struct rlimit limit;

    must("getrlimit", getrlimit(RLIMIT_NOFILE, &limit));
    limit.rlim_cur = limit.rlim_max;
    must("setrlimit", setrlimit(RLIMIT_NOFILE, &limit));
}

static void talk(const char *port, int many)
{
    char line[32];

    for (int each = 0; each < many; each++) {
        int size = snprintf(line, sizeof line, "client %08d\n", each);
        write_all(connected(port, SOCK_STREAM), line, size);
    }
    while (must("read", read(0, line, sizeof line)) > 0)
        ;
}

static void receive(const char *port, int many, long long bytes)
{
    struct epoll_event ready[256], wish = {.events = EPOLLIN};
    int epoll = must("epoll_create1", epoll_create1(0));
    long long *left = calloc(65536, sizeof *left);

    for (int each = 0; each < many; each++) {
        wish.data.fd = connected(port, SOCK_STREAM);
        left[wish.data.fd] = bytes;
        must("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, wish.data.fd, &wish));
    }
    write_all(1, "connected\n", 10);
    while (many > 0) {
        long some = must("epoll_wait", epoll_wait(epoll, ready, 256, -1));
        for (long each = 0; each < some; each++) {
            int fd = ready[each].data.fd;
            /* Of TCP, MSG_TRUNC takes bytes without copying them. */
            ssize_t size = must("recv", recv(fd, NULL, 1 << 24, MSG_TRUNC | MSG_DONTWAIT));
            left[fd] -= size;
            if (left[fd] < 0 || (size == 0 && left[fd] > 0)) {
                fprintf(stderr, "a reader got %lld bytes of %lld\n", bytes - left[fd], bytes);
                exit(1);
            }
            if (left[fd] == 0) {
                must("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL));
                many--;
            }
        }
    }
}

int main(int count, char **words)
{
    raise_limit();
    if (count == 4 && !strcmp(words[1], "talk")) {
        talk(words[2], atoi(words[3]));
    } else if (count == 5 && !strcmp(words[1], "read")) {
        receive(words[2], atoi(words[3]), atoll(words[4]));
    } else {
        fputs("usage: crowd talk PORT N | crowd read PORT N BYTES\n", stderr);
        return 2;
    }
    return 0;
}
