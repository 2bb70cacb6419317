# SPDX-License-Identifier: LGPL-2.1-only
"""walk.py SEED STEPS: a random walk against a model; see walk.sh."""
import os
import random
import re
import sys

import chains
import people
import snapshots
from host import SNAPSHOTS, Host, Wrong, fail, files, format_of
from model import Domain, Model

SIZE = 1 << 20
STEPS = {
    "create": snapshots.create, "revert": snapshots.revert, "delete": snapshots.delete,
    "merge": chains.merge,
    "write_to": people.write_to, "start": people.start, "stop": people.stop,
    "clone": people.clone, "give_up": people.give_up, "copy_cfg": people.copy_cfg,
    "rename": people.rename, "remove_leftover": people.remove_leftover,
}
# of what there is much in a walk
WEIGHTS = (
    {"create": 6, "revert": 4, "delete": 3, "merge": 9, "write_to": 5, "start": 1, "stop": 1,
     "clone": 1, "give_up": 1, "copy_cfg": 1, "rename": 1, "remove_leftover": 2},
    {"create": 5, "revert": 1, "delete": 6, "merge": 14, "write_to": 4, "start": 0.5,
     "stop": 1, "clone": 0.5, "give_up": 1, "copy_cfg": 0.5, "remove_leftover": 4},
    {"create": 4, "revert": 1, "delete": 4, "merge": 14, "write_to": 4, "stop": 1,
     "clone": 1, "give_up": 1, "remove_leftover": 4},
)
# steps after which nothing new can be left over
SEEN_LATER = ("write_to", "start", "stop", "rename")


