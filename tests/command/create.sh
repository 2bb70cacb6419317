# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-create of a domain that does not run: tags, overlays, both; what is
# recorded; and what is refused.
. "$srcdir/tests/command/lib.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
has() { grep -qx -- "$2" "$1" || { cat "$1"; return 1; }; }
backing() { "$QEMU_IMG" info -U "$1" | sed -n 's/^backing file[^:]*: //p' | xargs; }
create_with() {
    config_file=$1
    shift
    xl snapshot-create --domain-config web.cfg "$@" web "$config_file"
}
create_as() {
    as=$1
    shift
    xl snapshot-create --domain-config "$as" "$@" web
}
in_use() {
    sleep_with r xvda.qcow2
    refused_cleanly "disk xvda: /srv/web/xvda.qcow2 is in use by sleep (pid $!)" create
    code=$?
    ends $!
    return $code
}
no_room() {
    mkdir small && mount -t tmpfs -o size=2M tmpfs small &&
        new_image qcow2 small/x.qcow2 small &&
        refused_cleanly "needs 5 MiB, the file system has 1 MiB free" create_as \
            "$(with_disk "'/srv/web/small/x.qcow2,qcow2,xvdb,w'")" --external
    code=$?
    umount small && rmdir small
    return $code
}
white_space() {
    mkdir "a b" && new_image qcow2 "a b/x.qcow2" "a b" &&
        refused_cleanly "a path with white space; choose another" create_as \
            "$(with_disk "'/srv/web/a b/x.qcow2,qcow2,xvdb,w'")" --external
    code=$?
    rm -r "a b"
    return $code
}
# refused_cleanly TEXT COMMAND...: and all is as it was.
refused_cleanly() {
    remember
    refuses "$@" && unchanged
}

# --- tags ------------------------------------------------------------------

define_domain web qcow2 qcow2
ok "all disks qcow2: tags" says "  xvdb    internal: tag s1 in /srv/web/xvdb.qcow2" \
    create -n s1 -D "before the upgrade"
ok "the domain has no new disks" not grep "new disks" "$hidden/out"
ok "one in each image" same "$(tags xvda.qcow2) $(tags xvdb.qcow2)" "s1 s1"
ok "which can be written to, as before" same "$(is_frozen xvda.qcow2)" no
ok "the config has its name" has "$(cfg s1)" 'name = "s1"'
ok "what it is for" has "$(cfg s1)" 'description = "before the upgrade"'
ok "the domain" has "$(cfg s1)" 'domain = "web"'
ok "its uuid" has "$(cfg s1)" "uuid = \"$uuid\""
ok "and type" has "$(cfg s1)" 'type = "pvh"'
ok "no memory" has "$(cfg s1)" 'memory = 0'
ok "nor what its guest had flushed" has "$(cfg s1)" 'consistency = "off"'
ok "of each disk that it goes on with the same image" has "$(cfg s1)" '    ",,xvda",'
ok "what made its snapshot" has "$(cfg s1)" '    "xvdb=qcow2-internal",'
ok "and what it is known by" grep -q '^    "xvda=tag 1 [0-9.]*",$' "$(cfg s1)"
ok "a copy of the xl.cfg is with it" cmp web.cfg "$snapshots/web/s1/domain.cfg"
ok "nobody else may read these" same \
    "$(stat -c %a "$snapshots/web/s1" "$(cfg s1)" | xargs)" "700 600"
mkdir /var/lib/xen/save
: >/var/lib/xen/save/web
ok "its memory is saved" refused_cleanly "its memory was saved to /var/lib/xen/save/web" \
    create --internal -n s2
ok "no revert either" refuses "its memory was saved to" xl snapshot-revert web "$(cfg s1)"
rm -r /var/lib/xen/save
empty_folder /etc/default
mkdir /srv/saved "/srv/saved here"
cat >/etc/default/xendomains <<'END'
#XENDOMAINS_SAVE=/srv/web
XENDOMAINS_SAVE=/srv/saved
 XENDOMAINS_SAVE="/srv/saved here"  # not there
XENDOMAINS_SAVED=/srv/web
END
: >/srv/saved/web
ok "not where xendomains would leave it" create -N
mv /srv/saved/web "/srv/saved here/web"
ok "where it is told to" refused_cleanly "its memory was saved to /srv/saved here/web" \
    create --internal -n s2
echo "XENDOMAINS_SAVE=''" >/etc/default/xendomains
ok "nowhere" create -N
rm -r /srv/saved "/srv/saved here" /etc/default/xendomains
ok "a tag of that name is there" refused_cleanly "has an internal snapshot 's1' already" \
    create -n s1
