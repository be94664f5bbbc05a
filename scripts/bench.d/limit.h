/* What the limit programs share: TCP on 127.0.0.1, and leaving when something fails.
 *
 * A newcomer's trap: these programs are no netcats. They do what the machine has to do, with no
 * choices, so that the table shows what a choice costs.
 */
#ifndef LIMIT_H
#define LIMIT_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Returns the result of a system call that succeeded; the program ends with one that did not. */
static inline long must(const char *what, long result)
{
    if (result < 0) {
        perror(what);
        exit(1);
    }
    return result;
}

static inline struct sockaddr_in loopback(const char *port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)atoi(port)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
}

static inline int connected(const char *port, int type)
{
    struct sockaddr_in peer = loopback(port);
    int fd = must("socket", socket(AF_INET, type, 0));

    must("connect", connect(fd, (struct sockaddr *)&peer, sizeof peer));
    return fd;
}

static inline int bound(const char *port, int type)
{
    struct sockaddr_in own = loopback(port);
    int on = 1, fd = must("socket", socket(AF_INET, type, 0));

    must("setsockopt", setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    must("bind", bind(fd, (struct sockaddr *)&own, sizeof own));
    return fd;
}

/* As many as the kernel allows may wait to be accepted. */
static inline int listening(const char *port)
{
    int fd = bound(port, SOCK_STREAM);

    must("listen", listen(fd, 65535));
    return fd;
}

static inline void write_all(int fd, const char *bytes, size_t count)
{
    while (count > 0) {
        size_t written = must("write", write(fd, bytes, count));
        bytes += written;
        count -= written;
    }
}

#endif
