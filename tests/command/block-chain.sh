# SPDX-License-Identifier: LGPL-2.1-only
# block-chain: the images of each disk as a tree, who needs them on this host, and what is
# left over; whatever people have done to them in between.
. "$srcdir/tests/command/faults.sh"

chain() { xl block-chain "$@"; }
create() { xl snapshot-create --domain-config web.cfg --update-config=web.cfg "$@" web >/dev/null; }
# revert NAME: and the domain is off again, and its xl.cfg names what it is on.
revert() {
    xl snapshot-revert web "$(cfg "$1")" >/dev/null && xl destroy web
    sed -i "s,xvda[.a-z0-9]*qcow2,xvda.$1.r1.qcow2,; s,xvdb[.a-z0-9]*qcow2,xvdb.$1.r1.qcow2," web.cfg
}
clone() { "$QEMU_IMG" create -q -f qcow2 -F qcow2 -b "$@"; }
# row IMAGE FORMAT STATE NEEDED-BY: there is such a row in the tree of xvda.
row() {
    chain web xvda >"$hidden/tree" && sed 's/[0-9]* KiB//; s/  */ /g' \
        "$hidden/tree" | grep -qFx -- "$(echo "$*" | sed 's/  */ /g')" || { cat "$hidden/tree"; return 1; }
}
# about IMAGE FILTER: FILTER, of jq, is true of that image of web's.
about() { json ".disks[].images[] | select(.path == \"$1\") | $2" chain --json web; }
kinds() { about "$1" "[.needs[] | .kind + \":\" + .how + \":\" + .name] | . == $2"; }
unknown() { json "[.unknown[] | select(contains(\"$1\"))] | length == 1" chain --json web; }
all_known() { json '.unknown == []' chain --json web; }
leftovers() {
    same "$(chain web | sed -n '/^Left over/,$s/.* KiB  //p' | xargs)" "$*" &&
        same "$(xl snapshot-list --json --domain-config web.cfg web |
            jq -r '.leftovers[].path' | xargs)" "$*"
}

# --- whose chain -----------------------------------------------------------

define_domain web qcow2 raw
ok "a domain that nobody knows" refuses "domain web: there is no such domain; if it does not \
run, name its xl.cfg with --domain-config" chain web
ok "by its xl.cfg" says "/srv/web/xvda.qcow2, 1 MiB, 1 image" chain --domain-config web.cfg web
ok "which may stand for it" says "/srv/web/xvda.qcow2, 1 MiB, 1 image" chain ./web.cfg
ok "but not twice" fails 2 "name the xl.cfg once" chain --domain-config web.cfg ./web.cfg
ok "nor be another's" refuses "is of domain web, not of db" chain --domain-config web.cfg db
ok "nor be missing" refuses "No such file" chain ./no.cfg
ok "nor a folder" refuses "/srv" chain /srv
ln -s /srv/web/web.cfg /etc/xen/web.cfg
ok "one in Xen's folder is found" says "/srv/web/xvda.qcow2, 1 MiB, 1 image" chain web
ok "one of its disks" lacks xvda chain web xvdb
ok "that it has not" refuses "domain web has no disk xvdz; its disks: xvda, xvdb" chain web xvdz
ok "who needs it" row xvda.qcow2 qcow2 active "domain web by /etc/xen/web.cfg"
xl create web.cfg
ok "of one that runs" row xvda.qcow2 qcow2 active "domain web"
ok "also where its QEMU has gone" json '.disks | map(.vdev) == ["xvda", "xvdb"]' chain --json web
rm /etc/xen/web.cfg
ok "or it has no xl.cfg" row xvda.qcow2 qcow2 active "domain web"
xl destroy web
ln -s /srv/web/web.cfg /etc/xen/

# --- the tree --------------------------------------------------------------

create --external -n s1
create --external -n s2
create --internal -n t1
size=$(stat -c %b xvda.qcow2)
ok "sizes are exact in JSON" about /srv/web/xvda.qcow2 ".bytes == $size * 512 and
    .virtual_size == 1048576 and .layer and .exists and (.active or .leftover or .open | not)"
ok "its base" row xvda.qcow2 qcow2 frozen "snapshot s1"
ok "what stands on that" row xvda.s1.qcow2 qcow2 frozen "snapshot s2"
ok "a tag is told as its snapshot" row xvda.s2.qcow2 qcow2 active "domain web by \
/etc/xen/web.cfg; snapshot t1"
ok "who needs an image needs all below it" kinds /srv/web/xvda.s1.qcow2 '["domain:in-chain:web",
    "snapshot:parent:s2", "snapshot:in-chain:t1", "tag:in-chain:t1",
    "image:in-chain:/srv/web/xvda.s2.qcow2", "snapshot:child:s1"]'
