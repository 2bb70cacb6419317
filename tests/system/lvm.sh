# SPDX-License-Identifier: LGPL-2.1-only
# shellcheck shell=bash
# What the tests of logical volumes have in common, on top of snapshot.sh.
# The group is vg-0: with a dash, which the device mapper doubles.

. "$(dirname "${BASH_SOURCE[0]}")/snapshot.sh"

# new_vg SIZE: the volume group vg-0, on a loop device.
new_vg() {
    truncate -s "$1" /srv/pv
    loop=$(losetup -f --show /srv/pv)
    cleanup_fn rm -f /srv/pv
    cleanup_fn losetup -d "$loop"
    lvm_ vgcreate vg-0 "$loop"
    cleanup_fn vgremove -q -y -f vg-0
}

# lvm_ COMMAND...: its last words if it fails, else nothing.
export LVM_SUPPRESS_FD_WARNINGS=1
lvm_() { "$@" -q > "$_tmp/lvm" 2>&1 || { tail -n 3 "$_tmp/lvm"; return 1; }; }

# volumes: a line each of the user's: name, attributes but for "is open", tags.
volumes() {
    lvs --noheadings -o lv_name,lv_attr,origin vg-0 2>/dev/null |
        awk '{ print $1, substr($2, 1, 5), $3 }'
}

# sum VOLUME: of its content, active or not.
sum() {
    lvchange -ay -K "vg-0/$1" > /dev/null 2>&1
    sha256sum < "/dev/vg-0/$1"
}
