#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-only
"""Stands between a domain's QMP socket and who talks to it, and spoils one reply.

  qmp-proxy.py SOCKET COMMAND FAULT

Takes the place of SOCKET, until it is killed, and prints "ready".  To the first COMMAND:
  lost      QEMU does not get it, and no reply comes
  never     QEMU does it, but no reply comes
  cut       half of the reply comes, and then the end of the connection
  no-json   what comes is no JSON
  endless   100 MB come, and no end of the line
  silent    QEMU does it, and from then on no reply to anything comes
Everything else goes through.
"""
import json
import os
import select
import signal
import socket
import sys

ENDLESS = 100


class Spoiled(Exception):
    """The connection is to end."""


class Proxy:
    def __init__(self, path, command, fault):
        self.path, self.command, self.fault = path, command, fault
        self.real = path + ".real"
        self.armed = True
        self.silent = False
        self.spoil = None           # the id of the command whose reply is to be

    def to_qemu(self, line, qemu):
        request = json.loads(line)
        if self.armed and request.get("execute") == self.command:
            self.armed = False
            if self.fault == "lost":
                return
            self.silent = self.fault == "silent"
            self.spoil = request["id"]
        qemu.sendall(line)

    def to_client(self, line, client):
        if self.silent:
            return
        if self.spoil is None or json.loads(line).get("id") != self.spoil:
            client.sendall(line)
            return
        self.spoil = None
        if self.fault == "cut":
            client.sendall(line[:len(line) // 2])
            raise Spoiled
        if self.fault == "no-json":
            client.sendall(b"what was the question?\n")
        if self.fault == "endless":
            client.sendall(b'{"return": "')
            for _ in range(ENDLESS):
                client.sendall(b"x" * (1 << 20))

    def serve(self, client, qemu):
        rest = {client: b"", qemu: b""}
        while True:
            for ready in select.select(list(rest), [], [])[0]:
                data = ready.recv(1 << 16)
                if not data:
                    return
                *lines, rest[ready] = (rest[ready] + data).split(b"\n")
                for line in lines:
                    if ready is client:
                        self.to_qemu(line + b"\n", qemu)
                    else:
                        self.to_client(line + b"\n", client)

    def run(self):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(1)
        print("ready", flush=True)
        while True:
            client = listener.accept()[0]
            with client, socket.socket(socket.AF_UNIX) as qemu:
                qemu.connect(self.real)
                try:
                    self.serve(client, qemu)
                except (Spoiled, ConnectionError):
                    pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit())
proxy = Proxy(*sys.argv[1:])
os.rename(proxy.path, proxy.real)
try:
    proxy.run()
finally:
    os.rename(proxy.real, proxy.path)
