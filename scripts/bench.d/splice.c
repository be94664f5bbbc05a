/* The limit without copies: splice(2) and sendfile(2).
 *
 *     splice send PORT           stdin, a pipe or a file, to the peer
 *     splice receive PORT        listens; the peer to stdout, a pipe or anything else
 *     splice talk PORT           both at once, connecting
 *     splice answer PORT         both at once, listening
 *     splice exec PORT PROGRAM   listens; the program gets the socket
 *
 * A newcomer's trap: splice(2) needs a pipe at one side. Where there is none, one in between does,
 * and what it holds are references to pages, not bytes.
 */
#include "limit.h"
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
    must("shutdown", shutdown(socket, SHUT_WR));
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

/* A process for each direction: neither waits for the other. */
static int exchange(int socket)
{
    int status;

    if (must("fork", fork()) == 0) {
        receive_all(socket);
        exit(0);
    }
    send_all(socket);
    must("wait", wait(&status));
    return status != 0;
}

static int accepted(const char *port)
{
    return must("accept", accept(listening(port), NULL, NULL));
}

static int hand_over(int socket, const char *program)
{
    must("dup2", dup2(socket, 0));
    must("dup2", dup2(socket, 1));
    return must("execl", execl(program, program, (char *)NULL));
}

int main(int count, char **words)
{
    const char *part = count >= 3 ? words[1] : "";

    if (!strcmp(part, "send"))
        send_all(connected(words[2], SOCK_STREAM));
    else if (!strcmp(part, "receive"))
        receive_all(accepted(words[2]));
    else if (!strcmp(part, "talk"))
        return exchange(connected(words[2], SOCK_STREAM));
    else if (!strcmp(part, "answer"))
        return exchange(accepted(words[2]));
    else if (!strcmp(part, "exec") && count == 4)
        return hand_over(accepted(words[2]), words[3]);
    else
        return fputs("usage: splice send|receive|talk|answer PORT | splice exec PORT PROGRAM\n", stderr), 2;
    return 0;
}
