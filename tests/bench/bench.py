#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-only
"""What a snapshot costs the guest, against what an admin's script does today.

Runs in dom0 of an emulated Xen host, through bench.sh.  Commands:
  watch CONSOLE COMMAND...   run it, print as JSON how long it took, how long the
                             guest's ticks stood still meanwhile, and the peak
                             memory of the command
  script DOMAIN DIR          the admin's way: xl save -p, one QMP transaction of
                             blockdev-snapshot-sync, xl unpause
  bare DOMAIN DIR            seconds of one QMP transaction of blockdev-snapshot
                             on overlays that were made and opened before
"""
import json
import os
import resource
import socket
import subprocess
import sys
import threading
import time


class QMP:
    def __init__(self, domain):
        domid = subprocess.check_output(["xl", "domid", domain], text=True).strip()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect("/var/run/xen/qmp-libxl-" + domid)
        self.file = self.socket.makefile("rw")
        self.file.readline()
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        self.file.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            reply = json.loads(self.file.readline())
            if "return" in reply:
                return reply["return"]
            if "error" in reply:
                sys.exit("%s: %s" % (command, reply["error"]["desc"]))

    def disks(self):
        return [b["inserted"] for b in self.execute("query-block") if "inserted" in b]


def watch(console, command):
    """The longest time between two ticks while the command runs."""
    stamps = []
    done = threading.Event()

    def follow():
        with open(console, errors="replace") as log:
            log.seek(0, os.SEEK_END)
            while True:
                last = done.is_set()
                if "WITNESS tick" in log.read():
                    stamps.append(time.monotonic())
                if last:
                    return
                time.sleep(0.01)

    thread = threading.Thread(target=follow)
    thread.start()
    time.sleep(2)
    began = time.monotonic()
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    total = time.monotonic() - began
    time.sleep(3)
    done.set()
    thread.join()
    if result.returncode:
        sys.exit("%s failed:\n%s" % (command, result.stdout))
    gaps = [b - a for a, b in zip(stamps, stamps[1:])]
    print(json.dumps({
        "total": total,
        "still": max(gaps),
        "rss_kb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss,
        "output": result.stdout,
    }))


def script(domain, folder):
    subprocess.run(["xl", "save", "-p", domain, folder + "/saved"], check=True)
    qmp = QMP(domain)
    qmp.execute("transaction", actions=[{
        "type": "blockdev-snapshot-sync",
        "data": {"node-name": d["node-name"], "snapshot-node-name": "sync%d" % i,
                 "snapshot-file": "%s/sync%d.qcow2" % (folder, i), "format": "qcow2"},
    } for i, d in enumerate(qmp.disks())])
    subprocess.run(["xl", "unpause", domain], check=True)


def bare(domain, folder):
    qmp = QMP(domain)
    disks = qmp.disks()
    for i, d in enumerate(disks):
        overlay = "%s/bare%d.qcow2" % (folder, i)
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", d["file"],
                        "-F", d["drv"], overlay, str(d["image"]["virtual-size"])], check=True)
        qmp.execute("blockdev-add", **{
            "driver": "qcow2", "node-name": "bare%d" % i, "backing": None,
            "file": {"driver": "file", "filename": overlay, "locking": "off"}})
    began = time.monotonic()
    qmp.execute("transaction", actions=[{
        "type": "blockdev-snapshot",
        "data": {"node": d["node-name"], "overlay": "bare%d" % i},
    } for i, d in enumerate(disks)])
    print(time.monotonic() - began)


if __name__ == "__main__":
    if sys.argv[1] == "watch":
        watch(sys.argv[2], sys.argv[3:])
    elif sys.argv[1] == "script":
        script(*sys.argv[2:])
    elif sys.argv[1] == "bare":
        bare(*sys.argv[2:])
