#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The systemd unit of the recovery, run by a real systemd: sandboxed as it is, it
# brings a domain back whose revert was cut off. That systemd is process 1 of a
# namespace in dom0, and the QEMU that the recovery starts lives there.
. "$(dirname "$0")/faults.sh"

unit=xl-snapshot-recover.service

# in_unit COMMAND...: beside what systemd runs: libxl has written the number of QEMU in
# that namespace down, which is another process's outside.
in_unit() { nsenter -t "$manager" -p -m -- "$@"; }

start_systemd() {
    mkdir -p "/run/systemd/system/$unit.d"
    cleanup_fn rm -rf /run/systemd/system/{idle.target,"$unit.d"}
    printf '[Unit]\nDefaultDependencies=no\n' > /run/systemd/system/idle.target
    # What else a boot has is not there; nor is a journal for the output.
    printf '[Unit]\nDefaultDependencies=no\n[Service]\nStandardOutput=file:%s\nStandardError=%s\n' \
        "$_tmp/unit" inherit > "/run/systemd/system/$unit.d/test.conf"
    # shellcheck disable=SC2016
    unshare --fork --pid --mount --mount-proc --kill-child sh -c '
        mount -t xenfs xenfs /proc/xen &&
        mount -t cgroup2 cgroup2 /sys/fs/cgroup &&
        exec env container=test /lib/systemd/systemd --unit=idle.target' \
        > "$_tmp/systemd" 2>&1 &
    cleanup_fn kill -KILL $!
    until_ok 60 _systemd_runs $!
}
_systemd_runs() {
    manager=$(pgrep -P "$1" -x systemd) && in_unit systemctl list-units > "$_tmp/units" 2>&1
}

# restricted PROCESS: it is under a filter of system calls, and has no right to set the
# clock (CAP_SYS_TIME, the bit 25).
restricted() {
    local key value
    while read -r key value; do
        case $key in
        Seccomp:) [ "$value" = 2 ] || return 1 ;;
        CapBnd:) [ $((0x$value >> 25 & 1)) = 0 ] || return 1 ;;
        esac
    done < "/proc/$1/status"
}
qemu_is_restricted() {
    restricted "$(pgrep -f "qemu.* -xen-domid $(xl domid vm) ")"
}
recovers() {
    in_unit systemctl start $unit || { cat "$_tmp/unit" "$_tmp/systemd"; return 1; }
    grep '^Completed\.' "$_tmp/unit" && none_left
}

new_revert --external back_at qcow2:64M raw:4M
plan_of attempt n
# behind the destroy
ok "a revert is cut off" killed "$(entry "done" "$commit")" after attempt n
ok "a systemd runs" start_systemd
mark vm
ok "its unit completes the revert" recovers
ok "the domain is back" as_after n
ok "its QEMU has the unit's rules" qemu_is_restricted
ok "the guest can reboot" in_unit xl reboot vm
ok "and comes back" until_ok 240 _booted vm
ok "snapshots go on" in_unit xl snapshot-create -n later vm
in_unit xl destroy vm
