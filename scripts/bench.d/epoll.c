/* The limit of serving many: an epoll loop that accepts clients and writes what they say to stdout.
 *
 *     epoll serve PORT   does not end
 *
 * It knows nothing of a client but its descriptor: no addresses, no limits, no memory.
 */
#include "limit.h"
#include <sys/epoll.h>

static char buffer[256 * 1024];

int main(int count, char **words)
{
    struct epoll_event ready[256], wish = {.events = EPOLLIN};
    int listener, epoll;

    if (count != 3 || strcmp(words[1], "serve")) {
        fputs("usage: epoll serve PORT\n", stderr);
        return 2;
    }
    epoll = must("epoll_create1", epoll_create1(0));
    listener = wish.data.fd = listening(words[2]);
    must("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &wish));
    for (;;) {
        long many = must("epoll_wait", epoll_wait(epoll, ready, 256, -1));
        for (long each = 0; each < many; each++) {
            int fd = ready[each].data.fd;
            if (fd == listener) {
                wish.data.fd = must("accept4", accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
                must("epoll_ctl", epoll_ctl(epoll, EPOLL_CTL_ADD, wish.data.fd, &wish));
                continue;
            }
            ssize_t size = read(fd, buffer, sizeof buffer);
            if (size > 0)
                write_all(1, buffer, size);
            else if (size == 0 || errno != EAGAIN)
                close(fd);
        }
    }
}
