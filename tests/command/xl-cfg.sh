# SPDX-License-Identifier: LGPL-2.1-only
# xl.cfg files as people have them (xl-cfg/, after public reports): snapshots of their
# disks, and the file rewritten by --update-config in nothing but its images; or the
# words in which they are refused, with all as it was.
. "$srcdir/tests/command/lib.sh"

# has_file NAME [FORMAT]: xl-cfg/NAME.cfg is /srv/vm/vm.cfg; its images are there.
has_file() {
    new_host
    mkdir -p /srv/vm/vm/a /srv/img/vm
    cd /srv/vm || exit 1
    domain=vm
    : >/srv/linux
    sed 's,/img/,/srv/img/,g; s,/x/linux,/srv/linux,' "$here/xl-cfg/$1.cfg" >vm.cfg
    cp vm.cfg "$hidden/before.cfg"
    for image in /srv/img/a.qcow2 vm/a/disk.qcow2 domu.qcow2; do
        new_image qcow2 "$image" vm
    done
    new_image "${2-qcow2}" /srv/img/a.img vm
    new_image raw /srv/img/vm/disk.img vm
    new_image raw /srv/img/vm/swap.img vm
    : >/srv/img/inst.iso
}
# shellcheck disable=SC2120 # others call it with more
create() { xl snapshot-create --domain-config vm.cfg --external -n s1 "$@" vm; }

# rewritten NAME LINE [EDIT]: that line of it names an overlay, and nothing else is another.
# xl takes it: it can be read again, for another snapshot.
rewritten() {
    has_file "$1" ${format-}
    says "line $2: " create --update-config=vm.cfg &&
        sed "$2${3-s/a\.[a-z0-9]*/a.s1.qcow2/}" "$hidden/before.cfg" | diff - vm.cfg &&
        xl snapshot-create --domain-config vm.cfg --external -n s2 vm
}
# not_taken NAME TEXT: no snapshot of it. not_rewritten NAME TEXT: one, but not with
# --update-config.
not_taken() {
    has_file "$1"
    remember
    refuses "$2" create && unchanged
}
not_rewritten() {
    has_file "$1"
    remember
    refuses "$2" create --update-config=vm.cfg && unchanged && create
}

ok "a PV domain with pygrub" rewritten pygrub 8
ok "keys with blanks, OVMF, a CD-ROM with a prefix" rewritten ovmf-keys 7
ok "no blanks at all, hda" rewritten without-blanks 10
ok "keys as YaST writes them" rewritten yast 13
ok "tap:qcow2: in front of the path" rewritten tap-prefix-multiline 10 \
    's,tap:qcow2:\(.*\)a.qcow2,\1a.s1.qcow2\,qcow2,'
ok "with blanks behind the commas" rewritten tap-prefix-blanks 9 \
    's,tap:qcow2:\(.*\)a.img,\1a.s1.qcow2\,qcow2,'
format=raw
ok "file: and ioemu:" rewritten ioemu-prefix 3 's,file:\(.*\)a.img,\1a.s1.qcow2\,qcow2,'
format=
# its volumes are not there: without them
partitions() {
    has_file file-and-phy-partitions
    remember
    refuses "/dev/vg/vm-home" create --update-config=vm.cfg && unchanged || return 1
    sed -i '/phy:/d' vm.cfg
    says "line 6: xvda2 is /srv/img/vm/disk.s1.qcow2" create --update-config=vm.cfg &&
        grep -q "'/srv/img/vm/swap.s1.qcow2,qcow2,xvda1,w'" vm.cfg
}
ok "partitions, each an image" partitions
ok "disk = twice, of which xl takes the last" not_rewritten two-lists-of-disks \
    "vm.cfg:4: \`disk' is set again, after line 2; put all disks into one list"

ok "a path from the folder that xl was started in" not_taken relative-target \
    "disk xvda (domu.qcow2): no external snapshot: its image is not an absolute path; write the \
path in full in xl.cfg and restart the domain"
ok "one that begins with ./" not_taken relative-dot \
    "disk xvda (./vm/a/disk.qcow2): no external snapshot: its image is not an absolute path"
ok "volumes that are not there" not_taken phy-lvm-partitions "/dev/vg0/vm-root"
ok "without /dev in front" not_taken phy-volume-without-dev "vg0/vm-disk"
ok "with dots in their names" not_taken volume-with-dots "/dev/vg_hosting/www.vm"
ok "DRBD, by its device" not_taken phy-drbd "/dev/drbd/by-res/vm/0"
ok "a list over two lines" not_taken list-in-two-lines "/dev/vg1/ServerSys"
ok "a volume and an image of a CD" not_taken iso-and-volume "/dev/vg0/lvwin7"
ok "RBD by a script" not_taken rbd-script "take the snapshot where the storage is"
# what xl would not take either
ok "QCOW2" not_taken uppercase-format "unknown value for format: near \`QCOW2'"
ok "w!" not_taken shared-bang "unknown value for access: near \`w!'"
ok "file: and a format" not_taken file-prefix-with-format "unknown value for access: near \`xvda'"
ok "Python, as xm read it" not_taken python "vm.cfg:1: config parsing error: "
ok "lines of another system" not_taken carriage-returns "vm.cfg:1: config parsing error"
ok "with its mark of the byte order" not_taken byte-order-mark "vm.cfg:1: config parsing error"
ok "a string over two lines" not_taken backslash-in-string "vm.cfg:2: config parsing error"
ok "nor is one of the domain without its disk" not_taken disk-as-string \
    "parameter \`disk' is a single value"
has_file disk-as-string
ok "a string instead of a list" refuses "parameter \`disk' is a single value" \
    create --update-config=vm.cfg
finished
