#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Disks of every kind in one snapshot: one instant, all or nothing.
. "$(dirname "$0")/lvm.sh"

new_vg 400M
lvm_ lvcreate -L 32M -n thick vg-0
lvm_ lvcreate -L 64M -T vg-0/pool
lvm_ lvcreate -V 32M -T vg-0/pool -n thin
new_snapshot_domain vm qcow2:64M /dev/vg-0/thick,raw,%v,w \
    /dev/vg-0/thin,raw,%v,w raw:32M
ticking vm
before=$(tick vm)
ok "all of them" xl snapshot-create -n s1 vm
after=$(tick vm)
ok "the guest goes on" ticking vm
ok "with overlays for the images, on its volumes" diff <(disks_of vm) - <<END
xvda /srv/vm/xvda.s1.qcow2 qcow2
xvdb /dev/vg-0/thick raw
xvdc /dev/vg-0/thin raw
xvdd /srv/vm/xvdd.s1.qcow2 qcow2
END
ok "reverts" revert vm s1
ok "all disks and the memory are of one instant" back_at vm "$before" "$after"

# what goes wrong late: QEMU refuses the transaction, or LVM its snapshot, when
# the others have been made
broken() { # BROKEN_COMMAND TEXT
    mkdir -p /srv/vm.bin
    printf '#!/bin/sh\ncase "$*" in *%s*) echo no >&2; exit 5 ;; esac\nexec /usr/sbin/lvcreate "$@"\n' \
        "$1" > /srv/vm.bin/lvcreate
    chmod +x /srv/vm.bin/lvcreate
    PATH=/srv/vm.bin:$PATH mustfail "lvcreate failed with status 5" \
        xl snapshot-create -n s2 vm
}
cleanup_fn rm -rf /srv/vm.bin
remember vm
ok "LVM fails at the last volume" broken vg-0/thin
ok "nothing is left" unchanged vm
ok "the guest runs on" ticking vm

note "it can be done again"
disks_alone vm s2
