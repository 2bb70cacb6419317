# SPDX-License-Identifier: LGPL-2.1-only
# vhd: a complete one is the base of an overlay, a differencing one cannot be
# QEMU's at all.
PATH=$(cd "$srcdir" && pwd)/tests/system/stand-in:$PATH
. "$srcdir/tests/block/lib.sh"

# The image's own size. Since QEMU 8.1 "children" has one of each node below, on
# lines that are indented further.
size() {
    qemu-img info -U -f "$1" --output=json "$2" | grep '^    "virtual-size"'
}

# not a size that fits heads and cylinders: QEMU makes it larger
new_disk xvda vpc
start_qemu
guest xvda 'write -P 0x11 0 64k' 'write -P 0x12 8M 64k'
ok "a disk on a dynamic vhd gets an overlay" take s1 xvda="$work/a.s1.qcow2"
before=$(sha256sum xvda.vpc)
guest xvda 'write -P 0x19 0 64k' flush
ok "the guest sees both" guest xvda 'read -P 0x19 0 64k' 'read -P 0x12 8M 64k'
ok "the vhd is not written any more" same "$(sha256sum xvda.vpc)" "$before"
stop_qemu
ok "the overlay's base is a vhd" \
    sh -c "qemu-img info a.s1.qcow2 | grep -x 'backing file format: vpc'"
ok "and exactly as large" same "$(size qcow2 a.s1.qcow2)" "$(size vpc xvda.vpc)"
ok "which is not what was asked for" not \
    same "$(size vpc xvda.vpc)" '    "virtual-size": 16777216,'
ok "back to it" revert s1 xvda "$work/r.qcow2"
ok "as it was" io -f qcow2 -c 'read -P 0x11 0 64k' -c 'read -P 0x12 8M 64k' \
    r.qcow2
ok "and as large" same "$(size qcow2 r.qcow2)" "$(size vpc xvda.vpc)"

command -v python3 >/dev/null || { skip "differencing vhds" "no python3"; finished; }
vhd-util snapshot -n d.vhd -p xvda.vpc -e
ok "QEMU opens a differencing vhd without an error" \
    io -r -f vpc -c 'read 0 64k' d.vhd
ok "and reads zeros" io -r -f vpc -c 'read -P 0 0 64k' d.vhd
format_xvda=vpc disk_xvda=$work/d.vhd
ok "so it is no base to go back to" not revert s1 xvda "$work/r2.qcow2"
ok "for this reason" says "is a differencing vhd; QEMU would read zeros"
ok "and nothing is left" absent r2.qcow2

if command -v vhdiinfo >/dev/null; then
    ok "what stands in for vhd-util makes what libvhdi reads" sh -c \
        "vhdiinfo d.vhd | grep -E 'Disk type.*Differential'"
    ok "with that parent" same \
        "$(vhdiinfo d.vhd | sed -n 's/.*Parent identifier[^:]*: //p')" \
        "$(vhdiinfo xvda.vpc | sed -n 's/.*[^t] *Identifier[^:]*: //p;s/^[[:space:]]*Identifier[^:]*: //p')"
    ok "by that name" sh -c "vhdiinfo d.vhd | grep 'Parent filename.*xvda.vpc'"
    ok "of the same size" same "$(vhdiinfo d.vhd | grep 'Media size')" \
        "$(vhdiinfo xvda.vpc | grep 'Media size')"
    vhd-util snapshot -n e.vhd -p d.vhd -e
    ok "and one on top of another" sh -c \
        "vhdiinfo e.vhd | grep 'Parent filename.*d.vhd'"
else
    skip "what libvhdi reads of them" "no vhdiinfo"
fi
finished
