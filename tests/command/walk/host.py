# SPDX-License-Identifier: LGPL-2.1-only
"""What there is on the test's host: commands that act on it, images that can be looked at.

An image is looked at once as long as its bytes, and those of what it stands on, are the
same.
"""
import fcntl
import hashlib
import json
import os
import re
import shlex
import struct
import subprocess
import sys

XEN_XL = ("create", "destroy", "shutdown")
SNAPSHOTS = "/var/lib/xen/snapshots"
TMP = os.environ["WALK_TMP"]
GET_FLAGS, IMMUTABLE = 0x80086601, 0x10
FORMATS = {".raw": "raw", ".qcow2": "qcow2"}
A_DISK = re.compile(r"'([^',]*),([a-z0-9]*),(xvd[a-z]),[^']*'")


class Wrong(Exception):
    """Something is not as the model has it."""


def path_of_base(path, base):
    """The path of what is called so in the header of an image."""
    return os.path.normpath(os.path.join(os.path.dirname(path), base))


def is_qcow2(path):
    """By its first bytes: the tests write none that lie."""
    with open(path, "rb") as file:
        return file.read(4) == b"QFI\xfb"


def base_of(path):
    """What the image stands on, '' if on nothing."""
    with open(path, "rb") as file:
        header = file.read(104)
        if header[:4] != b"QFI\xfb":
            return ""
        offset, length = struct.unpack(">QI", header[8:20])
        if not offset:
            return ""
        file.seek(offset)
        return path_of_base(path, file.read(length).decode())


def chain_of(path):
    """The image and all on which it stands."""
    chain = []
    while path:
        if not os.path.exists(path):
            raise Wrong(f"there is no {path}" + (f", the base of {chain[-1]}" if chain else ""))
        chain.append(path)
        path = base_of(path)
    return chain


def is_frozen(path):
    """Nobody can write to it."""
    if not os.stat(path).st_mode & 0o222:
        return True
    file = os.open(path, os.O_RDONLY)
    try:
        flags = fcntl.ioctl(file, GET_FLAGS, struct.pack("l", 0))
        return bool(struct.unpack("l", flags)[0] & IMMUTABLE)
    except OSError:
        return False
    finally:
        os.close(file)


def disks_in(cfg):
    """The disks that an xl.cfg names: {vdev: path}."""
    with open(cfg, encoding="utf-8") as file:
        return {vdev: path for path, _, vdev in A_DISK.findall(file.read())}


def format_of(path):
    """By its name, which the test chose."""
    return FORMATS[os.path.splitext(path)[1]]


def overlay_of(cfg, vdev):
    """What a snapshot config says the disk went on with."""
    with open(cfg, encoding="utf-8") as file:
        return re.search(rf"^disks = \[.*?vdev={vdev},access=rw,target=(.*?)\",$", file.read(),
                         re.M | re.S)[1]