class Walk:
    """The steps of a walk."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.host = Host()
        self.model = Model(self.host)
        self.number = 0
        self.patterns = 0
        self.folder = "/srv/snaps" if self.one_in(4) else ""
        self.weights = self.pick(WEIGHTS)
        # how many in ten snapshots are internal, or mixed
        self.tags = self.pick((0, 1, 1, 3, 8))
        self.fault = ""

    def one_in(self, num):
        """True that often."""
        return self.random.randrange(num) == 0

    def tagged(self):
        """True as often as this walk has tags."""
        return self.random.randrange(10) < self.tags

    def pick(self, of):
        """One of these."""
        return self.random.choice(of)

    # --- the domains

    def new_image(self, path, base=""):
        """An image of 1 MiB."""
        argv = ["qemu-img", "create", "-q", "-f", format_of(path)]
        if base:
            argv += ["-b", base if self.one_in(2) or os.path.dirname(base) !=
                     os.path.dirname(path) else os.path.basename(base), "-F", format_of(base)]
        elif format_of(path) == "qcow2" and self.one_in(3):
            argv += ["-o", "cluster_size=4k"]
        self.host.sh(*argv, path, *([] if base else ["1M"]))

    def begin(self):
        """A domain, and where it lives."""
        os.makedirs("/srv/web")
        os.makedirs("/srv/data")
        os.makedirs("/srv/snaps")
        os.makedirs(SNAPSHOTS, exist_ok=True)
        with open("/srv/vmlinuz", "wb"):
            pass
        disks = {"xvda": "/srv/web/xvda.qcow2"}
        if self.one_in(2):
            disks["xvdb"] = self.pick(("/srv/web/xvdb.qcow2", "/srv/data/xvdb.qcow2",
                                       "/srv/web/xvdb.raw"))
        base = ""
        if self.one_in(5):
            base = "/srv/data/golden.qcow2"
            self.new_image(base)
            self.guest_writes(base, bytes(SIZE))
            self.host.sh("chmod", "0444", base)
        web = Domain("web", self.pick(("/srv/web/web.cfg", "/etc/xen/web.cfg")))
        for vdev, path in disks.items():
            self.new_image(path, base if format_of(path) == "qcow2" else "")
            web.shown[vdev] = self.guest_writes(path, self.host.shows(path))
        self.host.write_cfg("web", 1, web.cfg, disks)
        self.model.domains.append(web)

    def guest_writes(self, path, content):
        """To an image that shows content; returns what it shows then."""
        argv = ["qemu-io", "-f", format_of(path)]
        for _ in range(self.random.randint(1, 3)):
            at = self.random.randrange(SIZE // 4096) * 4096
            length = min(self.random.randint(1, 32) * 4096, SIZE - at)
            zero = self.one_in(4)
            if zero:
                argv += ["-c", f"write -z {at} {length}"]
                byte = 0
            else:
                self.patterns = self.patterns % 255 + 1
                byte = self.patterns
                argv += ["-c", f"write -P {byte} {at} {length}"]
            content = content[:at] + bytes([byte]) * length + content[at + length:]
        self.host.sh(*argv, path)
        return content

    # --- commands, which may be cut off

    def choose_fault(self, num):
        """What happens to the next command, one in so many times."""
        self.fault = ""
        if self.one_in(num):
            what = self.pick(("kill-before", "kill-after", "term-after", "enospc"))
            self.fault = f"{self.random.randint(1, 24)} {what}"

    def attempt(self, argv, reasons=(), between=None):
        """A command, that is refused if one of the reasons holds, each (words, holds), and else
        is not. Returns "done", "refused", "undone", "completed", or "" if it was cut off and
        there was nothing to recover."""
        hold = [words for words, holds in reasons if holds]
        before = files()
        code = self.host.xl(*argv, fault=self.fault)
        cut = self.fault and (code == 137 or self.host.journals())
        self.host.count(argv[0] + (" cut off" if cut else " done" if not code else " refused"))
        if cut or code == 0 or (self.fault and re.search(
                "interrupted by a signal|No space left", self.host.said)):
            if hold:
                raise Wrong(f"not refused, although: {hold}")
            if cut and between:
                between()
            return self.recover() if cut else "undone" if code else "done"
        if code != 1:
            raise Wrong(f"exit code {code}")
        if files() != before:
            raise Wrong(f"refused, and something has changed: {self.host.said}")
        told = [words for words in hold if re.search(words, self.host.said)]
        if not told:
            raise Wrong(f"not explained by {hold}: {self.host.said}")
        self.host.count("refused: " + told[0])
        return "refused"

    def recover(self):
        """Until it has ended."""
        outcome = ""
        code = 137
        while code == 137:
            fault = f"{self.random.randint(1, 10)} kill-after" if self.one_in(4) else ""
            code = self.host.xl("snapshot-recover", self.pick(("--all", "web")), fault=fault)
            for word in ("Undone", "Completed"):
                if word + "." in self.host.said:
                    outcome = word.lower()
        if code and "--lose-writes web" in self.host.said:
            code = self.host.xl("snapshot-recover", "--lose-writes", "web")
            outcome = "completed"
        if code:
            raise Wrong(f"recovery: {self.host.said}")
        # a draft of a revert has the domain's uuid as its name, and "web" does not find it
        if self.host.journals():
            self.host.xl("snapshot-recover", "--all")
        self.host.count("recovered: " + (outcome or "nothing"))
        return outcome

    # --- a step

    def step(self):
        """One of them, and what has to be then."""
        self.model.look()
        domain = self.model.domains[0] if self.one_in(2) else self.pick(self.model.domains)
        chosen = self.random.choices(list(self.weights), self.weights.values())[0]
        if chosen in ("revert", "delete") and not self.model.snapshots:
            chosen = "create"
        self.choose_fault(2 if chosen == "merge" else 4)
        self.host.note(f"step {self.number}: {chosen}")
        STEPS[chosen](self, domain)
        self.model.check(domain, self.one_in(6), chosen in SEEN_LATER)


def main():
    """The walk with that seed."""
    seed, steps = int(sys.argv[1]), int(sys.argv[2])
    walk = Walk(seed)
    try:
        walk.begin()
        for walk.number in range(1, steps + 1):
            walk.step()
    except Exception as wrong:
        print("\n".join(walk.host.log + [f"SEED={seed} STEP={walk.number}:"]))
        if not isinstance(wrong, Wrong):
            raise
        fail(str(wrong))
    for what, num in sorted(walk.host.counts.items()):
        print(f"{num} {what}")


main()