ok "another one goes beside it" create -n s2
ok "in the images" same "$(tags xvda.qcow2 | xargs)" "s1 s2"
ok "without a name it gets one from the time" says "Snapshot 20" create

# --- overlays --------------------------------------------------------------

new_host
define_domain web qcow2 raw
chmod 640 xvda.qcow2
# in a namespace for users there may be no other
chown 12:34 xvda.qcow2 2>/dev/null
owner=$(stat -c %u:%g xvda.qcow2)
touch xvdb.s1.qcow2
echo "disks = [ '/srv/web/xvdb.s1.qcow2,qcow2,xvdb' ]" >wish.cfg
ok "the overlay that is asked for is there" refused_cleanly \
    "overlay /srv/web/xvdb.s1.qcow2: exists already" create_with wish.cfg -n s1
rm xvdb.s1.qcow2 wish.cfg
ok "one disk raw: overlays for all" matches "  xvda    external: base \
/srv/web/xvda.qcow2 ([a-z ]*), overlay /srv/web/xvda.s1.qcow2" create -n s1
ok "the lines for the xl.cfg are told" grep -qx \
    "    '/srv/web/xvdb.s1.qcow2,qcow2,xvdb,w,backendtype=qdisk'," "$hidden/out"
ok "and how to go back" grep -qx "Revert with: xl snapshot-revert web s1" \
    "$hidden/out"
ok "qcow2 on qcow2" same "$(backing xvda.s1.qcow2)" "/srv/web/xvda.qcow2 qcow2"
ok "qcow2 on raw, which is not probed" same "$(backing xvdb.s1.qcow2)" "/srv/web/xvdb.raw raw"
ok "the guest sees what it saw" guest_sees qcow2 xvdb.s1.qcow2 "web xvdb"
ok "both bases are frozen" same "$(is_frozen xvda.qcow2) $(is_frozen xvdb.raw)" "yes yes"
ok "an overlay has its base's owner and mode" same \
    "$(stat -c '%u:%g %a' xvda.s1.qcow2)" "$owner 640"
ok "the config names the overlay" has "$(cfg s1)" \
    '    "format=qcow2,vdev=xvda,access=rw,target=/srv/web/xvda.s1.qcow2",'
ok "and the base" has "$(cfg s1)" \
    '    "format=raw,vdev=xvdb,access=rw,target=/srv/web/xvdb.raw",'
ok "what it is known by" grep -q '^    "xvda=file [0-9]* [0-9.]* [0-9a-f]\{16\}",$' "$(cfg s1)"

# --- an overlay on an overlay, and the xl.cfg ------------------------------

sed -i '1i # of mine' web.cfg
sed -i 's/qcow2,xvda/qcow2,  xvda/; s/xvda\.qcow2/xvda.s1.qcow2/
    s/xvdb\.raw,raw/xvdb.s1.qcow2,qcow2/' web.cfg
cp web.cfg before.cfg
ok "the xl.cfg is rewritten" says "    line 8: xvda is /srv/web/xvda.s2.qcow2 (qcow2)" \
    create -n s2 --external --update-config=web.cfg
ok "in nothing but the images" same "$(diff before.cfg web.cfg | grep -c '^>')" 2
ok "names do not grow" grep -q "'/srv/web/xvda.s2.qcow2,qcow2,  xvda,w'" web.cfg
ok "and it is what a chain is" same "$(backing xvda.s2.qcow2)" "/srv/web/xvda.s1.qcow2 qcow2"
ok "all its layers stand" guest_sees qcow2 xvda.s2.qcow2 "web xvda"
ok "as JSON" json '.name == "s3" and .consistency == "off" and .total_us > 0
    and (.disks | map(.mode) == ["external", "external"])
    and .disks[0].parent == {"path": "/srv/web/xvda.s2.qcow2", "format": "qcow2"}
    and .disks[0].child == {"path": "/srv/web/xvda.s3.qcow2", "format": "qcow2"}
    and .disks[0].xl_cfg == "/srv/web/xvda.s3.qcow2,qcow2,xvda,w"
    and .update_config.done and (.update_config.lines | map(.line) == [8, 9])' \
    create --json -n s3 --external --update-config=web.cfg
ok "the file must name what the domain has" refused_cleanly \
    "before.cfg:8: disk xvda names /srv/web/xvda.s1.qcow2, not" \
    create -n s4 --external --update-config=before.cfg

# --- an xl.cfg that names a base -------------------------------------------

