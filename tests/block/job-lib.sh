# SPDX-License-Identifier: LGPL-2.1-only
# job-lib.sh: a chain of three layers under a running QEMU, and what jobs on it
# may do; on top of lib.sh.
#
#   chain                    raw base.raw <- mid <- top, names relative; starts QEMU
#   job commit MID..., job pull...: see run-job.c; "job" fills in the paths
#   view                     a hash of what the guest sees; view_of FILE of a file's
# shellcheck shell=sh
. "$srcdir/tests/block/lib.sh"

run_job=$builddir/tests/block/run-job
fault=$builddir/tests/fault/.libs/fault.so
# a program that was built with ASan wants ASan's library before all others
sanitizer=$(ldd "$run_job" | sed -n 's/.*lib[ac][a-z_]*san[^ ]* => \([^ ]*\).*/\1/p')
# shellcheck disable=SC2034
machine=pc

put() { qemu-io -f "$1" -c "$3" "$2" >io.out 2>&1 || cat io.out; }
on() { qemu-img create -q -f qcow2 -u -b "$2" -F "$3" "$1" "${4-4M}"; }

# start_on FILE FORMAT: QEMU with that as xvda.
start_on() {
    eval "disk_xvda=\$work/$1 format_xvda=$2"
    disks=xvda
    start_qemu
}
make_layers() {
    mkdir layers
    cd layers || exit 1
    qemu-img create -q -f raw base.raw 4M
    put raw base.raw 'write -P 0x11 0 1M'
    on mid.qcow2 base.raw raw
    put qcow2 mid.qcow2 'write -P 0x22 512k 1M'
    on top.qcow2 mid.qcow2 qcow2
    put qcow2 top.qcow2 'write -P 0x33 1280k 768k'
    cd .. || exit 1
}
chain() {
    stop_qemu
    [ -d layers ] || make_layers
    chattr -f -i base.raw 2>/dev/null
    rm -rf .journal
    cp --sparse=always layers/* .
    start_on top.qcow2 qcow2
    before=$(view)
}

hash() { sha256sum | cut -c1-16; }
view() {
    qemu-img convert -f raw -O raw "nbd+unix:///xvda?socket=$work/nbd" view.raw &&
        hash <view.raw
}
view_of() { qemu-img convert -U -f "${1##*.}" -O raw "$1" view.raw && hash <view.raw; }
base_of() { qemu-img info -U -f qcow2 "$1" | sed -n 's/^backing file: \([^ ]*\).*/\1/p'; }
format_of_base() { qemu-img info -U -f qcow2 "$1" | sed -n 's/^backing file format: //p'; }

# is_open FILE: QEMU has it.
is_open() { ls -l "/proc/$qemu/fd" | grep -qF "$work/$1"; }
job() { "$run_job" "$@" >said 2>error; }
middle() { job qmp commit "$work/top.qcow2" "$work/top.qcow2" "$work/base.raw" base.raw "$work/mid.qcow2"; }
pivot() { job qmp commit "$work/top.qcow2" - "$work/base.raw" - "$work/top.qcow2" "$work/mid.qcow2"; }
pull() { job qmp pull "$work/top.qcow2" - - "$work/mid.qcow2" "$work/base.raw"; }
pull_to() { job qmp pull "$work/top.qcow2" "$work/base.raw" base.raw "$work/mid.qcow2"; }
# recover SOCKET: a draft has begun nothing.
recover() {
    set -- "$1" .journal/*.json
    if [ -e "$2" ]; then job "$1" recover "$2"; else rm -r .journal && echo back >said; fi
}

# The pid of the command, of which one runs.
running_job() {
    find /proc/[0-9]*/exe -lname "$(readlink -f "$run_job")" 2>/dev/null | tr -dc '0-9'
}
jobs_left() { "$run_plan" --print qmp query-jobs; }
no_journal() { ! [ -e .journal ]; }
# The chain is as "chain" made it.
as_before() {
    same "$(view)" "$before" && same "$(base_of top.qcow2)" mid.qcow2 &&
        same "$(base_of mid.qcow2)" base.raw && same "$(jobs_left)" '' && no_journal
}
# The same once QEMU has gone.
files_as_before() { same "$(view_of top.qcow2)" "$before" && qemu-img check -q top.qcow2; }
die() {
    kill "-$1" "$qemu"
    # bash would wait for ever where that is a child of the shell above
    while grep -qs '^State:.[^ZX]' "/proc/$qemu/status"; do sleep .02; done
    qemu=
    rm -f qmp nbd
}
# fault_at ENTRY WHAT COMMAND: see fault.c.
fault_at() {
    FAULT=".journal/ $1 $2" LD_PRELOAD="$sanitizer $fault"
    export FAULT LD_PRELOAD
    shift 2
    code=0
    "$@" || code=$?
    unset FAULT LD_PRELOAD
    return $code
}