ok "each image is behind its base" json '.disks[0].images | map(.base) == [null,
    "/srv/web/xvda.qcow2", "/srv/web/xvda.s1.qcow2"]' chain --json web
ok "nothing is left over" leftovers
ok "and all known" all_known
"$QEMU_IMG" snapshot -c mine xvda.s2.qcow2
ok "a tag by hand is told by itself" row xvda.s2.qcow2 qcow2 active "domain web by \
/etc/xen/web.cfg; snapshot t1; tag mine"
"$QEMU_IMG" snapshot -d mine xvda.s2.qcow2

# --- what is left over -----------------------------------------------------

revert s2
ok "after a revert, what has a tag is not" leftovers
rm -r "$snapshots/web/t1"
ok "until nobody needs that, a tag is one who does" row "|-- xvda.s2.qcow2" qcow2 writable "tag t1"
"$QEMU_IMG" snapshot -d t1 xvda.s2.qcow2
"$QEMU_IMG" snapshot -d t1 xvdb.s2.qcow2
sleep 0.1       # a file's date goes by ticks
touch xvda.s2.r1.qcow2 xvdb.s2.r1.qcow2
ok "then it is left over" leftovers /srv/web/xvda.s2.qcow2 /srv/web/xvdb.s2.qcow2
ok "and says so" row "|-- xvda.s2.qcow2" qcow2 leftover -
revert s1
ok "with all that stands on it, a snapshot's no" leftovers /srv/web/xvda.s2.qcow2 \
    /srv/web/xvda.s2.r1.qcow2 /srv/web/xvdb.s2.qcow2 /srv/web/xvdb.s2.r1.qcow2
