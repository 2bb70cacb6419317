# SPDX-License-Identifier: LGPL-2.1-only
# Logical volumes on a host whose lvs is not in PATH, is missing, fails, or does not list
# what the device mapper has; and volumes that are not active. LVM is a file.
. "$srcdir/tests/command/lib.sh"

mount -t tmpfs -o mode=755 tmpfs /usr/sbin
mount -t tmpfs tmpfs /sys/dev/block
mkdir /srv/dev && mknod /srv/dev/root b 7 0 2>/dev/null || {
    echo "1..0 # SKIP no device can be made"
    exit 0
}
rm -r /srv/dev
PATH=$(echo "$PATH" | sed 's,[^:]*/sbin,/none,g')

# lv NAME ATTR MINOR ORIGIN POOL: what lvs says of a volume in vg. lvs_says LV...: all.
lv() {
    cat <<END
{"vg_name":"vg","lv_name":"$1","lv_uuid":"u-$1","lv_attr":"$2","lv_size":"4194304",
"lv_path":"/dev/vg/$1","lv_dm_path":"/dev/mapper/vg-$1","lv_kernel_major":"7",
"lv_kernel_minor":"$3","lv_tags":"","origin":"$4","pool_lv":"$5","data_percent":"1",
"metadata_percent":"1","chunk_size":"4096","vg_free":"0","vg_extent_size":"4194304"}
END
}
lvs_says() {
    {
        echo '{"report":[{"lv":['
        for volume; do echo "$comma$volume"; comma=,; done
        echo ']}]}'
    } >"$hidden/lvs.json"
    comma=
    program lvs "cat $hidden/lvs.json"
}
comma=
# program NAME SCRIPT: one in /usr/sbin.
program() {
    printf '#!/bin/sh\n%s\n' "$2" >"/usr/sbin/$1"
    chmod +x "/usr/sbin/$1"
}
# define_volume UUID: web, and its disk on a device with that uuid of the device mapper.
define_volume() {
    new_host
    define_domain web
    mkdir dev
    mknod dev/root b 7 0
    mkdir -p /sys/dev/block/7:0/dm
    echo "$1" >/sys/dev/block/7:0/dm/uuid
    sed -i "s|^\]|    '/srv/web/dev/root,raw,xvda,w,backendtype=qdisk',\n]|" web.cfg
}
create() { xl snapshot-create --domain-config web.cfg "$@" web; }
create_with() {
    echo "$1" >wish.cfg
    xl snapshot-create --domain-config web.cfg -N web wish.cfg
}
thin='Vwi-a-tz--' pool=$(lv pool twi-aotz-- -1 '' '')

# --- lvs ---------------------------------------------------------------------

define_volume LVM-abcdef
ok "no lvs, no snapshot of a volume" refuses "there is no program lvs; install" create
ok "nor is it left out" refuses "there is no program lvs; install" create --skip-unsupported
lvs_says
ok "nor of one that lvs does not list" refuses \
    "/srv/web/dev/root is a logical volume, but lvs -a does not list it" \
    create --skip-unsupported
program lvs 'echo "no such group" >&2; exit 5'
ok "nor where lvs fails" refuses "lvs failed with status 5: no such group" \
    create --skip-unsupported
lvs_says "$(lv root $thin 0 '' pool)" "$pool"
ok "in sbin lvs is found without PATH" says "make the volume vg/root.s1, a snapshot of root" \
    create -N -n s1
echo CRYPT-LUKS2-abc >/sys/dev/block/7:0/dm/uuid
rm /usr/sbin/lvs
ok "a device of another kind needs none" says "format /srv/web/x.qcow2 on the base" \
    create_with "disks = [ '/srv/web/x.qcow2,qcow2,xvda' ]"

# --- volumes that are not active ---------------------------------------------

define_volume LVM-abcdef
lvs_says "$(lv root $thin 0 '' pool)" "$pool" "$(lv root.s1 Vri---tz-k -1 root pool)" \
    "$(lv root.s1.r1 Vwi---tz-- -1 root.s1 pool)"
cp "$hidden/lvs.json" "$hidden/after.json"
lvs_says "$(lv root $thin 0 '' pool)" "$pool"
program lvcreate "tag=\$(echo \"\$*\" | sed 's/.*--addtag //; s/ .*//')
sed 's/\"lv_tags\":\"\"/\"lv_tags\":\"'\$tag'\"/' $hidden/after.json >$hidden/lvs.json"
ok "a snapshot of a volume" create -n s1
ok "the name of one that is not active is not free" says \
    "make the volume vg/root.s1.r2, a snapshot of root.s1" xl snapshot-revert -N web "$(cfg s1)"
sed -i '/states/,/]/d' "$(cfg s1)"
ok "a volume without a state" refuses "nothing but the snapshot config says that" \
    xl snapshot-revert -N web "$(cfg s1)"
ok "is known by the domain's volume" says "make the volume vg/root.s1.r2" \
    xl snapshot-revert -N --domain-config web.cfg web "$(cfg s1)"
program lvs 'exit 5'
ok "a revert asks lvs" refuses "lvs failed with status 5" xl snapshot-revert -N web "$(cfg s1)"
rm /usr/sbin/lvs
ok "and does not take a volume for gone without it" refuses "there is no program lvs" \
    xl snapshot-revert -N web "$(cfg s1)"
finished
