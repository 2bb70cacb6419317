# SPDX-License-Identifier: LGPL-2.1-only
# An image of somebody else's: what its header leads to is looked at before anything
# opens it, and qemu-img has an end.
. "$srcdir/tests/block/lib.sh"

command -v python3 >/dev/null || { echo "1..0 # SKIP no python3"; exit 0; }

look() { timeout 60 "$run_plan" --chain "$1" "$2" >chain 2>error; }
# refused TEXT: of the image top.qcow2; quickly.
refused() {
    began=$(date +%s)
    ! look qcow2 "$work/top.qcow2" && says "$1" && [ $(($(date +%s) - began)) -le 20 ]
}
top() { qemu-img create -q -f qcow2 -u -b "$1" -F "$2" top.qcow2 16M; }

# --- the base --------------------------------------------------------------

qemu-img create -q -f raw base.raw 16M
top base.raw raw
ok "a relative name is beside the image" look qcow2 "$work/top.qcow2"
ok "whatever the folder is" same "$(tail -n 1 chain)" "$work/base.raw raw 0"
mkdir sub
top sub/../base.raw raw
ok "by whatever way" look qcow2 "$work/top.qcow2"
for way in "nbd://127.0.0.1:1/x" "nbd+unix:///x?socket=$work/nbd" "file:$work/base.raw" \
    'json:{"driver":"file","filename":"/etc/passwd"}' "fat:rw:/etc" "rbd:pool/x" \
    "https://127.0.0.1:1/x"; do
    top "$way" raw
    ok "no file: $(echo "$way" | head -c 14)" refused \
        "image $work/top.qcow2: its base is '$(echo "$way" | head -c 20)"
done
for format in vmdk luks quorum blkdebug nbd file; do
    top base.raw "$format"
    ok "its format is $format" refused "is of format $format, whose content may be in any other"
done
mkfifo fifo
top fifo raw
ok "a fifo" refused "its layer $work/fifo: it is neither a file nor a block device"
top /dev/tty raw
ok "a character device" refused "its layer /dev/tty: it is neither a file nor a block device"
top "$work" raw
ok "a folder" refused "its layer $work: it is a folder"
ln -sf top.qcow2 link
top link qcow2
ok "itself, by a link" refused "its layer $work/link: it is its own base"
qemu-img create -q -f qcow2 base.qcow2 16M
# a guest that owns a raw base makes that a qcow2
top base.qcow2 raw
# the extension that says the format becomes one that nobody knows
printf x | dd of=top.qcow2 bs=1 seek=112 conv=notrunc 2>/dev/null
ok "a base of which nobody says the format" look qcow2 "$work/top.qcow2"
ok "is not opened to guess it" same "$(tail -n 1 chain)" "$work/base.qcow2 (null) 0"

# --- the data file ---------------------------------------------------------

# data_file NAME: that of top.qcow2 becomes NAME, as long as the one it has.
data_file() {
    rm -f top.qcow2 ./????????????????????.raw
    qemu-img create -q -f qcow2 -o data_file=dddddddddddddddddddd.raw top.qcow2 16M
    python3 -c 'import sys
name, new = b"dddddddddddddddddddd.raw", sys.argv[1].encode()
file = open("top.qcow2", "r+b")
head = bytearray(file.read(65536))
at = head.index(name)
head[at:at + len(name)] = new.ljust(len(name), b"\0")
head[at - 4:at] = len(new).to_bytes(4, "big")
file.seek(0)
file.write(head)' "$1"
}
# again NAME FILL: the same as a second one, behind FILL bytes that mean nothing.
again() {
    python3 -c 'import struct, sys
name = sys.argv[1].encode()
file = open("top.qcow2", "r+b")
at = struct.unpack(">I", file.read(104)[100:])[0]
while True:
    file.seek(at)
    kind, size = struct.unpack(">II", file.read(8))
    if not kind:
        break
    at += 8 + (size + 7) // 8 * 8
file.seek(at)
file.write(struct.pack(">II", 1, int(sys.argv[2])) + bytes(int(sys.argv[2])))
file.write(struct.pack(">II", 0x44415441, len(name)) + name + bytes(-len(name) % 8 + 8))' "$1" "$2"
}
data_file base.raw
ok "a data file is named" look qcow2 "$work/top.qcow2"
again "nbd:unix:$work/nbd" 0
ok "once: QEMU takes the last" refused "its header is damaged"
data_file base.raw
again "nbd:unix:$work/nbd" 80000
ok "and not behind what is looked at" refused "its header is damaged"
data_file "json:{\"driver\":\"nbd\"}"
ok "by no protocol" refused "its data file is 'json:{"
data_file "$(cd /; echo fifo)"
ok "and is no fifo" refused "fifo: it is neither a file nor a block device"
data_file /dev/tty
ok "nor a device" refused "/dev/tty: it is neither a file nor a block device"

