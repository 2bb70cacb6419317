# SPDX-License-Identifier: LGPL-2.1-only
# The chain below a base that a revert puts an overlay on: all of it must be
# there, and it must have an end.
. "$srcdir/tests/block/lib.sh"

# layer PATH [BASE]
layer() {
    # shellcheck disable=SC2086
    qemu-img create -q -f qcow2 ${2:+-b "$work/$2" -F qcow2} "$1" 16M
}

layer 1
for n in $(seq 2 50); do layer "$n" $((n - 1)); done
# shellcheck disable=SC2034
disk_xvda=$work/50 format_xvda=qcow2
ok "a chain of 50 layers" revert s1 xvda "$work/o.qcow2"

mv 7 away
ok "a layer that is missing is refused" \
    not revert s1 xvda "$work/p.qcow2"
ok "by its name" says "image $work/50: its layer $work/7: No such file or directory"
ok "and no overlay made" absent p.qcow2
mv away 7

qemu-img rebase -q -u -f qcow2 -b "$work/9" -F qcow2 1
ok "a layer that is its own base is refused" \
    not revert s1 xvda "$work/p.qcow2"
ok "with the reason" says "its layer $work/9: it is its own base"
ok "and no overlay made of it" absent p.qcow2
finished
