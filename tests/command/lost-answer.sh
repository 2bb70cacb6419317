# SPDX-License-Identifier: LGPL-2.1-only
# A create was cut off in QEMU's transaction, or its answer was lost, and the domain has
# ended since: what nobody knows to be a snapshot becomes none, and what the guest wrote
# is kept.
. "$srcdir/tests/command/faults.sh"

recover() { xl snapshot-recover "$@"; }
# cannot TEXT: the recovery fails with that, and its journal stays.
cannot() { fails 1 "$1" recover web && same "$(journal | wc -l)" 1; }
removed=$hidden/removed
mkdir "$hidden/lvm"
printf '#!/bin/sh\ntouch "$(cat %s)"\n' "$hidden/removes" >"$hidden/lvm/lvchange"
chmod +x "$hidden/lvm/lvchange"
PATH=$hidden/lvm:$PATH
# left STATE WHEN DISK...: what a create leaves whose transaction is in STATE. It has
# made a volume before; the command that removes it makes the file $removed.
# DISK is that of an overlay, xvda, or of a tag, xvda=tag.
left() {
    of=$snapshots/web/s1 state=$1 when=$2 made='' overlays='' tagged='' actions='' to=''
    freeze=''
    shift 2
    mkdir -p "$snapshots/.journal" "$of"
    : >"$of/memory.partial"
    : >"$of/snapshot.cfg.partial"
    rm -f "$removed"
    echo "$removed" >"$hidden/removes"
    for disk; do
        name=${disk%=tag}
        [ -z "$actions" ] || actions="$actions,"
        if [ "$disk" != "$name" ]; then
            tagged="$tagged${tagged:+,}\"/srv/web/$name.qcow2\""
            actions="$actions{\\\"type\\\":\\\"blockdev-snapshot-internal-sync\\\",
\\\"data\\\":{\\\"device\\\":\\\"$name\\\",\\\"name\\\":\\\"s1\\\"}}"
            continue
        fi
        file=/srv/web/$name.s1.qcow2
        "$QEMU_IMG" create -q -f qcow2 -u -b "$PWD/$name.raw" -F raw "$file" 1M
        actions="$actions{\\\"type\\\":\\\"blockdev-snapshot\\\",\\\"data\\\":{\
\\\"node\\\":\\\"$name\\\",\\\"overlay\\\":\\\"$name-s1\\\"}}"
        overlays="$overlays{\"kind\":\"create-file\",\"what\":\"create $file\",\
\"path\":\"$file\",\"undo\":{\"kind\":\"unlink\",\"what\":\"remove $file\",\
\"path\":\"$file\"}},"
        to="$to${to:+,}{\"vdev\":\"$name\",\"from\":\"/srv/web/$name.raw\",\
\"to\":\"$file\",\"format\":\"qcow2\",\"be_path\":\"/be/$name\",\"devid\":51712}"
        freeze="$freeze{\"kind\":\"freeze\",\"what\":\"freeze $name\",\
\"path\":\"/srv/web/$name.raw\"},"
        made="$made $file"
    done
    {
        tr -d '\n' <<END
{"operation":"create","domain":"web","uuid":"$uuid","domid":7,"snapshot":"s1","began":1,
"memory":"$of/memory.partial","boot":"$(cat /proc/sys/kernel/random/boot_id)",
"tagged":[$tagged],"plan":[$overlays
{"kind":"mkdir","what":"create the folder $of","path":"$of",
"undo":{"kind":"rmdir","what":"remove the folder $of","path":"$of"}},
{"kind":"create-file","what":"create the memory image","path":"$of/memory.partial",
"undo":{"kind":"unlink","what":"remove the memory image","path":"$of/memory.partial"}},
{"kind":"create-file","what":"create the config","path":"$of/snapshot.cfg.partial",
"undo":{"kind":"unlink","what":"remove the config","path":"$of/snapshot.cfg.partial"}},
{"kind":"exec","what":"make a volume","argv":["lvchange","-q","-pr","vg/a"],
"undo":{"kind":"exec","what":"remove the volume","argv":["lvchange","-q","-prw","vg/a"]}},
{"kind":"qmp","what":"snapshot the disks in one QEMU transaction","command":"transaction",
"arguments":"{\"actions\":[$actions]}","commit_point":true},
{"kind":"unpause","what":"unpause the domain"},
${to:+"{\"kind\":\"repoint\",\"what\":\"repoint the disks\",\"disks\":[$to]},"}$freeze
{"kind":"record","what":"record the state","path":"$of/snapshot.cfg.partial",
"content":"config"},
{"kind":"publish","what":"name the memory image","path":"$of/memory.partial",
"to":"$of/memory"},
{"kind":"publish","what":"name the snapshot config","path":"$of/snapshot.cfg.partial",
"to":"$of/snapshot.cfg","needs_all":true}]}
END
        echo
        step=0
        for file in $made; do
            born=$(stat -c %W "$file").$(stat -c %w "$file" | sed 's/.*\.//; s/ .*//')
            echo "{\"step\":$step,\"kind\":\"create-file\",\"state\":\"done\",\
\"made\":\"inode $(stat -c %i "$file") born $born\"}"
            step=$((step + 1))
        done
        step=$((step + 4))
        echo "{\"step\":$step,\"kind\":\"qmp\",\"state\":\"begun\",\"time\":$when}"
        [ "$state" = begun ] || echo "{\"step\":$step,\"kind\":\"qmp\",\
\"state\":\"$state\",\"time\":$when}"
        [ "$state" = begun ] || echo "{\"step\":$((step + 1)),\"kind\":\"unpause\",\
\"state\":\"done\"}"
    } >"$snapshots/.journal/$uuid.json"
}
now() { date +%s; }
is_no_snapshot() { absent "$snapshots/web/s1" && test -e "$removed"; }

