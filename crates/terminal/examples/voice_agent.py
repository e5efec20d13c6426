#!/usr/bin/env python3
"""A voice agent: a parrot, which says again what it heard, and falls silent when it is interrupted.

    countersign listen --audio unix:/tmp/agent.sock      (in one shell)
    python3 voice_agent.py /tmp/agent.sock               (in another; one process for each call at a time)
"""
import array, json, socket, struct, sys

RATE, LOUD, PAUSE = 16000, 500, 25  # samples a second; mean amplitude of speech; frames of 20 ms


class Line:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.stream = self.socket.makefile("rb")

    def send(self, kind, payload):
        self.socket.sendall(struct.pack(">cI", kind, len(payload)) + payload)

    def tell(self, command, **more):
        self.send(b"j", json.dumps({"command": command, **more}).encode())

    def frames(self):
        while head := self.stream.read(5):
            kind, length = struct.unpack(">cI", head)
            payload = self.stream.read(length)
            yield kind, payload if kind == b"a" else json.loads(payload)


line = Line(sys.argv[1])
line.tell("hello", version=1, rate=RATE)
heard, quiet, saying = [], 0, False
for kind, what in line.frames():
    if kind == b"j":
        print(json.dumps(what), flush=True)
        if what["event"] == "incoming":
            line.tell("answer")
        elif what["event"] == "mark":
            saying = False
        elif what["event"] == "over":
            heard, quiet, saying = [], 0, False
            line.tell("hello", version=1, rate=RATE)  # ready for the next call
        continue
    samples = array.array("h", what)  # of this machine, which is little-endian as nearly all are
    if sum(map(abs, samples)) / len(samples) > LOUD:
        if saying:
            line.tell("flush")  # barge-in: what was not said yet will not be
            saying = False
        heard.append(what)
        quiet = 0
    elif heard:
        heard.append(what)
        quiet += 1
        if quiet == PAUSE:
            for frame in heard[:-PAUSE]:
                line.send(b"a", frame)
            line.tell("mark", name="said")
            heard, quiet, saying = [], 0, True
