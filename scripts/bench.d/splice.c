/* The limit without copies: splice(2) and sendfile(2).
 *
 *     splice send PORT      stdin, a pipe or a file, to the peer
 *     splice receive PORT   listens; the peer to stdout, a pipe or anything else
 *
 * A newcomer's trap: splice(2) needs a pipe at one side. Where there is none, one in between does,
 * and what it holds are references to pages, not bytes.
 */
#include "limit.h"
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

enum { MIB = 1 << 20 };

static int is_pipe(int fd)
{
    struct stat status;

    must("fstat", fstat(fd, &status));
    return S_ISFIFO(status.st_mode);
}

/* Larger pipes mean fewer system calls and fewer changes of process. It may be refused. */
static void enlarge(int pipe)
{
    fcntl(pipe, F_SETPIPE_SZ, MIB);
}

static void send_all(int socket)
{
    long count;

    if (is_pipe(0)) {
        enlarge(0);
        /* The pipe's pages become the socket's. MORE: the kernel may fill its segments. */
        while ((count = splice(0, NULL, socket, NULL, MIB, SPLICE_F_MOVE | SPLICE_F_MORE)) > 0)
            ;
        must("splice", count);
    } else {
        while ((count = sendfile(socket, 0, NULL, 1 << 30)) > 0)
            ;
        must("sendfile", count);
    }
}

static void receive_all(int socket)
{
    int between[2] = {-1, 1};
    long count;

    if (is_pipe(1)) {
        enlarge(1);
    } else {
        must("pipe", pipe(between));
        enlarge(between[1]);
    }
    while ((count = must("splice", splice(socket, NULL, between[1], NULL, MIB, SPLICE_F_MOVE))) > 0)
        while (between[0] >= 0 && count > 0)
            count -= must("splice", splice(between[0], NULL, 1, NULL, count, SPLICE_F_MOVE));
}

int main(int count, char **words)
{
    if (count == 3 && !strcmp(words[1], "send")) {
        send_all(connected(words[2], SOCK_STREAM));
    } else if (count == 3 && !strcmp(words[1], "receive")) {
        receive_all(must("accept", accept(listening(words[2]), NULL, NULL)));
    } else {
        fputs("usage: splice send|receive PORT\n", stderr);
        return 2;
    }
    return 0;
}
