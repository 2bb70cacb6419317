# SPDX-License-Identifier: LGPL-2.1-only
# QEMU copies a disk while its guest runs, and leaves the copy, or goes on with it.
. "$srcdir/tests/block/job-lib.sh"

# opened COPY FORMAT BACKING: QEMU has it open.
opened() {
    backing=
    [ "$2" = raw ] || backing=",\"backing\":$3"
    qmp blockdev-add "{\"driver\":\"$2\",\"node-name\":\"copy\",
        \"file\":{\"driver\":\"file\",\"locking\":\"off\",
        \"filename\":\"$work/$1\"}$backing}"
}
# new_copy FILE FORMAT: an empty one of the disk's size, which QEMU has open.
new_copy() {
    rm -f "$1"
    qemu-img create -q -f "$2" "$1" 4M
    opened "$1" "$2" null
}
# copies SYNC COPY, moves SYNC COPY LAYER...: the disk, of which the layers are closed
copies() { job qmp copy "$1" "$work/top.qcow2" "$work/$2" "$work/$2"; }
moves() {
    sync=$1 copy=$2
    shift 2
    for layer; do
        shift
        set -- "$@" "$work/$layer"
    done
    job qmp move "$sync" "$work/top.qcow2" "$work/$copy" "$@"
}
writes_on() { guest xvda 'write -P 0x44 3M 64k' 'flush' 'read -P 0x44 3M 64k'; }
is_on() { same "$("$run_plan" --print qmp query-block)" "$work/$1"; }

for kind in raw qcow2; do
    copy=copy.$kind
    chain
    new_copy $copy $kind
    ok "a $kind is made of the disk" copies full $copy
    ok "it has all" same "$(view_of $copy)" "$before"
    ok "QEMU has closed it" not is_open $copy
    ok "and forgotten the job" same "$(jobs_left)" ''
    ok "no journal is left" no_journal
    ok "the disk stands where it stood" is_on top.qcow2
    ok "the guest writes on" writes_on
    ok "but not to the copy" same "$(view_of $copy)" "$before"

    chain
    new_copy $copy $kind
    ok "the disk moves to a $kind" moves full $copy top.qcow2 mid.qcow2 base.raw
    ok "the guest sees the same" same "$(view)" "$before"
    ok "on the copy" is_on $copy
    ok "QEMU has closed the active layer" not is_open top.qcow2
    ok "and those below it" eval 'not is_open mid.qcow2 && not is_open base.raw'
    ok "the guest writes on" writes_on
    after=$(view)
    die KILL
    ok "and a QEMU that is killed has it in the copy" same "$(view_of $copy)" "$after"
    ok "the old layers are as they were" same "$(view_of top.qcow2)" "$before"
done

chain
on shallow.qcow2 mid.qcow2 qcow2
qmp blockdev-add "{\"driver\":\"qcow2\",\"node-name\":\"below\",\"read-only\":true,
    \"file\":{\"driver\":\"file\",\"locking\":\"off\",\"filename\":\"$work/mid.qcow2\"}}"
opened shallow.qcow2 qcow2 '"below"'
ok "the active layer alone moves" moves top shallow.qcow2 top.qcow2
ok "the guest sees the same" same "$(view)" "$before"
ok "it stands on the layer below that" same "$(base_of shallow.qcow2)" mid.qcow2
ok "the guest writes on" writes_on
after=$(view)
die KILL
ok "and all is in it" same "$(view_of shallow.qcow2)" "$after"

# --- what goes wrong
chain
new_copy copy.qcow2 qcow2
fault_at 3 kill-after copies full copy.qcow2
ok "cut off while data is copied: undone" eval 'recover qmp && grep -qx back said'
ok "no job is left" same "$(jobs_left)" ''
ok "the disk is as it was" eval 'is_on top.qcow2 && same "$(view)" "$before"'
chain
qemu-img create -q -f raw small.raw 2M
opened small.raw raw
ok "a copy of another size fails" not copies full small.raw
ok "in QEMU's words" says "different sizes"
ok "and the disk is as it was" eval 'is_on top.qcow2 && same "$(view)" "$before"'
finished
