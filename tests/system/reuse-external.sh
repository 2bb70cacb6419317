#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Overlays that the user has made, under a guest that runs: taken as they are, one with
# a relative name of its base; left as they are by a create that is refused or undone.
. "$(dirname "$0")/faults.sh"

new_snapshot_domain vm qcow2:64M raw:4M
mkdir /srv/vm/fast
overlays() {
    rm -f /srv/vm/fast/*
    qemu-img create -q -f qcow2 -b ../xvda.qcow2 -F qcow2 /srv/vm/fast/a.qcow2 &&
        qemu-img create -q -f qcow2 -b /srv/vm/xvdb.raw -F raw /srv/vm/fast/b.qcow2
}
cat > /srv/vm/wish.cfg <<END
disks = [ '/srv/vm/fast/a.qcow2,qcow2,xvda', '/srv/vm/fast/b.qcow2,qcow2,xvdb' ]
END
attempt() { xl snapshot-create --reuse-external -n s1 "$@" vm /srv/vm/wish.cfg; }
# As the user has made them.
as_made() { [ "$(sha256sum /srv/vm/fast/*)" = "$made" ]; }

overlays
qemu-img create -q -f qcow2 -b /srv/vm/xvdb.raw -F raw /srv/vm/fast/b.qcow2 2M
made=$(sha256sum /srv/vm/fast/*)
ticking vm
remember vm
ok "of another size, which QEMU would take" mustfail \
    "it has a virtual size of 2097152 bytes, and the disk has 4194304" attempt
ok "all is as it was" unchanged vm
overlays
made=$(sha256sum /srv/vm/fast/*)
remember vm

plan_of attempt
ok "killed when QEMU has them open" killed "$(entry begun "$((commit - 1))")" after attempt
ok "it is undone" recovered Undone
ok "they are as they were made" as_made
ok "all is as it was" unchanged vm
ok "killed before the transaction" killed "$(entry begun "$commit")" before attempt
ok "it is undone" recovered Undone
ok "they are as they were made" as_made

before=$(tick vm)
ok "they are taken" says "overlay /srv/vm/fast/a.qcow2" attempt
after=$(tick vm)
ok "the guest goes on" ticking vm
ok "on them" on_layer vm /srv/vm/fast/a.qcow2 /srv/vm/fast/b.qcow2
ok "the name of the base is the user's" says '"backing-filename": "../xvda.qcow2"' \
    qemu-img info -U --output=json /srv/vm/fast/a.qcow2
ok "the snapshot is whole" xl snapshot-verify "$(cfg vm s1)"
mark vm
tell vm reboot
ok "the guest starts on them" until_ok 240 _booted vm
ok "and goes on" ticking vm
ok "a revert" revert vm s1
ok "is back" back_at vm "$before" "$after"