# --- what takes long, or much ----------------------------------------------

# tags NUMBER: top.qcow2 has as many, of one table.
tags() {
    rm -f top.qcow2
    qemu-img create -q -f qcow2 top.qcow2 16M
    python3 -c 'import struct, sys
number = int(sys.argv[1])
file = open("top.qcow2", "r+b")
head = file.read(104)
size, offset = struct.unpack(">IQ", head[36:48])
end = (file.seek(0, 2) + 65535) // 65536 * 65536
file.seek(end)
for i in range(number):
    name = b"%d" % (i + 1)
    tag = struct.pack(">QIHHIIQII", offset, size, len(name), len(name), 0, 0, 0, 0, 24)
    tag += struct.pack(">QQQ", 0, 16 << 20, 0) + name + name
    file.write(tag + bytes(-len(tag) % 8))
file.seek(60)
file.write(struct.pack(">IQ", number, end))' "$1"
}
tags 1000
ok "a thousand tags are read" look qcow2 "$work/top.qcow2"
ok "all" same "$(cat chain)" "$work/top.qcow2 qcow2 1000"
tags 65535
ok "65535 are not" refused "it has 65535 internal snapshots, and more than 4096 are not read"

# qemu-img with a PROGRAM in its place
instead() {
    mkdir -p bin
    printf '#!/bin/sh\n%s\n' "$1" >bin/qemu-img
    chmod +x bin/qemu-img
}
top base.raw raw
instead 'sleep 0.5; exec python3 -c "bytearray(2 << 30)"'
ok "qemu-img that takes all memory" env PATH="$work/bin:$PATH" sh -c \
    "! '$run_plan' --chain qcow2 '$work/top.qcow2' 2>error"
ok "has 1 GiB" says "MemoryError"
# as many as QEMU reads with, each with its stack and its part of malloc's
instead 'sleep 0.5; exec python3 -c "import threading as t
b = t.Barrier(64, timeout=20)
a = [t.Thread(target=b.wait) for i in range(64)]
for i in a: i.start()
for i in a: i.join()
raise SystemExit(\"64 threads\")"'
ok "one that has 64 threads" env PATH="$work/bin:$PATH" sh -c \
    "! '$run_plan' --chain qcow2 '$work/top.qcow2' 2>error"
ok "can have them" says "64 threads"
instead 'sleep 0.5; echo "has $(ulimit -t) s" >&2; exit 1'
ok "one that takes its time" env PATH="$work/bin:$PATH" sh -c \
    "! '$run_plan' --chain qcow2 '$work/top.qcow2' 2>error"
ok "has 10 s of the processor's" says "has 10 s"
instead 'kill -XCPU $$'
ok "and is told of" env PATH="$work/bin:$PATH" sh -c \
    "! '$run_plan' --chain qcow2 '$work/top.qcow2' 2>error"
ok "when they are over" says "took more than 10 s of CPU time"
# what qemu-img opens is what was looked at
instead "[ \"\$1\" != info ] || { mv '$work/top.qcow2' '$work/away' && mkfifo '$work/top.qcow2'; }
PATH=${PATH#*bin:} exec $(command -v qemu-img) \"\$@\""
qemu-img create -q -f qcow2 alone.qcow2 16M
mv alone.qcow2 top.qcow2
ok "another file comes in the place of the image" env PATH="$work/bin:$PATH" \
    timeout 20 "$run_plan" --chain qcow2 "$work/top.qcow2"
finished
