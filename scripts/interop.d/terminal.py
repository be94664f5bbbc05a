"""Somebody at a terminal: a program on a pseudo-terminal, to which lines are typed.

A newcomer's trap: what is typed is shown, too, so that what is waited for must not be in it. And there are
no colours, which would be in it as well.
"""

import contextlib
import os
import pty
import re
import select
import subprocess
import time

from bench import PATIENCE, Failed


class Terminal:
    """A program that believes to be used by a person."""

    def __init__(self, bench, *words, **options):
        self.master, slave = pty.openpty()
        options.setdefault('env', os.environ | {'NO_COLOR': '1'})
        try:
            self.program = bench.start(*words, stdin=slave, stdout=slave, stderr=slave, **options)
        finally:
            os.close(slave)
        self.seen = b''
        self.at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.master)

    def hear(self, pattern):
        """Waits for a line that begins so, after the one that was waited for last."""
        wanted = re.compile(rb'(?m)^' + pattern + rb'[^\n]*\n')
        end = time.monotonic() + PATIENCE
        while not (found := wanted.search(self.seen, self.at)):
            if not self.read(end):
                raise Failed(f'no {pattern!r} at the terminal, but {self.seen[self.at:][-300:]!r}')
        self.at = found.end()
        return found.group()

    def say(self, line):
        self.type(line.encode() + b'\n')

    def type(self, lines):
        """Types so many lines that the terminal may want some to be read first; what it shows is read meanwhile."""
        for line in lines.splitlines(keepends=True):
            os.write(self.master, line)
            while self.read(0):
                pass

    def read(self, end):
        if not select.select([self.master], [], [], max(0.0, end - time.monotonic()))[0]:
            return False
        piece = b''
        with contextlib.suppress(OSError):  # Linux's end of a terminal
            piece = os.read(self.master, 65536)
        self.seen += piece.replace(b'\r\n', b'\n')
        return bool(piece)

    def end(self, code=0):
        """Waits for the end of the program."""
        end = time.monotonic() + PATIENCE
        while self.read(end):
            pass
        try:
            seen = self.program.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise Failed(f'it does not end: {self.seen[-300:]!r}') from error
        if seen != code:
            raise Failed(f'exit {seen}: {self.seen[-300:]!r}')