class Host:
    """Runs commands, and knows which."""

    def __init__(self):
        self.log = []
        self.seen = {}
        self.said = ""
        self.counts = {}

    def count(self, what):
        """One more of these, for the line at the end."""
        self.counts[what] = self.counts.get(what, 0) + 1

    def note(self, text):
        """A line of the log that is no command."""
        self.log.append("# " + text)

    def _run(self, argv, env=None):
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.said = done.stdout.decode(errors="replace")
        return done.returncode if done.returncode >= 0 else 128 - done.returncode

    def sh(self, *argv):
        """A program, which has to succeed."""
        self.log.append(" ".join(shlex.quote(arg) for arg in argv))
        code = self._run(argv)
        if code:
            raise Wrong(f"exit code {code}: {self.said}")

    def xl(self, *argv, fault="", quiet=False):
        """xl; returns its exit code."""
        env = dict(os.environ)
        program = os.environ["WALK_PROGRAM"]
        if argv[0] in XEN_XL:
            program = os.environ["XL_SNAPSHOT_XL"]
        else:
            env["LD_LIBRARY_PATH"] = os.environ["WALK_LIBRARIES"]
            env["LD_PRELOAD"] = os.environ["WALK_PRELOAD"]
        said = " ".join(shlex.quote(arg) for arg in ("xl",) + argv)
        if fault:
            env["FAULT"] = ".journal/ " + fault
            env["LD_PRELOAD"] = env["LD_PRELOAD"].replace(
                " ", " " + os.environ["WALK_FAULT"] + " ", 1)
            said = f"fault {fault} {said}"
        code = self._run((program,) + argv, env)
        if not quiet:
            self.log.append(said)
            if code:
                self.note(f"exit code {code}: " + self.said.strip().replace("\n", " | "))
        return code

    def json(self, *argv):
        """What xl says as JSON."""
        if self.xl(*argv, quiet=True):
            raise Wrong(f"xl {' '.join(argv)}: {self.said}")
        return json.loads(self.said)

    def once(self, what, paths, look, more=""):
        """What look() says of these files, as long as they are the same."""
        key = hashlib.sha1((what + more).encode())
        for path in paths:
            info = os.stat(path)
            key.update(f"{path} {info.st_ino} {info.st_mode} {is_frozen(path)}".encode())
            with open(path, "rb") as file:
                key.update(file.read())
        key = key.digest()
        if key not in self.seen:
            self.seen[key] = look()
        return self.seen[key]

    def shows(self, path, tag=""):
        """What a guest would see in the image, or would have in the tag."""
        def look():
            out = TMP + "/shown"
            argv = ["qemu-img", "convert", "-U", "-O", "raw"]
            argv += ["-f", "qcow2" if is_qcow2(path) else "raw"]
            argv += ["-l", "snapshot.name=" + tag] if tag else []
            if self._run(argv + [path, out]):
                raise Wrong(f"{path} {tag}: {self.said}")
            with open(out, "rb") as file:
                return file.read()
        return self.once("shows", chain_of(path), look, tag)

    def is_sound(self, path):
        """qemu-img check has nothing to say."""
        if not is_qcow2(path):
            return True
        return self.once("check", [path], lambda: not self._run(
            ["qemu-img", "check", "-q", "-U", "-f", "qcow2", path]))

    def tags(self, path):
        """The names of the tags in an image."""
        def look():
            self._run(["qemu-img", "info", "-U", "--output=json", "-f", "qcow2", path])
            return [tag["name"] for tag in json.loads(self.said).get("snapshots", [])]
        return self.once("tags", [path], look) if is_qcow2(path) else []

    def write_cfg(self, name, number, cfg, disks):
        """An xl.cfg of the domain with that number; disks is {vdev: path}."""
        with open(cfg, "w", encoding="utf-8") as file:
            file.write(f'name = "{name}"\n'
                       f'uuid = "{number:08d}-0000-4000-8000-000000000000"\n'
                       'type = "pvh"\nmemory = 64\nkernel = "/srv/vmlinuz"\ndisk = [\n')
            for vdev, path in disks.items():
                file.write(f"    '{path},{format_of(path)},{vdev},w,backendtype=qdisk',\n")
            file.write("]\n")
        self.note(f"{cfg}: {disks}")

    def set_disk(self, cfg, vdev, path):
        """What the administrator writes into the xl.cfg."""
        if disks_in(cfg)[vdev] == path:
            return
        with open(cfg, encoding="utf-8") as file:
            text = file.read()
        text = A_DISK.sub(lambda found: f"'{path},{format_of(path)},{vdev},w,backendtype=qdisk'"
                          if found[3] == vdev else found[0], text)
        with open(cfg, "w", encoding="utf-8") as file:
            file.write(text)
        self.note(f"{cfg} by hand: {vdev} {path}")

    def domid(self, name):
        """'' of one that is not there."""
        with open(os.environ["STAND_IN_XEN"], encoding="utf-8") as file:
            found = re.search(rf"^/local/domain/(\d+)/name {name}$", file.read(), re.M)
        return found[1] if found else ""

    def disks_of(self, name):
        """The images of a domain that is there: {vdev: path}."""
        domid = self.domid(name)
        with open(os.environ["STAND_IN_XEN"], encoding="utf-8") as file:
            found = re.findall(rf"^/libxl/{domid}/device/vbd/(\d+)/params [a-z0-9]+:(.*)$",
                               file.read(), re.M)
        return {"xvd" + "abcdefgh"[(int(devid) - 51712) // 16]: path for devid, path in found}

    def journals(self):
        """Those of commands that have not ended."""
        try:
            return os.listdir(SNAPSHOTS + "/.journal")
        except FileNotFoundError:
            return []


def images():
    """All images below /srv."""
    found = []
    for folder, _, names in os.walk("/srv"):
        found += [os.path.join(folder, name) for name in sorted(names)
                  if name.endswith((".qcow2", ".raw"))]
    return sorted(found)


def files():
    """What a refusal must leave as it is: all files, the content of those that are small."""
    found = []
    for top in ("/srv", "/etc/xen", SNAPSHOTS):
        for folder, _, names in os.walk(top):
            for path in sorted(os.path.join(folder, name) for name in names):
                info = os.stat(path)
                with open(path, "rb") as file:
                    found.append((path, info.st_ino, info.st_mode, is_frozen(path),
                                  file.read(4096)))
    return found


def fail(text):
    """The end of the walk."""
    sys.stdout.write(text + "\n")
    sys.exit(1)
