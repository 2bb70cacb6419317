# SPDX-License-Identifier: LGPL-2.1-only
# Internal snapshots: a tag made by QEMU's transaction, applied by qemu-img.
. "$srcdir/tests/block/lib.sh"

new_disk xvda qcow2
new_disk xvdb raw
start_qemu
guest xvda 'write -P 0x11 0 64k' 'write -P 0x12 1M 64k'
guest xvdb 'write -P 0x21 0 64k'
qmp block-dirty-bitmap-add '{"node":"xvda-qcow2","name":"b1","persistent":true}'
ok "a tag and an overlay are made in one transaction" \
    take s1 xvda xvdb="$work/b.qcow2"
guest xvda 'write -P 0x19 0 64k'
guest xvdb 'write -P 0x29 0 64k'
ok "the tag is in the image" sh -c "qemu-img snapshot -U -l xvda.qcow2 |
    grep -w s1"
ok "the guest goes on in the same image" \
    guest xvda 'read -P 0x19 0 64k' 'read -P 0x12 1M 64k'
ok "a transaction that fails leaves no tag" not take s2 --break xvda
ok "and says what QEMU said" says "Cannot find device='no-such-node'"
ok "only the first tag is there" \
    same "$(qemu-img snapshot -U -l xvda.qcow2 | grep -c ' s[12] ')" 1
ok "one more is made" take s3 xvda
remove_tag() { "$run_plan" --remove-tag qmp xvda-qcow2 "$@"; }
num_tags() { qemu-img snapshot -U -l xvda.qcow2 | grep -c " s[123] "; }
ok "QEMU removes no tag that is not the one that was made" remove_tag s3 "tag 2 1.000000000"
ok "so it is there" same "$(num_tags)" 2
ok "but that one" remove_tag s3
ok "and no other" sh -c "qemu-img snapshot -U -l xvda.qcow2 | grep -w s1"
ok "as there is one" same "$(num_tags)" 1
ok "an internal snapshot of a raw disk is refused" not take s4 xvdb
stop_qemu

ok "QEMU has written its dirty bitmap to the image when it ended" sh -c \
    "qemu-img info --output=json xvda.qcow2 | grep -w '\"name\": \"b1\"'"
ok "the tag is applied" revert s1 xvda
ok "and the bitmap, which knows nothing of that, removed" sh -c \
    "! qemu-img info --output=json xvda.qcow2 | grep '\"bitmaps\"'"
ok "and the disk is as it was" \
    io -f qcow2 -c 'read -P 0x11 0 64k' -c 'read -P 0x12 1M 64k' xvda.qcow2
io -f qcow2 -c 'write -P 0x33 0 64k' xvda.qcow2
ok "it can be applied again" revert s1 xvda
ok "with the same result" io -r -f qcow2 -c 'read -P 0x11 0 64k' xvda.qcow2
ok "the image is sound" qemu-img check -q xvda.qcow2
ok "a tag that is not there is found before anything is done" \
    not revert nix xvda
ok "and named" says "has no internal snapshot 'nix'"

# --- an image on a block device

truncate -s 32M device.img
if loop=$(losetup -f --show device.img 2>/dev/null); then
    new_disk xvdc qcow2 "$loop"
    io -f qcow2 -c 'write -P 0x11 0 64k' "$loop"
    qemu-img snapshot -c s1 "$loop"
    io -f qcow2 -c 'write -P 0x19 0 64k' "$loop"
    ok "a tag in an image on a device is applied" revert s1 xvdc
    ok "with the same result" io -r -f qcow2 -c 'read -P 0x11 0 64k' "$loop"
    losetup -d "$loop"
else
    skip "a tag in an image on a device is applied" "no loop device"
fi
finished
