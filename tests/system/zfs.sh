#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Disks on ZFS, by the hook that is shipped, with the stand-in for zfs of the
# folder stand-in.
. "$(dirname "$0")/snapshot.sh"

hooks=/etc/xen/snapshot.d
shipped=/usr/local/share/xl-snapshot/hooks
mkdir -p $hooks
cleanup_fn rm -rf $hooks
export ZFS_ROOT=/srv/zfs-stand-in PATH=$PWD/stand-in:$PATH
vol=$ZFS_ROOT/tank/vol
mkdir -p "$vol" $ZFS_ROOT/tank/files /dev/zvol/tank /srv/zfs/deep
cleanup_fn rm -rf $ZFS_ROOT /dev/zvol /srv/zfs
echo volume > "$vol/type"
truncate -s 32M "$vol/data"
loop=$(losetup -f --show "$vol/data")
cleanup_fn losetup -d "$loop"
ln -s "$loop" /dev/zvol/tank/vol
echo filesystem > $ZFS_ROOT/tank/files/type
echo /srv/zfs > $ZFS_ROOT/tank/files/mountpoint
truncate -s 32M /srv/zfs/deep/b.raw
cp $shipped/zfs $hooks/zfs

new_snapshot_domain zv '/dev/zvol/tank/vol,raw,%v,w' '/srv/zfs/deep/b.raw,raw,%v,w'
ticking zv
first=$(tick zv)
ok "a volume and a file on ZFS" says "xvda +internal: by hook/zfs, of /dev/zvol/tank/vol" \
    xl snapshot-create -n s1 zv
first_end=$(tick zv)
ok "the volume's snapshot" zfs list -H -p -t snapshot -o name tank/vol@s1
ok "the file's" zfs list -H -p -t snapshot -o name tank/files@s1:deep:b.raw
ticking zv
second=$(tick zv)
ok "a second one" xl snapshot-create -n s2 zv
second_end=$(tick zv)
ticking zv
touch /srv/zfs/another
ok "back to the older" revert zv s1
ok "is back" back_at zv "$first" "$first_end"
hold zv
ok "forward to the younger" revert zv s2
ok "is there" back_at zv "$second" "$second_end"
ok "which, being the newest, was rolled back to" grep -x "rollback tank/vol@s2" $ZFS_ROOT/log
ok "nothing else was destroyed" not grep "^destroy .*@\|^rollback tank/files" $ZFS_ROOT/log
ok "no clone is left" test ! -e /dev/zvol/tank/vol.xl-snapshot-revert
mkdir $ZFS_ROOT/tank/vol.xl-snapshot-revert
echo volume > $ZFS_ROOT/tank/vol.xl-snapshot-revert/type
ok "one that is somebody else's is in the way" not env XL_SNAPSHOT_VERB=revert XL_SNAPSHOT_NAME=s1 XL_SNAPSHOT_CREATED=1 \
    XL_SNAPSHOT_PATH=/dev/zvol/tank/vol $hooks/zfs revert
ok "and stays" test -d $ZFS_ROOT/tank/vol.xl-snapshot-revert
rm -r $ZFS_ROOT/tank/vol.xl-snapshot-revert
ok "nor were other files of the dataset touched" test -e /srv/zfs/another
ok "a name that ZFS cannot have" mustfail "can be no ZFS snapshot" xl snapshot-create -n a+b zv
