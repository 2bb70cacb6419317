# SPDX-License-Identifier: LGPL-2.1-only
# What an undo removes, and a recovery publishes, is what the command has made: a file
# that somebody has put in its place since is left, and told of.
. "$srcdir/tests/command/faults.sh"

attempt() { xl snapshot-create --domain-config web.cfg --external -n s1 "$@" web; }
# replaced FILE: by somebody, whose it is from then on.
replaced() {
    rm "$1"
    echo "somebody's" >"$1"
}
is_somebodys() { same "$(cat "$1")" "somebody's"; }
# left FILE: a recovery ends, says that it has left FILE, and has.
left() {
    recovery="xl snapshot-recover web"
    says "Left: $1 is not the file that the command has made" $recovery &&
        absent "$snapshots/.journal" && is_somebodys "$1"
}
# without_records: the journal is as an older version has written it.
without_records() {
    edit_journal 's/,"made":"[^"]*"//'
}

as_after() { xl snapshot-verify "$(cfg s1)"; }
set_up() { define_domain web qcow2 raw; }
set_up_once
plan_of attempt
overlay=/srv/web/xvda.s1.qcow2
of_s1=$snapshots/web/s1

# --- undone by a recovery --------------------------------------------------

cut_off "$(ended "create.*xvda.s1")" && replaced "$overlay"
ok "an overlay that is another one by now is left" left "$overlay"
ok "and said to be undone" grep -qx "Undone." "$hidden/out"

cut_off "$(ended "format.*xvda.s1")" && cp "$overlay" copy && mv copy "$overlay"
ok "a copy, too, is another file" says "Left: $overlay is not" xl snapshot-recover web
ok "and stays" qemu-img check -q "$overlay"

cut_off "$(ended "create.*xvda.s1")" && replaced "$overlay"
ok "as JSON" json ".[0].left | contains(\"$overlay is not\")" \
    xl snapshot-recover --json web
ok "what is told of in a dry run has not been left" lacks "Left" xl snapshot-recover -N --all

cut_off "$(begun "create.*xvda.s1")"
ok "a file that was not made is none to remove" undone
cut_off "$(begun "create.*xvda.s1")" && : >"$overlay"
ok "one that is empty, and may be ours, is removed" undone
cut_off "$(begun "create.*xvda.s1")" && echo "somebody's" >"$overlay"
ok "one that somebody has made meanwhile is left" says \
    "Left: $overlay may not be the file that the command has made; if you have not put it there, remove it." \
    xl snapshot-recover web
