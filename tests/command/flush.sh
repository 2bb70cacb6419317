# SPDX-License-Identifier: LGPL-2.1-only
# What has to be on the disk and cannot be flushed to it: nothing counts as done that a
# power cut could still take back.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
# unflushed END COMMAND...: no file whose path ends with END can be flushed.
unflushed() {
    FAULT_FSYNC=$1
    export FAULT_FSYNC
    preloads=$fault
    shift
    "$@"
    set -- $?
    unset FAULT_FSYNC preloads
    return "$1"
}
both_frozen() { frozen xvda.qcow2 && frozen xvdb.raw; }
recovers() { says "Completed." xl snapshot-recover web; }

define_domain web qcow2 raw
remember
ok "a new overlay" refuses "cannot flush /srv/web/xvda.s1.qcow2 to the disk" \
    unflushed xvda.s1.qcow2 create --external -n s1
ok "its name in its folder" refuses "cannot flush /srv/web/xvda.s1.qcow2 to the disk" \
    unflushed /srv/web create --external -n s1
ok "nothing was done" unchanged

ok "a base that is made unwritable" fails 1 "cannot make /srv/web/xvda.qcow2 unwritable" \
    unflushed /xvda.qcow2 create --external -n s1
ok "what is to be done is said" grep -q \
    "fix this and run xl snapshot-recover web before the domain starts" "$hidden/error"
ok "that is not done" refuses "has not ended" create --external -n s2
ok "a recovery does it again" recovers
ok "so that the snapshot is whole" says "good" xl snapshot-verify "$(cfg s1)"
ok "and its bases are frozen" both_frozen

for file in snapshot.cfg domain.cfg; do
    new_host
    define_domain web qcow2 raw
    ok "a file of the snapshot: $file" refuses "$file.partial" \
        unflushed $file.partial create --external -n s1
    ok "is completed" recovers
    ok "and good" says "good" xl snapshot-verify "$(cfg s1)"
done

# --- how often -------------------------------------------------------------

# count WHAT COMMAND...: how often that was flushed meanwhile.
count() {
    what=$1
    shift
    rm -f "$hidden/flushes"
    FAULT_FLUSHES=$hidden/flushes preloads=$fault
    export FAULT_FLUSHES
    "$@" >"$hidden/said" 2>&1 || cat "$hidden/said" >&2
    unset FAULT_FLUSHES preloads
    grep -c "$what" "$hidden/flushes"
}
# journal_flushes DISK...: how often the journal is flushed for a snapshot of these.
journal_flushes() {
    new_host
    define_domain web "$@"
    count '/[.]journal/.*json' create --external -n s1
}
one=$(journal_flushes qcow2)
four=$(journal_flushes qcow2 qcow2 qcow2 qcow2)
ok "what is made is flushed to the journal in one go" test "$one" -le 6
ok "and for each disk its base, when that is unwritable" same "$four" $((one + 3))
ok "each image is described once" same "$(grep -c ^info "$STAND_IN_XEN.qemu-img")" 4
finished
