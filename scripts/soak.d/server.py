"""The rncat that is soaked: started, found, looked at from outside, and ended."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from modes import HEARD


class Server:
    def __init__(self, program, mode, clients, scratch):
        words = [word.format(cat=shutil.which('cat')) for word in mode.words]
        if mode.name != 'mock':
            words = ['-l', '-k', *words, '127.0.0.1', '0']
        # Who has half-closed is waited for a while, as far as one can tell; there are more of those than of others.
        command = [program, '-n', '-m', str(4 * clients + 100), *words]
        self.said = scratch / f'{mode.name}.stderr'
        with open(self.said, 'wb') as said:
            stdout = subprocess.PIPE if mode.answers == HEARD else subprocess.DEVNULL
            self.process = subprocess.Popen(
                command, bufsize=0, stdin=subprocess.PIPE, stdout=stdout, stderr=said,
                env=os.environ | {'TMPDIR': str(scratch)},
            )
        self.folder = Path('/proc') / str(self.process.pid)
        self.port = self.find_port('udp' if mode.udp else 'tcp')
        self.mode, self.peak = mode, 0
        self.began = self.settled()

    def find_port(self, protocol):
        """The kernel has chosen it; the socket is found by its inode."""
        until = time.monotonic() + 30
        while time.monotonic() < until and self.process.poll() is None:
            mine = set()
            for file in (self.folder / 'fd').iterdir():
                try:
                    if inode := re.fullmatch(r'socket:\[(\d+)\]', os.readlink(file)):
                        mine.add(inode[1])
                except FileNotFoundError:
                    pass
            for row in Path(f'/proc/net/{protocol}').read_text().splitlines()[1:]:
                columns = row.split()
                if columns[9] in mine and columns[3] in ('0A', '07'):
                    return int(columns[1].split(':')[1], 16)
            time.sleep(0.01)
        raise SystemExit(f'soak: rncat does not listen: {self.last_words()}')

    def settled(self):
        """What it takes when it is at rest: it has said what it says first, and waits."""
        seen = None
        while (now := self.look()) != seen:
            seen = now
            time.sleep(0.2)
        return seen

    def look(self):
        """Descriptors, children, and KiB of memory of its own and resident."""
        status = dict(line.split(':', 1) for line in (self.folder / 'status').read_text().splitlines())
        children = (self.folder / f'task/{self.process.pid}/children').read_text().split()
        descriptors = len(os.listdir(self.folder / 'fd'))
        self.peak = max(self.peak, descriptors)
        return {
            'descriptors': descriptors,
            'children': len(children),
            'own': int(status['RssAnon'].split()[0]),
            'resident': int(status['VmRSS'].split()[0]),
        }

    def is_back(self, others, patience):
        """Waits until it has no more than at first; returns what there is, and what is wrong with that.

        `others`: clients without descriptors. What the heap had for the most that were there at once it may keep.
        """
        looks = 10 * patience  # No clock: it goes on while a machine stops all this.
        allowed = 2048 + self.mode.heap * (self.peak + others)
        while True:
            self.drain()
            now = self.look()
            wrong = []
            if not 0 <= now['descriptors'] - self.began['descriptors'] <= self.mode.pipes:
                wrong.append(f'{now["descriptors"]} descriptors, {self.began["descriptors"]} at first')
            if now['children'] != self.began['children']:
                wrong.append(f'{now["children"]} children')
            if (more := now['own'] - self.began['own']) > allowed:
                wrong.append(f'{more} KiB more than at first; {allowed} are allowed')
            looks -= 1
            if not wrong or looks <= 0:
                return now, wrong
            time.sleep(0.1)

    def drain(self):
        """Takes what it says on stdout, since the probe has left."""
        if self.process.stdout:
            os.set_blocking(self.process.stdout.fileno(), False)
            while self.process.stdout.read(1 << 20):
                pass

    def processor_seconds(self):
        fields = (self.folder / 'stat').read_text().rpartition(')')[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')

    def last_words(self):
        """What it has said, without names and numbers, and how often."""
        lines = Counter(
            re.sub(r'\d+', 'N', line) for line in self.said.read_text(errors='replace').splitlines()
        )
        return '\n    '.join(f'{count} x {line[:200]}' for line, count in lines.most_common(8)) or '(nothing)'

    def has_panicked(self):
        with open(self.said, errors='replace') as said:
            return any('panicked' in line for line in said)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
