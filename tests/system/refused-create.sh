#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Bad input to create: one line that says what and what to do, exit 1, nothing
# created, nothing lost, the guest runs on.
. "$(dirname "$0")/snapshot.sh"

new_snapshot_domain -m 128 vm qcow2:64M raw:32M
wish() { printf '%s\n' "$@" > /srv/vm/wish.cfg; echo /srv/vm/wish.cfg; }
touch /srv/vm/wish.cfg /srv/vm/there
refused() {
    local text=$1
    shift
    mustfail "$text" xl snapshot-create "$@"
}
untouched=$(world vm)

ok "unknown domain" refused "there is no such domain" no-such
ok "unknown domid" refused "there is no such domain" 4711
ok "dom0" refused "domain 0" 0
ok "a name with a slash" refused "is not valid" -n a/b vm
ok "a name with a leading dot" refused "is not valid" -n .. vm
ok "an empty name" refused "is not valid" -n "" vm
ok "a name that is too long" refused "is not valid" -n "$(printf 'x%.0s' {1..129})" vm
ok "live, where Xen cannot" refused "leave out --live" --live vm
ok "internal, where the format cannot" refused "format raw has no internal" --internal vm
ok "a missing directory" refused "No such file or directory" -d /srv/vm/none vm
ok "a directory that is none" refused "not a folder" -d /srv/vm/xvdb.raw vm

ok "a missing ConfigFile" refused "No such file" vm /srv/vm/none.cfg
ok "an unknown key, with its line" refused "wish.cfg:2: unknown key 'disk'" vm \
    "$(wish 'name = "a"' 'disk = []')"
ok "a syntax error" refused "wish.cfg:1" vm "$(wish 'name = "')"
ok "a disk that the domain has not" refused "disk xvdq: domain vm has no such disk" \
    vm "$(wish "disks = [ ',,xvdq' ]")"
ok "a disk named twice" refused "twice" vm "$(wish "disks = [ ',,xvda', ',,xvda' ]")"
ok "two disks, one overlay" refused "both name the overlay" vm \
    "$(wish "disks = [ '/srv/vm/o,qcow2,xvda', '/srv/vm/o,qcow2,xvdb' ]")"
ok "an overlay that is no qcow2" refused "an overlay must be qcow2" vm \
    "$(wish "disks = [ '/srv/vm/o,raw,xvda' ]")"
ok "an overlay in no folder" refused "No such file" vm \
    "$(wish "disks = [ '/srv/vm/none/o,qcow2,xvda' ]")"
ok "an overlay that QEMU could not open at the next start" refused "white space" vm \
    "$(wish "disks = [ '/srv/vm/a b,qcow2,xvda' ]")"
ok "an overlay that exists" refused "exists already" vm \
    "$(wish "disks = [ '/srv/vm/there,qcow2,xvda' ]")"
ok "a memory image, and none" refused "contradict each other" \
    vm "$(wish 'memory = 0' 'memory_path = "/srv/vm/ram"')"
ok "all that left everything as it was" diff <(echo "$untouched") <(world vm)
ok "and the guest running" ticking vm

ok "first a good one" xl snapshot-create -n s1 vm
ok "the same name again" refused "exists already" -n s1 vm
ok "with internal tags" xl snapshot-create --internal -n s2 vm
rm -rf "$snapshots/vm/s2"
ok "a tag that exists" refused "has an internal snapshot 's2' already" --internal -n s2 vm

mkdir /srv/vm/small
mount -t tmpfs -o size=32M none /srv/vm/small
cleanup_fn umount -l /srv/vm/small
ok "no room for the memory" refused "needs 131 MiB, the file system has" -d /srv/vm/small -n s3 vm
ok "the guest runs on" ticking vm
