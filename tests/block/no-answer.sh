# SPDX-License-Identifier: LGPL-2.1-only
# QEMU is sent the transaction, and no answer comes: it is asked again, on a new
# connection, before the guest goes on.
spoiler=$(cd "$srcdir" && pwd)/tests/system/qmp-proxy.py
. "$srcdir/tests/block/lib.sh"
command -v python3 >/dev/null || { skip "answers that are lost" "no python3"; finished; }

# spoiled FAULT COMMAND...: while QEMU's answer to the transaction is spoiled.
spoiled() {
    rm -f ready
    python3 "$spoiler" qmp transaction "$1" >ready 2>proxy.log &
    proxy=$!
    tries=200
    until grep -q ready ready || [ $((tries -= 1)) = 0 ]; do sleep .05; done
    shift
    code=0
    "$@" || code=$?
    kill $proxy
    wait $proxy
    return $code
}
exits() {
    expected=$1 code=0
    shift
    "$@" || code=$?
    same $code "$expected"
}
disks() { echo "xvda=$work/xvda.$1 xvdb=$work/xvdb.$1"; }
is_switched() { # NAME
    guest xvda 'write -P 0x77 0 64k' flush &&
        io -r -U -f qcow2 -c 'read -P 0x77 0 64k' "$work/xvda.$1"
}

new_disk xvda qcow2
new_disk xvdb raw
new_disk xvdc qcow2
start_qemu
before=$(nodes)
# shellcheck disable=SC2046
ok "a transaction that never reached QEMU fails" \
    exits 1 spoiled lost take s1 $(disks lost) xvdc
ok "as it says" says "QEMU does not answer"
ok "all is taken back" same "$(nodes)" "$before"
ok "no overlay is left" absent xvda.lost

for fault in never cut no-json; do
    # shellcheck disable=SC2046
    ok "the answer is lost ($fault), but QEMU says that it is done" \
        exits 0 spoiled $fault take "$fault" $(disks $fault) xvdc
    ok "and the disks are on their overlays" is_switched $fault
    ok "with the tag" sh -c "qemu-img snapshot -U -l xvdc.qcow2 | grep -w $fault"
    stop_qemu
    disk_xvda=$work/xvda.$fault disk_xvdb=$work/xvdb.$fault format_xvdb=qcow2
    start_qemu
done
ok "tags alone: the same" exits 0 spoiled never take tagged xvdc
ok "and one that never reached QEMU" exits 1 spoiled lost take none xvdc
ok "leaves no tag" sh -c "! qemu-img snapshot -U -l xvdc.qcow2 | grep -w none"

# shellcheck disable=SC2046
ok "where QEMU answers nothing any more, nobody knows" \
    exits 3 spoiled silent take s9 $(disks silent) xvdc
ok "which is the error of the transaction" says "QEMU does not answer"
ok "no overlay is removed" test -e xvda.silent
finished
