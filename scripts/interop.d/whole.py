"""A letter by each way into each server: it arrives whole, header by header and byte by byte, and is read back.

The letters are a hard one and those of the practical; the ways, the servers and their readers are tables of their
own, and a case is a way into a server. A newcomer's trap: one letter lies in the mailbox at a time, because readers
read the first.
"""

from bench import Failed, case
from servers import SERVERS
from ways import LETTERS, WAYS


def travels(bench, way, server):
    for letter in LETTERS:
        letter = letter.in_utf8() if way.only_text else letter
        server.empty()
        way.send(bench, server, letter)
        try:
            server.arrives(letter.mail, *letter.people)
            server.readers_see(bench, letter.mail)
        except Failed as failed:
            raise Failed(f'{letter.name}: {failed}') from failed


for one in SERVERS:
    for by in WAYS:
        if one.proto in by.protocols:
            case(f'a letter {by.says} into {one.name}', *by.needs)(
                lambda bench, way=by, server=one: travels(bench, way, server))
