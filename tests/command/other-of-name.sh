# SPDX-License-Identifier: LGPL-2.1-only
# Between two steps, or in the weeks until a recovery, somebody gives the name of what
# the command acts on, or the ID of a tag, to another thing: no step takes that.
. "$srcdir/tests/command/faults.sh"

recover() { xl snapshot-recover "$@" web; }

# --- tags: a revert ----------------------------------------------------------

reverts_internal
set_up_once
plan_of attempt
# another_tag: the only tag of xvda.qcow2, with the ID of the one that was there.
another_tag() {
    qemu-img snapshot -d s1 xvda.qcow2
    qemu-img snapshot -c other xvda.qcow2
    remember
}
other="has another tag with the ID 1 by now, 'other', made at 20"
cut_off "$(begun "bring disk xvda")" && another_tag
ok "a tag that has got the ID of ours is not applied by a recovery" \
    fails 1 "xvda.qcow2 $other" recover --lose-writes
ok "the disk stays as it was" guest_sees qcow2 xvda.qcow2 later
ok "nor is the domain started" absent "$STAND_IN_XEN.xl"
cut_off "$(begun "bring disk xvda")" && qemu-img snapshot -d s1 xvda.qcow2
ok "one that is gone" fails 1 "xvda.qcow2 has no tag with the ID 1 any more" \
    recover --lose-writes
cut_off "$(begun "bring disk xvda")" && qemu-img snapshot -c other xvda.qcow2
ok "another one beside ours does no harm" says "Completed." recover --lose-writes
ok "ours is applied" guest_sees qcow2 xvda.qcow2 "web xvda"

start_over
at_work "$(begun "bitmaps of disk xvda")" attempt
another_tag
let_go >/dev/null
ok "nor is it by the revert" grep -q "xvda.qcow2 $other" "$hidden/first"
ok "the disk stays as it was" guest_sees qcow2 xvda.qcow2 later

# --- tags: a create ----------------------------------------------------------

attempt() { xl snapshot-create --domain-config web.cfg --internal -n s1 "$@" web; }
set_up() { define_domain web qcow2 qcow2; }
set_up_once
plan_of attempt
cut_off "$(begun "record the state")"
qemu-img snapshot -d s1 xvda.qcow2
guest_writes qcow2 xvda.qcow2 later
qemu-img snapshot -c s1 xvda.qcow2
ok "a tag that is another one by now is not recorded" fails 1 \
    "xvda.qcow2 has another tag with the ID 1 by now, 's1'" recover
ok "there is no snapshot" absent "$(cfg s1)"
cut_off "$(begun "record the state")"
ok "ours is" says "Completed." recover
ok "and the snapshot is good" says "users" xl snapshot-verify "$(cfg s1)"

# --- bases -------------------------------------------------------------------

attempt() { xl snapshot-create --domain-config web.cfg --external -n s1 "$@" web; }
set_up() { define_domain web qcow2; }
set_up_once
plan_of attempt
start_over
at_work "$(begun "make the base")" attempt
cp xvda.qcow2 copy && mv copy xvda.qcow2
let_go >/dev/null
ok "a base that is another file by now is not taken" grep -q \
    "xvda.qcow2 is another file by now" "$hidden/first"
ok "nor made unwritable" same "$(is_frozen xvda.qcow2)" no
ok "there is no snapshot" absent "$(cfg s1)"

# --- a base that has lost its flag -------------------------------------------

reverts_external
attempt() { xl snapshot-revert "$@" web "$(cfg s1)"; }
set_up_once
ok "a revert to a base that can be written to" thawed xvda.qcow2
plan_of attempt
ok "plans to make it unwritable" grep -q "make the base /srv/web/xvda.qcow2 unwritable" \
    "$hidden/steps"
ok "before the commit point" [ "$(begun "make the base")" -lt $((2 * commit)) ]
ok "the other one has its flag" same "$(grep -c "make the base" "$hidden/steps")" 1
fault "$(ended "make the base")" kill-after attempt
ok "made so" frozen xvda.qcow2
ok "cut off, it is undone" says "Undone." recover
ok "the other one keeps its flag" frozen xvdb.raw
thawed xvda.qcow2
ok "in the end" attempt
ok "both are unwritable" eval "frozen xvda.qcow2 && frozen xvdb.raw"
ok "and their content is back" images_are_back
plan_of attempt
ok "the next revert need not do it" same "$(grep -c "make the base" "$hidden/steps")" 0

# --- volumes -----------------------------------------------------------------