ok "and stays" is_somebodys "$overlay"
cut_off "$(begun "create the snapshot config")"
jq -rj 'select(.plan).plan[] | select(.path == $file).content' \
    --arg file "$of_s1/snapshot.cfg.partial" "$snapshots"/.journal/*.json |
    head -c 50 >"$of_s1/snapshot.cfg.partial"
ok "a part of what was to be written is removed" undone

cut_off "$(ended "create.*xvdb.s1")" && replaced "$of_s1/snapshot.cfg.partial"
ok "a part of the snapshot config that is another one is left" \
    left "$of_s1/snapshot.cfg.partial"

cut_off "$(ended "create.*xvda.s1")" && rm -r "$of_s1" && mkdir "$of_s1"
ok "a folder that is another one is left" says "Left: $of_s1 is not the folder" \
    xl snapshot-recover web
ok "and stays" test -d "$of_s1"

# --- a file that somebody has made before us ---------------------------------

# The command finds it there, and is killed before it has undone the rest.
start_over
at_work "$(begun "create.*xvdb.s1")" attempt
echo "somebody's" >/srv/web/xvdb.s1.qcow2
let_go >/dev/null
ok "one that was there first: it fails" grep -q "cannot create /srv/web/xvdb.s1.qcow2: File exists" \
    "$hidden/first"
ok "and it stays" is_somebodys /srv/web/xvdb.s1.qcow2
ok "nothing else does" absent "$overlay" "$of_s1" "$snapshots/.journal"

cut_off "$(begun "create.*xvdb.s1")"
: >/srv/web/xvdb.s1.qcow2
echo '{"step":'$(($(begun "create.*xvdb.s1") / 2 - 1))',"kind":"create-file","state":"refused"}' \
    >>"$snapshots/.journal/web.json"
ok "also if it is empty, and the command was killed then" says "Undone." xl snapshot-recover web
ok "it stays" test -e /srv/web/xvdb.s1.qcow2
ok "and needs no word" same "$(grep Left "$hidden/out")" ""

# --- undone by the command itself --------------------------------------------

start_over
at_work "$(begun "format.*xvdb.s1")" attempt
replaced "$overlay"
kill -TERM "$pid"
let_go >/dev/null
ok "a command that is stopped leaves it, too" grep -q "interrupted by a signal.*; left: \
$overlay is not the file that the command has made" "$hidden/first"
ok "and it stays" is_somebodys "$overlay"
ok "nothing else does" absent /srv/web/xvdb.s1.qcow2 "$of_s1" "$snapshots/.journal"

start_over
at_work "$(ended "create.*xvdb.s1")" attempt
replaced /srv/web/xvdb.s1.qcow2
let_go >/dev/null
ok "a file that is another one is not formatted" grep -q \
    "cannot use /srv/web/xvdb.s1.qcow2: somebody has put another file in its place; left: \
/srv/web/xvdb.s1.qcow2 is not" "$hidden/first"
ok "it stays" is_somebodys /srv/web/xvdb.s1.qcow2
ok "nothing else does" absent "$overlay" "$of_s1" "$snapshots/.journal"

# --- published ---------------------------------------------------------------

start_over
at_work "$(begun "format.*xvdb.s1")" attempt
replaced "$of_s1/snapshot.cfg.partial"
let_go >/dev/null
ok "another file than ours is not written to" grep -q \
    "cannot write $of_s1/snapshot.cfg.partial: somebody has put another file in its place" \
    "$hidden/first"
ok "nor published" absent "$of_s1/snapshot.cfg"
ok "it stays" is_somebodys "$of_s1/snapshot.cfg.partial"

cut_off "$(begun "name it.*snapshot.cfg")"
mv "$of_s1/snapshot.cfg.partial" "$of_s1/moved"
echo "somebody's" >"$of_s1/snapshot.cfg"
ok "another file of that name is not taken for ours" says "Left: \
$of_s1/snapshot.cfg.partial is gone, and $of_s1/snapshot.cfg is not the file that the \
command has made." xl snapshot-recover web
ok "and stays" is_somebodys "$of_s1/snapshot.cfg"

# all of the folder comes from a backup
cut_off "$(begun "name it.*snapshot.cfg")"
cp -a "$of_s1" "$snapshots/web/copy" && rm -r "$of_s1" && mv "$snapshots/web/copy" "$of_s1"
ok "copies of ours are not ours" fails 1 "cannot write $of_s1/snapshot.cfg.partial: somebody \
has put another file in its place; if that is a copy of it, rename it yourself, without \
.partial, then run xl snapshot-recover again" xl snapshot-recover web
mv "$of_s1/snapshot.cfg.partial" "$of_s1/snapshot.cfg"
ok "but a person may say that they are" says "Completed." xl snapshot-recover web
ok "and the snapshot is good" xl snapshot-verify "$(cfg s1)"
cut_off "$(begun "name it.*snapshot.cfg")"
ln "$of_s1/snapshot.cfg.partial" "$of_s1/snapshot.cfg"
ok "one with two names, half renamed: completed" completed

# --- of an older version ---------------------------------------------------

cut_off "$(ended "create.*xvda.s1")" && without_records
ok "without a record: an empty file is removed" undone
cut_off "$(ended "format.*xvda.s1")" && without_records
ok "one that is not is left" says "Left: $overlay may not be the file" \
    xl snapshot-recover web
ok "and stays" qemu-img check -q "$overlay"

# --- tags --------------------------------------------------------------------

attempt() { xl snapshot-create --domain-config web.cfg --internal -n s1 "$@" web; }
set_up() { define_domain web qcow2 qcow2; }
set_up_once
plan_of attempt
somebody_tags() {
    qemu-img snapshot -d s1 "$1"
    qemu-img snapshot -c s1 "$1"
}
cut_off "$(ended "tag s1 in.*xvda")" && somebody_tags xvda.qcow2
ok "a tag that is another one is left" says "Left: tag s1 of /srv/web/xvda.qcow2 is not the \
one that the command has made" xl snapshot-recover web
ok "and stays" same "$(tags xvda.qcow2)" s1
start_over
at_work "$(ended "tag s1 in.*xvda")" attempt
somebody_tags xvda.qcow2
kill -TERM "$pid"
let_go >/dev/null
ok "also by a command that is stopped" same "$(tags xvda.qcow2) $(tags xvdb.qcow2)" "s1 "
cut_off "$(ended "tag s1 in.*xvda")" && qemu-img snapshot -c s1 xvda.qcow2
ok "two of the name are left: qemu-img removes the first" says "Left: tag s1 of" \
    xl snapshot-recover web
cut_off "$(ended "tag s1 in.*xvda")"
ok "ours is removed" undone
cut_off "$(ended "tag s1 in.*xvda")" && without_records
ok "without a record, too: there was none of the name" undone

# --- the xl.cfg --------------------------------------------------------------

new_host
define_domain web qcow2
preloads=$fault
FAULT="/web.cfg. 1 stop-after"
export FAULT
xl snapshot-create --domain-config web.cfg --external --update-config=web.cfg -n s1 web \
    >"$hidden/first" 2>&1 &
unset FAULT preloads
soon is_stopped
echo "# by somebody" >>web.cfg
cp web.cfg "$hidden/web.cfg"
let_go >/dev/null
ok "an xl.cfg that somebody has edited meanwhile is not replaced" \
    grep -q "web.cfg: somebody has changed it just now" "$hidden/first"
ok "and stays" cmp web.cfg "$hidden/web.cfg"
ok "the snapshot is there" xl snapshot-verify "$(cfg s1)"
ok "no other file is left" same "$(echo web.cfg*)" web.cfg

# --- volumes -----------------------------------------------------------------

# volumes NAME TAGS [ATTR]: what lvs tells, as if there were that volume in vg.
volumes() {
    cat >"$hidden/lvs.json" <<END
{"report":[{"lv":[{"vg_name":"vg","lv_name":"$1","lv_uuid":"a","lv_attr":"${3-sri-a-s---}",
"lv_size":"4194304","lv_path":"/dev/vg/$1","lv_dm_path":"/dev/mapper/vg-$1",
"lv_kernel_major":"253","lv_kernel_minor":"0","lv_tags":"$2","origin":"","pool_lv":"",
"data_percent":"","metadata_percent":"","chunk_size":"4096","vg_free":"0",
"vg_extent_size":"4194304"}]}]}
END
}
# lvm_is_there: LVM, for which a file does.
lvm_is_there() {
    mkdir -p "$hidden/lvm"
    printf '#!/bin/sh\ncat %s\n' "$hidden/lvs.json" >"$hidden/lvm/lvs"
    printf '#!/bin/sh\necho "$@" >>%s\n' "$hidden/removed" >"$hidden/lvm/lvremove"
    chmod +x "$hidden/lvm/lvs" "$hidden/lvm/lvremove"
    PATH=$hidden/lvm:$PATH
}
# left_by_create STEP: its undo, killed after lvcreate has begun.
left_by_create() {
    rm -f "$hidden/removed"
    mkdir -p "$snapshots/.journal"
    {
        tr -d '\n' <<END
{"operation":"create","domain":"web","snapshot":"s1","began":1,
"boot":"$(cat /proc/sys/kernel/random/boot_id)","plan":[
{"kind":"exec","what":"make the volume","argv":["lvcreate","-q","-s",
"-pr","-ky","-n","web.s1","vg/web"],"undo":$1},
{"kind":"look-off","what":"the end","commit_point":true}]}
END
        echo
        echo '{"step":0,"kind":"exec","state":"begun"}'
    } >"$snapshots/.journal/web.json"
}
lvremove='"argv":["lvremove","-q","-y","-f","vg/web.s1"],"shows":"vg/web.s1"'
new='{"kind":"exec","what":"remove it","done_when":"lv-is-removed",
"lv_tag":"xl-snapshot.17",'$lvremove}
old='{"kind":"exec","what":"remove it","done_when":"lv-is-gone",'$lvremove}

new_host
lvm_is_there
volumes web.s1 xl-snapshot.17
left_by_create "$new"
ok "a volume that the command has made is removed" says "Undone." xl snapshot-recover web
ok "by LVM" same "$(cat "$hidden/removed")" "-q -y -f vg/web.s1"
ok "and needs no word" same "$(grep Left "$hidden/out")" ""
volumes web.s1 xl-snapshot.17 sri-aos---
left_by_create "$new"
ok "one that somebody has open is left" says "Left: vg/web.s1 is in use; lvremove it if \
nobody needs it." xl snapshot-recover web
ok "by LVM" absent "$hidden/removed"
volumes web.s1 xl-snapshot.17 Vwi-a-tz--
left_by_create "$new"
edit_journal 's/"boot":"[^"]*"/"boot":"00000000-0000-4000-8000-000000000000"/'
ok "one that can be written to is, after a reboot" says "Left: vg/web.s1 may have been \
written to since; lvremove it if you do not need what is in it." xl snapshot-recover web
ok "by LVM" absent "$hidden/removed"
volumes web.s1 backup,xl-snapshot.171
left_by_create "$new"
ok "another volume of its name is left" says "Left: vg/web.s1 is not the volume that the \
command has made" xl snapshot-recover web
ok "by LVM" absent "$hidden/removed"
volumes web.s1 xl-snapshot.17
left_by_create "$old"
ok "in a journal of an older version, any is" says "Left: vg/web.s1 may not be the volume \
that the command has made; if you have not made it, lvremove it." xl snapshot-recover web
ok "by LVM" absent "$hidden/removed"
volumes web ""
left_by_create "$old"
ok "but where there is none, that is well" lacks "Left" xl snapshot-recover web
finished
