"""The crowd's own small world: thousands of tasks, which wait for sockets and for times, in one thread.

A task is a generator. It yields `(descriptor, events, seconds)` to wait for events of a descriptor,
or `(None, 0, seconds)` to let time pass, and gets whether the events came.

A newcomer's trap: a task that is over before its time leaves its alarm behind, and one that did not
wait for its socket after all leaves the socket armed. Both are told from those that are meant by the
number of the wait.
"""

import heapq
import itertools
import select
import time

READ, WRITE = select.EPOLLIN, select.EPOLLOUT


class World:
    def __init__(self):
        self.poll = select.epoll()
        self.waiting = {}  # by descriptor
        self.alarms = []
        self.numbers = itertools.count()
        self.tasks = set()
        self.late = 0.0  # the longest that an alarm came too late: how busy this process is

    def start(self, task):
        """Begins a task; `task` is a generator."""
        running = Task(task)
        self.tasks.add(running)
        self.resume(running, None)

    def resume(self, task, answer):
        if task.descriptor is not None:
            self.waiting.pop(task.descriptor, None)
        try:
            descriptor, events, seconds = task.steps.send(answer)
        except StopIteration:
            self.tasks.discard(task)
            return
        task.descriptor, task.wait = descriptor, next(self.numbers)
        if descriptor is not None:
            self.waiting[descriptor] = task
            armed = events | select.EPOLLONESHOT
            try:
                self.poll.modify(descriptor, armed)
            except FileNotFoundError:  # Another socket than the last that had this number.
                self.poll.register(descriptor, armed)
        heapq.heappush(self.alarms, (time.monotonic() + seconds, task.wait, task))

    def run(self, until):
        """Lets the tasks go on until this time, by the monotonic clock."""
        while (now := time.monotonic()) < until:
            due = min(until, self.alarms[0][0]) if self.alarms else until
            for descriptor, _ in self.poll.poll(max(0, due - now), 256):
                task = self.waiting.get(descriptor)
                if task:
                    self.resume(task, True)
            now = time.monotonic()
            while self.alarms and self.alarms[0][0] <= now:
                due, wait, task = heapq.heappop(self.alarms)
                if task.wait == wait and task in self.tasks:
                    self.late = max(self.late, now - due)
                    self.resume(task, False)

    def end(self):
        """Every task is broken off where it waits."""
        tasks, self.tasks = self.tasks, set()
        for task in tasks:
            task.steps.close()
        self.waiting.clear()
        self.alarms.clear()
        self.poll.close()


class Task:
    def __init__(self, steps):
        self.steps, self.descriptor, self.wait = steps, None, -1