# volume NAME TAGS: what lvs tells, as if there were that volume in vg.
volume() {
    cat >"$hidden/lvs.json" <<END
{"report":[{"lv":[{"vg_name":"vg","lv_name":"$1","lv_uuid":"$1-uuid","lv_attr":"sri-a-s---",
"lv_size":"4194304","lv_path":"/dev/vg/$1","lv_dm_path":"/dev/mapper/vg-$1",
"lv_kernel_major":"253","lv_kernel_minor":"0","lv_tags":"$2","origin":"","pool_lv":"",
"data_percent":"","metadata_percent":"","chunk_size":"4096","vg_free":"0",
"vg_extent_size":"4194304","lv_time":"2026-01-01"}]}]}
END
}
mkdir -p "$hidden/lvm"
printf '#!/bin/sh\ncat %s\n' "$hidden/lvs.json" >"$hidden/lvm/lvs"
printf '#!/bin/sh\necho "$@" >>%s\n' "$hidden/taken" >"$hidden/lvm/lvcreate"
chmod +x "$hidden/lvm/lvs" "$hidden/lvm/lvcreate"
PATH=$hidden/lvm:$PATH
# journal_of OPERATION HEAD PLAN LINE...: that of an operation on web in this boot.
journal_of() {
    mkdir -p "$snapshots/.journal"
    {
        printf '{"operation":"%s","domain":"web","snapshot":"s1","began":1,"boot":"%s"%s,' \
            "$1" "$(cat /proc/sys/kernel/random/boot_id)" "$2"
        printf '"plan":[%s]}\n' "$3"
        shift 3
        printf '%s\n' "$@"
    } >"$snapshots/.journal/web.json"
}
made_volume() {
    mkdir -p "$snapshots/web"
    echo 'name = "s1"' >"$snapshots/web/cfg.partial"
    journal_of create "" \
        '{"kind":"look-off","what":"make it","commit_point":true},
        {"kind":"record","what":"record it","path":"'"$snapshots/web/cfg.partial"'",
        "content":"name = \"s1\"","known":[{"what":"vg/web.s1","is":"lv-tag xl-snapshot.17"}]},
        {"kind":"publish","what":"name it","path":"'"$snapshots/web/cfg.partial"'",
        "to":"'"$snapshots/web/cfg"'","needs_all":true}' \
        '{"step":0,"kind":"look-off","state":"done"}'
    sed -i ':a;N;$!ba;s/,\n */,/g' "$snapshots/.journal/web.json"
}
new_host
volume web.s1 backup
made_volume
ok "a volume that is another one by now is not recorded" fails 1 \
    "record it: vg/web.s1 is another volume by now, made at 2026-01-01" recover
ok "there is no snapshot" absent "$snapshots/web/cfg"
volume web ""
ok "nor one that is gone" fails 1 "vg/web.s1 is not there any more" recover
volume web.s1 xl-snapshot.17
ok "the one that was made is" says "Completed." recover
ok "there is one" test -e "$snapshots/web/cfg"

thin='"lvcreate","-q","-s","-prw","-kn","-n","web.r1","vg/web"'
boots="\"$XL_SNAPSHOT_XL\",\"create\",\"-q\",\"-p\",\"/srv/web.cfg\",\"disk=[]\""
# for_boot: a revert, cut off before the domain is booted on the volume that it has made.
for_boot() {
    journal_of revert "" \
        '{"kind":"exec","what":"make it","argv":['"$thin"'],"done_when":"lv-is-there",
        "shows":"vg/web.r1","lv_tag":"xl-snapshot.17","undo":{"kind":"exec","what":"remove it",
        "argv":["lvremove","-q","-y","-f","vg/web.r1"],"done_when":"lv-is-removed","shows":"vg/web.r1",
        "lv_tag":"xl-snapshot.17"}},
        {"kind":"boot","what":"boot it","argv":['"$boots"'],"commit_point":true}' \
        '{"step":0,"kind":"exec","state":"done"}' '{"step":1,"kind":"boot","state":"begun"}'
    sed -i ':a;N;$!ba;s/,\n */,/g' "$snapshots/.journal/web.json"
}
undone="it is to be undone: it has overwritten nothing, and vg/web.r1 is not the volume that it has \
made"
for_boot
volume web.r1 xl-snapshot.17
ok "a domain is booted on the volume that was made for it" says "it is to be completed" recover -N
volume web.r1 backup
ok "not on another one" says "$undone" recover
ok "which is left" grep -q "^Left: .*web.r1" "$hidden/out"
for_boot
volume web ""
ok "nor on none" says "$undone" recover
ok "and never without that volume" absent "$STAND_IN_XEN.xl"

# merged: a revert, cut off after its merge, when the journal has the print of the
# volume that it was merged into, for which a file does.
merged() {
    rm -f "$hidden/taken"
    print="file $(stat -c '%i %s %.9Y %.9Z' /srv/volume) $1"
    journal_of revert ',"at_stake":["/srv/volume"],"prints":["'"$print"'"]' \
        '{"kind":"exec","what":"merge it","argv":["lvconvert","-q","-y","--merge","-i","1","vg/web.s1"],"commit_point":true,"writes":"/srv/volume",
        "done_when":"lv-is-gone","shows":"vg/web.s1","lv_tag":"xl-snapshot.17"},
        {"kind":"exec","what":"take it again","argv":['"$thin"'],"needs_all":true,
        "done_when":"lv-is-there","shows":"vg/web.s1","lv_tag":"xl-snapshot.17",
        "known":[{"what":"/srv/volume","is":"print unknown"}]},
        {"kind":"boot","what":"boot it","argv":['"$boots"'],"needs_all":true}' \
        '{"step":0,"kind":"exec","state":"done","made":"print '"$print"'","prints":["'"$print"'"]}'
    sed -i ':a;N;$!ba;s/,\n */,/g' "$snapshots/.journal/web.json"
}
gone="take it again: /srv/volume has been written to since the snapshot was merged into it, \
or nobody knows; the snapshot is gone, and what is on the volume now is not it"
new_host
volume web ""
echo "as at the snapshot" >/srv/volume
merged 0000000000000000
ok "what is not as it was merged is not taken as the snapshot" fails 1 "$gone" recover
ok "whatever a person says" fails 1 "$gone" recover --lose-writes
ok "LVM was not asked to" absent "$hidden/taken"
edit_journal 's/"made":"[^"]*",//'
ok "nor if the journal does not tell how it was" fails 1 "$gone" recover --lose-writes
ok "it can be given up" xl snapshot-recover --abandon web
finished
