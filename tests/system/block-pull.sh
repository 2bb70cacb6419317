#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Layers pulled while the guest runs, and what may happen to the guest, to QEMU and to the
# command meanwhile: the guest sees the same, and so does its next boot.
. "$(dirname "$0")/chains.sh"

new_vm_with_data qcow2:64M raw:4M
boots_on() { boots_at vm "$before" $((before + 90)) && on_layer vm "$@"; }
at_last() { before=$(tick vm); mark vm; }

ok "two layers" layers s1 s2
ok "those above a base are pulled" pull --base=/srv/vm/xvda.qcow2 vm xvda
ok "the guest goes on" ticking vm on_layer vm /srv/vm/xvda.s2.qcow2 /srv/vm/xvdb.s2.qcow2
ok "the disk stands on that" chain_is /srv/vm/xvda.s2.qcow2 /srv/vm/xvda.qcow2
ok "QEMU has closed the layer" not has_open /srv/vm/xvda.s1
ok "which is the base of s2 yet" xl snapshot-verify --domain-config "$(config vm)" "$(cfg vm s2)"
ok "all that the raw disk stands on is pulled" pull vm xvdb
ok "the guest goes on then" ticking vm
ok "it stands on nothing" chain_is /srv/vm/xvdb.s2.qcow2
ok "QEMU has closed the layers" not has_open /srv/vm/xvdb.raw
ok "a layer that a snapshot needs is not deleted" \
    mustfail "is needed as it is by snapshot s1" pull --delete vm xvda

# --- in the middle of a job
# as_before: the chain is, and there is neither a job nor a journal.
as_before() {
    chain_is /srv/vm/xvda.s2.qcow2 /srv/vm/xvda.qcow2 && [ -z "$(job_state)" ] && none_left
}
for signal in INT TERM; do
    ok "SIG$signal" eval 'under_way block-pull vm xvda && kill -$signal $pid'
    ok "ends it, and says so" ended 1 "interrupted by a signal"
    ok "the guest goes on" ticking vm as_before
done