ok "branches of branches" says "|   |-- xvda.s2.qcow2 " chain web
sleep_with r xvda.s2.qcow2
ok "one that is open is not" about /srv/web/xvda.s2.qcow2 ".leftover == false and
    (.users | startswith(\"sleep (pid $!\"))"
ok "it is told by whom" says "open in sleep (pid $!" chain web
ends $!
clone /srv/web/xvda.s2.qcow2 on-it.qcow2
ok "nor one on which somebody's image stands" leftovers /srv/web/xvda.s2.r1.qcow2 \
    /srv/web/xvdb.s2.qcow2 /srv/web/xvdb.s2.r1.qcow2
ok "of which nobody knows whose it is" row "|   |   on-it.qcow2" qcow2 writable -
rm on-it.qcow2
cp xvda.s2.qcow2 by-hand.s1.r1.qcow2
ok "nor what only resembles one" about /srv/web/by-hand.s1.r1.qcow2 '.leftover == false'
rm by-hand.s1.r1.qcow2
xl create web.cfg
xl rename web www
ok "a domain is known by its uuid when it was renamed" json \
    '[.disks[].images[] | select(.leftover)] | length == 4' chain --json www
ok "its snapshots are by the old name" says "snapshot s1 of web" chain www
xl destroy www
mkdir -p /srv/other && cp -a "$snapshots/web/s1" /srv/other/s1
rm -r "$snapshots/web/s1"
ok "a snapshot config that is elsewhere is not known" row xvda.qcow2 qcow2 frozen -
ok "until its folder is named" says "snapshot s1" chain -d ../other web
cp -a /srv/other/s1 "$snapshots/web/s1"
ok "one that is there twice is told once" says "frozen    snapshot s1" \
    chain -d /srv/other web
ok "but in JSON" json '[.disks[0].images[0].needs[] | select(.how == "parent").known] | length == 2' \
    chain --json -d /srv/other web
ok "a folder of the default place is none twice" json \
    '[.disks[0].images[0].needs[] | select(.how == "parent").known] | length == 1' \
    chain --json -d "$snapshots/./web" web

# --- an xl.cfg of before ---------------------------------------------------

cp web.cfg "$hidden/new.cfg"
sed -i 's/xvda.s1.r1/xvda.s1/' web.cfg
ok "of a domain that is off, what was written since its image is not left over" about \
    /srv/web/xvda.s1.r1.qcow2 '.leftover == false'
sed -i 's/xvda.s1.qcow2/xvda.qcow2/' web.cfg
ok "nor is anything where it names a base" json \
    '[.disks[0].images[] | select(.leftover)] == []' chain --json web
ok "which is told" unknown "other images stand on /srv/web/xvda.qcow2, which the xl.cfg names; \
what the domain wrote last may be in one of them"
cp "$hidden/new.cfg" web.cfg

# --- clones, by hand -------------------------------------------------------

clone /srv/web/xvda.qcow2 clone.qcow2
ok "in the same folder, one that nobody has on record" row "|-- clone.qcow2" qcow2 writable -
cd /srv/other && clone ../web/xvda.qcow2 odd.name
printf 'name = "db"\ndisk = [ "/srv/other/odd.name,qcow2,xvda,w" ]\n' >/etc/xen/db.cfg
ok "in another one, by an xl.cfg" row "|-- /srv/other/odd.name" qcow2 writable \
    "domain db by /etc/xen/db.cfg"
clone odd.name on-odd.qcow2
ok "and what is beside that" row "|   /srv/other/on-odd.qcow2" qcow2 writable -
mkdir /etc/xen/auto && mv /etc/xen/db.cfg /etc/xen/auto/10-db
ln -s auto/10-db /etc/xen/db.cfg
ok "one that starts with the host is told once" row "|-- /srv/other/odd.name" qcow2 writable \
    "domain db by /etc/xen/db.cfg"
rm /etc/xen/db.cfg
ok "also if it is there alone" row "|-- /srv/other/odd.name" qcow2 writable \
    "domain db by /etc/xen/auto/10-db"
rm -r /etc/xen/auto
ok "nobody knows it then" lacks odd.name chain web
cd /srv && define_domain db qcow2
clone /srv/web/xvda.qcow2 xvda.qcow2
xl create db.cfg
ok "the disk of one that runs" row "|-- /srv/db/xvda.qcow2" qcow2 writable "domain db"
mkdir -p /var/lib/xen/save
empty_folder /etc/default
echo XENDOMAINS_SAVE=/var/lib/xen/save >/etc/default/xendomains
memory_image /var/lib/xen/save/db "$(image_json db | sed 's/.use-xl-snapshot-revert//')"
xl destroy db
ok "of one whose memory was saved" row "|-- /srv/db/xvda.qcow2" qcow2 writable \
    "saved memory /var/lib/xen/save/db"
echo broken >/var/lib/xen/save/db
ok "saved memory that is damaged is told" unknown "memory image /var/lib/xen/save/db: "
rm -r /var/lib/xen/save
cd /srv/web || exit 1
domain=web

# --- other names of an image -----------------------------------------------

ln -s /srv/web /srv/link
thawed xvda.qcow2       # an immutable file gets no other name
ln xvda.qcow2 hard.qcow2
clone /srv/link/xvda.qcow2 by-link.qcow2
ok "a base by a link" about /srv/web/by-link.qcow2 '.base == "/srv/web/xvda.qcow2"'
clone hard.qcow2 by-hard.qcow2
ok "by a hard link" about /srv/web/by-hard.qcow2 '.base == "/srv/web/xvda.qcow2"'
"$QEMU_IMG" rebase -u -f qcow2 -F qcow2 -b 'json:{"driver":"qcow2","file":{"driver":"file",
"filename":"/srv/web/./xvda.qcow2"}}' by-link.qcow2
ok "in QEMU's own words" about /srv/web/by-link.qcow2 '.base == "/srv/web/xvda.qcow2"'
rm hard.qcow2 by-hard.qcow2 by-link.qcow2
sed -i 's,/srv/web/xvda,/srv/link/xvda,' "$(cfg s1)"
ok "a snapshot that knows it by a link" row xvda.qcow2 qcow2 writable "snapshot s1"
ok "and what it has made, left over" says "Left over" chain web
mkdir /srv/mounted && mount --bind /srv/web /srv/mounted
sed -i 's,/srv/link/xvda,/srv/mounted/xvda,' "$(cfg s1)"
ok "by a mount" says "snapshot s1" chain web xvda
umount /srv/mounted
ok "and if it has been moved, by its recorded state" row xvda.qcow2 qcow2 writable "snapshot s1"
guest_writes qcow2 xvda.qcow2 "something else"
ok "which is no longer its own" row xvda.qcow2 qcow2 writable -
sed -i 's,/srv/mounted/xvda,/srv/web/xvda,' "$(cfg s1)"
ok "whatever is at the place that it knows" row xvda.qcow2 qcow2 writable "snapshot s1"
create -n tagged
sed -i 's,/srv/web/xvda,/srv/gone/xvda,' "$(cfg tagged)"
ok "a tag is known by its own" row xvda.s1.r1.qcow2 qcow2 active \
    "domain web by /etc/xen/web.cfg; snapshot tagged"