# --- overlays --------------------------------------------------------------

define_domain web raw raw
for state in begun lost; do
    left $state "$(now)" xvda xvdb
    touch -d '+1 hour' xvda.raw
    ok "$state, and all overlays are empty, so the bases have everything: undone" \
        says "Undone." recover web
    ok "the overlays are gone" absent xvda.s1.qcow2 xvdb.s1.qcow2
    ok "and what belongs to the snapshot" is_no_snapshot
    touch xvda.raw

    left $state "$(now)" xvda xvdb
    guest_writes qcow2 xvdb.s1.qcow2 "by the guest"
    ok "$state, and the guest wrote to one: that is kept" says "it is to be completed, but \
without a snapshot: nobody knows if" recover web
    ok "which is all of it" guest_sees qcow2 xvdb.s1.qcow2 "by the guest"
    ok "the other one, too, though it is empty" test -e xvda.s1.qcow2
    ok "their bases are frozen" same "$(is_frozen xvda.raw) $(is_frozen xvdb.raw)" "yes yes"
    ok "but there is no snapshot" is_no_snapshot
    chattr -i xvda.raw xvdb.raw
    rm -f xvda.s1.qcow2 xvdb.s1.qcow2
done

removed=$hidden/folder/removed
left begun "$(now)" xvda xvdb
guest_writes qcow2 xvdb.s1.qcow2 "by the guest"
ok "a recovery that cannot remove the volume fails" cannot "not every step could be completed"
"$QEMU_IMG" create -q -f qcow2 -u -b "$PWD/xvdb.raw" -F raw new.qcow2 1M
cat new.qcow2 >xvdb.s1.qcow2
mkdir "$hidden/folder"
ok "the next one decides as it did, whatever it finds" says "completed, but without a \
snapshot: nobody knows" recover web
ok "so no overlay is removed" test -e xvdb.s1.qcow2
ok "but the volume is" is_no_snapshot
removed=$hidden/removed

# --- tags ------------------------------------------------------------------

new_host
define_domain web qcow2 qcow2
for images in xvda xvdb "xvda xvdb"; do
    left begun "$(now)" xvda=tag xvdb=tag
    for image in $images; do "$QEMU_IMG" snapshot -c s1 "$image.qcow2"; done
    ok "tags that may be of another instant ($images) are removed" says "Undone." recover web
    ok "all of them" same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" ''
    ok "there is no snapshot" is_no_snapshot
done

left begun "$(now)" xvda=tag xvdb=tag
"$QEMU_IMG" snapshot -c s1 xvda.qcow2
sleep_with rw xvda.qcow2
ok "not while somebody uses the image" cannot "remove the tag s1 from /srv/web/xvda.qcow2: in \
use by sleep"
ends $!
ok "but when that has ended" says "Undone." recover web
ok "it is removed" same "$(tags xvda.qcow2)" ''

left begun $(($(now) - 1728000)) xvda=tag xvdb=tag
"$QEMU_IMG" snapshot -c s1 xvda.qcow2
"$QEMU_IMG" snapshot -c s1 xvdb.qcow2
ok "tags that somebody made weeks later are no snapshot" says "Undone." recover web
ok "they are told of" grep "Left: tag s1 of /srv/web/xvda.qcow2, made at 20" "$hidden/out"
ok "and left" same "$(tags xvda.qcow2) $(tags xvdb.qcow2)" "s1 s1"

left "done" $(($(now) - 1728000)) xvda=tag xvdb=tag
"$QEMU_IMG" snapshot -d s1 xvdb.qcow2
ok "nor are they where the transaction was done" says "completed, but without a snapshot: a \
tag" recover web
ok "there is none" absent "$snapshots/web/s1"
ok "the tag is left" same "$(tags xvda.qcow2) $(tags xvdb.qcow2)" "s1 "
"$QEMU_IMG" snapshot -d s1 xvda.qcow2

# --- both ------------------------------------------------------------------

new_host
define_domain web raw qcow2
left lost "$(now)" xvda xvdb=tag
guest_writes qcow2 xvda.s1.qcow2 "by the guest"
"$QEMU_IMG" snapshot -c s1 xvdb.qcow2
ok "a disk that was switched, and one that was tagged" says "completed, but without a \
snapshot" recover web
ok "the overlay is kept" guest_sees qcow2 xvda.s1.qcow2 "by the guest"
ok "the tag is removed" same "$(tags xvdb.qcow2)" ''
finished
