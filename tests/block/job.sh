# SPDX-License-Identifier: LGPL-2.1-only
# QEMU makes a chain shorter while its guest runs: the guest sees the same before and
# after, and so does whoever opens the files.
. "$srcdir/tests/block/job-lib.sh"

goes_on() {
    guest xvda 'write -P 0x44 3M 64k' 'flush' 'read -P 0x44 3M 64k'
}
# ends_as FILE: the guest writes, QEMU is killed at once, and the file has it all.
ends_as() {
    goes_on || return 1
    after=$(view)
    die KILL
    same "$(view_of "$1")" "$after" &&
        if [ "${1##*.}" = qcow2 ]; then qemu-img check -q "$1"; fi
}

chain
mid=$(view_of mid.qcow2)
ok "a layer in the middle is committed into a raw base" middle
ok "the guest sees the same" same "$(view)" "$before"
ok "the base has what the layer showed" same "$(view_of base.raw)" "$mid"
ok "the header calls it as it was called" same "$(base_of top.qcow2)" base.raw
ok "and of its own format" same "$(format_of_base top.qcow2)" raw
ok "QEMU has closed the layer" not is_open mid.qcow2
ok "and forgotten the job" same "$(jobs_left)" ''
ok "no journal is left" no_journal
ok "progress was told, in bytes" grep -qx '4194304/4194304' said
ok "the guest writes on, and the files are sound" ends_as top.qcow2

chain
ok "the active layer is committed, with the one below it" pivot
ok "the guest sees the same" same "$(view)" "$before"
ok "it is on the base" same "$("$run_plan" --print qmp query-block)" "$work/base.raw"
ok "which has it all" same "$(view_of base.raw)" "$before"
ok "QEMU has closed the active layer" not is_open top.qcow2
ok "and the other one" not is_open mid.qcow2
ok "the guest writes to the base" ends_as base.raw

chain
ok "all layers are pulled into the active one" pull
ok "the guest sees the same" same "$(view)" "$before"
ok "it stands on nothing" same "$(base_of top.qcow2)" ''
ok "QEMU has closed the base" not is_open base.raw
die KILL
ok "a QEMU that is killed right then takes nothing with it" same "$(view_of top.qcow2)" "$before"
ok "and the image is sound" qemu-img check -q top.qcow2

chain
ok "the layers above a base are pulled" pull_to
ok "the guest sees the same" same "$(view)" "$before"
ok "it stands on the base" same "$(base_of top.qcow2)" base.raw
ok "of its own format" same "$(format_of_base top.qcow2)" raw
ok "QEMU has closed the layer" not is_open mid.qcow2
ok "the guest writes on, and the file is sound" ends_as top.qcow2

chain
qmp blockdev-snapshot-sync "{\"node-name\":\"xvda-qcow2\",\"snapshot-file\":\"$work/s.qcow2\",
    \"snapshot-node-name\":\"s\"}"
ok "a pull into a layer in the middle" job qmp pull "$work/top.qcow2" - - "$work/mid.qcow2" "$work/base.raw"
ok "the guest sees the same" same "$(view)" "$before"
die KILL
ok "and so does the file" same "$(view_of top.qcow2)" "$before"
rm s.qcow2

# -- what goes wrong -----------------------------------------------------------------
chain
if chattr +i base.raw 2>/dev/null; then
    ok "a base that is immutable is refused" not middle
    ok "in QEMU's words" says "Operation not permitted"
    ok "and all is as before" as_before
    chattr -i base.raw
fi

# begins COMMAND: it runs, as $command, and its job moves.
begins() {
    rm -f said
    SPEED=262144 "$1" &
    command=$!
    tries=0
    until grep -qs '^[1-9]' said || [ $tries -gt 200 ]; do tries=$((tries + 1)); sleep .05; done
}
# interrupted SIGNAL COMMAND: it is sent when the job moves.
interrupted() {
    begins "$2"
    kill "-$1" "$(running_job)"
    wait $command
}
# A mirror sends 16 MiB before it heeds a limit (7.2): so its signal comes when it is ready.
chain
ok "pivot: a signal ends it" not fault_at 5 raise-2 pivot
ok "as it says" says "interrupted by a signal"
ok "and all is as before" as_before
for command in middle pull pull_to; do
    chain
    ok "$command: a signal ends it" not interrupted INT $command
    ok "as it says" says "interrupted by a signal"
    ok "and all is as before" as_before
done

STALL=1
export STALL
pause() {
    begins middle
    qmp block-job-pause '{"device":"xl-snapshot-xvda"}'
    wait $command
}
chain
ok "a job that stands still is cancelled" not pause
ok "with the reason" says "stands still at"
ok "and all is as before" as_before
unset STALL
cancel() {
    begins middle
    qmp job-cancel '{"id":"xl-snapshot-xvda"}'
    wait $command
}
ok "one that somebody else cancels has failed" not cancel
ok "as is said" says "QEMU's job xl-snapshot-xvda has failed"
ok "and all is as before" as_before

mkdir small
if mount -t tmpfs -o size=6m none small 2>/dev/null; then
    chain
    stop_qemu
    qemu-img create -q -f qcow2 small/base.qcow2 16M
    put qcow2 small/base.qcow2 'write -P 0x11 0 1M'
    on mid.qcow2 small/base.qcow2 qcow2 16M
    put qcow2 mid.qcow2 'write -P 0x22 2M 7M'
    on top.qcow2 mid.qcow2 qcow2 16M
    start_on top.qcow2 qcow2
    before=$(view)
    ok "a base whose storage is full fails a commit" not job qmp commit "$work/top.qcow2" \
        "$work/top.qcow2" "$work/small/base.qcow2" small/base.qcow2 "$work/mid.qcow2"
    ok "for that reason" says "No space left on device"
    ok "the guest sees the same" same "$(view)" "$before"
    ok "the job is gone" same "$(jobs_left)" ''
    ok "a commit of the active layer, too" not job qmp commit "$work/top.qcow2" - \
        "$work/small/base.qcow2" - "$work/top.qcow2" "$work/mid.qcow2"
    ok "with that reason" says "No space left on device"
    ok "the guest sees the same then" same "$(view)" "$before"
    die KILL
    ok "and the files are as they were" files_as_before
    umount small
else
    skip "a full file system" "cannot mount a tmpfs"
fi
finished
