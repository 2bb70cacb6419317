# SPDX-License-Identifier: LGPL-2.1-only
# What goes wrong leaves everything as it was.
. "$srcdir/tests/block/lib.sh"

new_disk xvda qcow2
new_disk xvdb raw
start_qemu
guest xvda 'write -P 0x11 0 64k'
nodes_before=$(nodes)

unchanged() {
    same "$(nodes)" "$nodes_before" && absent a.qcow2 && absent b.qcow2 &&
        guest xvda 'read -P 0x11 0 64k' 'write -P 0x12 1M 64k' &&
        io -r -U -f qcow2 -c 'read -P 0x12 1M 64k' xvda.qcow2
}

ok "one action that fails fails the transaction" \
    not take s1 --break xvda="$work/a.qcow2" xvdb="$work/b.qcow2"
ok "the error is QEMU's" says "no-such-node"
ok "no file and no node is left, the guest writes where it did" unchanged

echo theirs >b.qcow2
ok "an overlay that exists already is refused" \
    not take s1 xvda="$work/a.qcow2" xvdb="$work/b.qcow2"
ok "named" says "cannot create $work/b.qcow2: File exists"
ok "and not touched" same "$(cat b.qcow2)" theirs
rm b.qcow2
ok "the first disk's overlay is taken back" unchanged

ok "an overlay in a folder that does not exist is refused" \
    not take s1 xvda="$work/a.qcow2" xvdb="$work/no/b.qcow2"
ok "and all is as before" unchanged

odd=$(printf '%s/odd\377name' "$work")
ok "a path that is no UTF-8 is refused by QEMU" not take s1 xvda="$odd"
ok "within seconds, in its words" says "refuses blockdev-add"
ok "and leaves no file" absent "$odd"
ok "nor anything else" unchanged

mkdir small
if mount -t tmpfs -o size=128k none small 2>/dev/null; then
    ok "a file system without room for the overlay fails it" \
        not take s1 xvda="$work/a.qcow2" xvdb="$work/small/b.qcow2"
    ok "for the reason it has" says "No space left on device"
    ok "the unfinished overlay is removed" absent small/b.qcow2
    ok "and the finished one" unchanged
    umount small
else
    skip "a full file system" "cannot mount a tmpfs"
fi

cat >signal.sh <<SH
#!/bin/sh
kill -TERM \$PPID
SH
chmod +x signal.sh
ok "a signal before the transaction stops it" not take s1 --then ./signal.sh \
    xvda="$work/a.qcow2" xvdb="$work/b.qcow2"
ok "as it says" says "interrupted by a signal"
ok "and everything is taken back" unchanged

cat >kill.sh <<SH
#!/bin/sh
kill -KILL $qemu
while kill -0 $qemu 2>/dev/null && ! grep -q '^State:.Z' /proc/$qemu/status; do
    sleep .05
done
SH
chmod +x kill.sh
ok "QEMU that is killed before the transaction fails it" \
    not take s1 --then ./kill.sh xvda="$work/a.qcow2" xvdb="$work/b.qcow2"
ok "which is told" says "QEMU cannot be reached"
ok "no overlay is left" absent a.qcow2
ok "of either disk" absent b.qcow2
stop_qemu

start_qemu
guest xvda 'read -P 0x11 0 64k'
ok "after all this a snapshot can be taken" \
    take s1 xvda="$work/a.qcow2" xvdb="$work/b.qcow2"
guest xvda 'write -P 0x13 2M 64k' flush
kill -KILL "$qemu"
stop_qemu
ok "QEMU killed behind the transaction has left both layers sound" \
    io -f qcow2 -c 'read -P 0x11 0 64k' -c 'read -P 0x13 2M 64k' a.qcow2
finished