# --- what is damaged, or out to harm ---------------------------------------

cp "$(cfg s2)" "$hidden/s2"
echo 'name = ' >"$(cfg s2)"
ok "a snapshot config that is damaged is told" unknown "s2/snapshot.cfg"
ok "in the text, too" says "Not known, and to be looked into before an image is deleted:" chain web
cp "$hidden/s2" "$(cfg s2)"
echo 'disk = [' >/etc/xen/bad.cfg
mkfifo /etc/xen/fifo.cfg
mkdir /etc/xen/folder.cfg
ok "so is an xl.cfg" unknown "/etc/xen/bad.cfg"
ok "that would wait" unknown "/etc/xen/fifo.cfg"
ok "or is none" unknown "/etc/xen/folder.cfg"
rm -r /etc/xen/bad.cfg /etc/xen/fifo.cfg /etc/xen/folder.cfg
mkfifo pipe.qcow2
ln -s pipe.qcow2 to-pipe.qcow2
ln -s to-nowhere to-nowhere
ln -s /dev/zero zero.qcow2
printf 'QFI\373' >short.qcow2
: >empty.qcow2
clone /srv/web/xvda.qcow2 nbd.qcow2
"$QEMU_IMG" rebase -u -f qcow2 -F raw -b nbd://nowhere/x nbd.qcow2
ok "what lies in the folder is no image" all_known
printf 'QFI\373\0\0\0\3%0500d' 0 | tr 0 '\377' >huge.qcow2
ok "nor is a header of nonsense" all_known
clone xvda.qcow2 loop-a.qcow2
clone loop-a.qcow2 loop-b.qcow2
"$QEMU_IMG" rebase -u -f qcow2 -F qcow2 -b loop-b.qcow2 loop-a.qcow2
ok "a chain without an end ends" unknown "it is its own base"
rm loop-? loop-?.* huge.* short.* empty.* nbd.* pipe.* to-* zero.* 2>/dev/null
name=$(printf 'two\nlines\033[31m.qcow2')
clone /srv/web/xvda.qcow2 "$name"
ok "a name is one line" says '|-- two\x0alines\x1b[31m.qcow2' chain web xvda
ok "in JSON it is as it is" json \
    '[.disks[0].images[].path] | contains(["/srv/web/two\nlines\u001b[31m.qcow2"])' chain --json web
rm "$name"
mv xvda.s1.r1.qcow2 away
ok "an active layer that is missing is told" json '.disks[0].images | length == 1
    and (.[0] | .exists == false and .active)' chain --json web
mv away xvda.s1.r1.qcow2
cp xvda.s1.r1.qcow2 good && printf 'no image' >xvda.s1.r1.qcow2
ok "so is one that is damaged" says "xvda.s1.r1.qcow2: image /srv/web/xvda.s1.r1.qcow2: it is not \
a qcow2, or its header is damaged" chain web
ok "and what it stands on may be anything" unknown "what /srv/web/xvda.s1.r1.qcow2 stands on"
cp good xvda.s1.r1.qcow2
thawed xvda.qcow2
mv xvda.qcow2 away
ok "a base that is missing is told" row xvda.qcow2 - - missing "snapshot s1"
mv away xvda.qcow2

# --- an operation that has not ended ---------------------------------------

new_host
define_domain web qcow2
fault 5 kill-after create --external -n s1
ok "what has not ended needs its images" says \
    "snapshot-create of web, which has not ended" chain ./web.cfg
mv xvda.qcow2 moved.qcow2
sed -i 's/xvda.qcow2/moved.qcow2/' web.cfg
ok "also when they were moved" says "snapshot-create of web, which has not ended" chain ./web.cfg
echo broken >"$(ls "$snapshots"/.journal/*.json)"
ok "a journal that is damaged is told" says ".json" chain ./web.cfg
rm -r "$snapshots/.journal"

# --- nothing is changed ----------------------------------------------------

remember
chain ./web.cfg >/dev/null
chain --json ./web.cfg >/dev/null
ok "nothing is changed by looking" unchanged
sed -i "s|^\]|    'phy:/dev/nothing,xvdc,w',\n    ',,hdc,cdrom',\n]|" web.cfg
ok "a disk that is none is told as that" says "xvdc  /dev/nothing" chain ./web.cfg
finished