sed 's/xvda\.s[0-9]/xvda/' web.cfg >"$hidden/stale.cfg"
mkdir other
ln -s ../xvda.qcow2 other/link
thawed xvda.qcow2 xvda.s1.qcow2
for mode in internal external; do
    ok "$mode: three layers back" refused_cleanly "disk xvda: /srv/web/xvda.qcow2 is the base \
of snapshot s1: what the domain wrote since then is in overlays on it. Name the one that it was on \
last in its xl.cfg (snapshot s3 gave it /srv/web/xvda.s3.qcow2)" \
        create_as "$hidden/stale.cfg" --$mode -n s4
done
ok "and the way out" grep -q "move $snapshots/web/s1 away first" "$hidden/error"
sed -i 's,web/xvda\.qcow2,web/other/link,' "$hidden/stale.cfg"
ok "by another path" refused_cleanly "disk xvda: /srv/web/other/link is the base of snapshot s1" \
    create_as "$hidden/stale.cfg" -n s4 -d /srv/web/other
sed -i 's,web/other/link,web/xvda.s1.qcow2,' "$hidden/stale.cfg"
ok "two" refused_cleanly "disk xvda: /srv/web/xvda.s1.qcow2 is the base of snapshot s2" \
    create_as "$hidden/stale.cfg" -n s4
mv "$snapshots/web/s2" other
ok "given up by somebody" create_as "$hidden/stale.cfg" -N -n s4
mv other/s2 "$snapshots/web"
ok "none" create -N -n s4
sed 's/xvda,w/xvdz,w/; s/xvdb,w/xvda,w/; s/xvdz,w/xvdb,w/' "$hidden/stale.cfg" >swapped.cfg
ok "by another disk" refused_cleanly "disk xvdb: /srv/web/xvda.s1.qcow2 is the base of \
snapshot s2: what" create_as swapped.cfg -n s4
touch xvda.s1.qcow2
ok "as a copy without its date" refused_cleanly "xvda.s1.qcow2 is the base of snapshot s2" \
    create_as swapped.cfg -n s4
guest_writes qcow2 xvda.s1.qcow2 "committed by hand"
ok "one that has grown since is none any more" create_as "$hidden/stale.cfg" -N -n s4
rm xvda.s1.qcow2
new_image qcow2 xvda.s1.qcow2 "made anew"
ok "nor is another one in its place" create_as "$hidden/stale.cfg" -N -n s4

# --- both, and other places ------------------------------------------------

new_host
define_domain web qcow2 qcow2 raw
mkdir /srv/fast
cat >mixed.cfg <<END
name = "mixed"
disks = [ '/srv/fast/web.qcow2,qcow2,xvda', ',,xvdb' ]
END
ok "a ConfigFile says which disk gets what" create_with mixed.cfg
ok "an overlay elsewhere" same "$(backing /srv/fast/web.qcow2)" "/srv/web/xvda.qcow2 qcow2"
ok "a tag" same "$(tags xvdb.qcow2)" mixed
ok "the rule for the rest" same "$(backing xvdc.mixed.qcow2)" "/srv/web/xvdc.raw raw"
sed -i 's,web/xvda\.qcow2,fast/web.qcow2,; s/xvdc\.raw,raw/xvdc.mixed.qcow2,qcow2/' web.cfg
echo "disks = [ '/srv/fast/a.img,raw,xvda' ]" >raw.cfg
ok "an overlay is qcow2" refuses "write '/srv/fast/a.img,qcow2,xvda'" create_with raw.cfg -n n1
echo "disks = [ ',,xvdz' ]" >no.cfg
ok "a disk that it has not" refuses "disk xvdz: domain web has no such disk" create_with no.cfg -n n1
echo "disks = [ ',,xvdb', ',,xvdb' ]" >twice.cfg
ok "one named twice" refuses "xvdb" create_with twice.cfg -n n1
ok "in a folder" create -n n1 -d /srv/fast
ok "its files are there" test -f /srv/fast/n1/snapshot.cfg -a -f /srv/fast/n1/domain.cfg
ok "the folder has to be there" refuses "directory /srv/slow: No such file or directory; \
create it first" create -n n2 -d /srv/slow

# --- what is refused, with nothing changed ---------------------------------

new_host
define_domain web qcow2
sed '/^name/d' web.cfg >none.cfg
ok "an xl.cfg without a name" refused_cleanly "none.cfg: not the config of a domain" \
    create_as none.cfg
ok "its name alone" refused_cleanly "name its xl.cfg with --domain-config" \
    xl snapshot-create web
ok "another's xl.cfg" refused_cleanly "is of domain web, not of db" \
    xl snapshot-create --domain-config web.cfg db
ok "no xl.cfg" refused_cleanly "no.cfg: No such file" \
    xl snapshot-create --domain-config no.cfg web
