#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Domains in no state to be snapshot, and a QEMU that cannot be reached.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain -x 'on_crash = "preserve"' vm qcow2:64M
domid=$(xl domid vm)
socat -u "UNIX-CONNECT:/var/run/xen/qmp-libxl-$domid" "EXEC:sleep 100" &
holder=$!
sleep 1
ok "QMP socket busy: says who" mustfail "in use by socat (pid $holder)" xl snapshot-create vm
kill $holder
ok "the guest runs on" ticking vm
ok "and can be snapshot when it is free" xl snapshot-create -n s1 vm

socat -u "UNIX-CONNECT:/var/run/xen/qmp-libxl-$domid" "EXEC:sleep 100" 2>/dev/null &
holder=$!
(sleep 4; kill $holder) &
sleep 0.5
ok "QMP socket busy for a moment: waits" xl snapshot-create -n s2 vm

# qmp COMMAND: to the domain's QEMU.
qmp() {
    printf '%s\n' '{"execute":"qmp_capabilities"}' "$1" |
        socat -t 2 - "UNIX-CONNECT:/var/run/xen/qmp-libxl-$domid" > "$_tmp/qmp"
}
qmp '{"execute":"drive-mirror","arguments":{"device":"xvda-qcow2","target":"/srv/vm/mirror",
    "format":"raw","sync":"full","speed":1,"job-id":"copy"}}'
ok "a job on a disk: no memory is saved for nothing" \
    mustfail "its QEMU runs a job on a disk, mirror (copy)" xl snapshot-create --external -n s3 vm
qmp '{"execute":"block-job-cancel","arguments":{"device":"copy","force":true}}'
rm /srv/vm/mirror
ok "none when it has ended" until_ok 20 xl snapshot-create -N -n s3 vm

mkfifo "$_tmp/slow"
sleep 1000 < "$_tmp/slow" &
holder=$!
xl save -c vm "$_tmp/slow" > /dev/null 2>&1 &
until_ok 20 pgrep -f "save-domain [0-9]+ [0-9-]+ $domid " > /dev/null
sleep 1
ok "somebody saves it: no snapshot" mustfail "it is being saved or migrated (pid " xl snapshot-create vm
ok "nor a revert" mustfail "domain vm: it is being saved or migrated (pid " \
    xl snapshot-revert vm "$(cfg vm s1)"
kill $holder
wait
ok "it goes on" ticking vm

exec 8> "/var/run/xen/xl-snapshot.$(xl vm-list | awk '$3 == "vm" { print $1 }').lock"
flock 8
ok "another snapshot command at work" mustfail "another snapshot command is at work" xl snapshot-create vm
exec 8>&-

kill -9 "$(xenstore-read "/local/domain/$domid/image/device-model-pid")"
sleep 1
ok "QEMU gone" mustfail "QEMU cannot be reached" xl snapshot-create vm
ok "a revert mends that" revert vm s1
ok "is back" ticking vm

tell vm panic
until_ok 120 says "^vm .*c" xl list vm > /dev/null
ok "a crashed domain" mustfail "it has crashed" xl snapshot-create vm
ok "a revert mends that" revert vm s1
ok "is back" ticking vm

# a page of it that stays mapped keeps a destroyed domain dying
cat > "$_tmp/hold.py" <<'END'
import ctypes, sys, time
lib = ctypes.CDLL("libxenforeignmemory.so.1")
lib.xenforeignmemory_open.restype = ctypes.c_void_p
lib.xenforeignmemory_map.restype = ctypes.c_void_p
handle = lib.xenforeignmemory_open(None, 0)
mfn = (ctypes.c_ulong * 1)(int(sys.argv[2]))
if not lib.xenforeignmemory_map(ctypes.c_void_p(handle), ctypes.c_uint32(int(sys.argv[1])),
                                1, ctypes.c_size_t(1), mfn, None):
    sys.exit("cannot map")
print("mapped", flush=True)
time.sleep(600)
END
domid=$(xl domid vm)
python3 "$_tmp/hold.py" "$domid" "$(xenstore-read "/local/domain/$domid/console/ring-ref")" > "$_tmp/mapped" &
holder=$!
until_ok 20 grep mapped "$_tmp/mapped"
xl destroy vm
ok "a dying domain" mustfail "it is dying" xl snapshot-create "$domid"
kill $holder