ok "memory" refused_cleanly "saves no memory" create --live
with_disk "'/srv/web/xvdb.qcow2,qcow2,xvdb,w'" >/dev/null
ok "an image that is missing" refused_cleanly "/srv/web/xvdb.qcow2" \
    xl snapshot-create --domain-config "$hidden/with-disk.cfg" web
echo "no qcow2" >xvdb.qcow2
ok "one that is something else" refused_cleanly "xvdb.qcow2" \
    xl snapshot-create --domain-config "$hidden/with-disk.cfg" web
rm xvdb.qcow2
mkdir xvdb.qcow2
ok "a folder" refused_cleanly "xvdb.qcow2" \
    xl snapshot-create --domain-config "$hidden/with-disk.cfg" web
rmdir xvdb.qcow2
ok "one that a process has open" in_use
ok "no room for an overlay" no_room
ok "white space in a path, from which QEMU cannot start a domain" white_space
new_image raw xvdb.raw "web xvdb"
ok "CD-ROMs and disks that are not written to are left out" create_as "$(with_disk \
    "'/srv/web/xvdb.raw,raw,xvdb,r', '/srv/web/xvdb.raw,raw,xvdc,cdrom'")" -n s1
ok "for there is nothing to snapshot" not grep -E 'xvdb|xvdc' "$(cfg s1)"
ok "storage that is elsewhere" refused_cleanly "take the snapshot where the storage is" \
    create_as "$(with_disk "'vdev=xvdb,access=rw,script=block-iscsi,target=iqn=x'")" -n s2
ok "so is what --skip-unsupported is not for" refused_cleanly "disk xvdb (iqn=x)" create_as \
    "$(with_disk "'vdev=xvdb,access=rw,script=block-iscsi,target=iqn=x'")" \
    --skip-unsupported -n s2
new_image raw xvdb.raw "web xvdb"
for backend in phy tap; do
    ok "backendtype=$backend, which serves no overlay" refused_cleanly \
        "backendtype=$backend serves raw images alone; write backendtype=qdisk" create_as \
        "$(with_disk "'/srv/web/xvdb.raw,raw,xvdb,w,backendtype=$backend'")" --external -n s2
done
ok "nor does a disk of virtio" refused_cleanly "specification=virtio" create_as \
    "$(with_disk "'/srv/web/xvdb.raw,raw,xvdb,w,specification=virtio'")" --external -n s2

# --- images whose content is in other files, too ---------------------------

new_host
define_domain web qcow2
base() { "$QEMU_IMG" create -q -f qcow2 -u -b "$1" -F "$2" xvda.qcow2 1M; }
other_content() {
    refused_cleanly "$1" create --internal -n s1 && refused_cleanly "$1" create --external -n s1
}
rm xvda.qcow2
"$QEMU_IMG" create -q -f qcow2 -o data_file=data.raw xvda.qcow2 1M
ok "a data file" other_content "its data is in another file, /srv/web/data.raw, which"
"$QEMU_IMG" create -q -f vmdk -o subformat=twoGbMaxExtentFlat extents.vmdk 1M
base /srv/web/extents.vmdk vmdk
ok "extents" other_content "base /srv/web/extents.vmdk is of format vmdk, whose content may be in any"
new_image raw base.raw "web base"
base base.raw raw
sleep_with rw base.raw
ok "a base that somebody writes to" refused_cleanly \
    "/srv/web/base.raw is in use by sleep (pid $!)" create --external -n s1
ends $!
for way in file:/srv/web/base.raw nbd://storage/web rbd:pool/web 'json:{"driver":"quorum",
    "vote-threshold":1,"children":[{"driver":"file","filename":"/srv/web/base.raw"}]}'; do
    base "$way" raw
    ok "a base that is no file's name: $(echo "$way" | head -c 9)" other_content \
        "which is no file of this host, and is not opened"
done
"$QEMU_IMG" create -q -f qcow2 -u -b base.raw -F raw xvda.qcow2 1M
# its first extension, which says that, becomes one that nobody knows
printf x | dd of=xvda.qcow2 bs=1 seek=112 conv=notrunc 2>/dev/null
ok "a base whose format the data in it decides" other_content \
    "the image above /srv/web/base.raw does not say which format that has"
mended_as_told() {
    told=$(sed -n 's/.*, run qemu-img \(.*\) (for FORMAT.*/\1/p' "$hidden/error")
    eval "\"\$QEMU_IMG\" $(echo "$told" | sed 's/FORMAT/raw/')" >/dev/null &&
        says "Snapshot s1" create --external -n s1
}
ok "can be made to say it" mended_as_told

# --- nothing ---------------------------------------------------------------

new_host
define_domain web
ok "a snapshot of nothing" refused_cleanly "a snapshot of nothing" create
finished
