# SPDX-License-Identifier: LGPL-2.1-only
# Journals that cannot be used: told, not believed, not removed, and in the way of
# nobody but their own domain. One that ends before it began counts as none.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
file=$snapshots/.journal/web.json
head='"operation":"create","domain":"web","snapshot":"s1","began":1'
step='{"kind":"unlink","what":"remove it","path":"/srv/web/xvda.qcow2","commit_point":true}'

# unusable TEXT LINE...: a journal of these lines; recovery says TEXT and leaves it and
# all else, and until it is gone no command begins on the domain.
unusable() {
    mkdir -p "$snapshots/.journal"
    said=$1
    shift
    printf '%s\n' "$@" >"$file"
    left_alone "$said"
}
left_alone() {
    remember
    refuses "$file is not a usable journal: $1" xl snapshot-recover web &&
        refuses "$file is not a usable journal: $1" xl snapshot-recover -N --all &&
        refuses "$file is not a usable journal: $1" create && unchanged
}

empty_is_no_hindrance() {
    mkdir -p "$snapshots/.journal"
    : >"$file"
    create -n s0 && absent "$snapshots/.journal"
}

define_domain web qcow2
ok "no JSON" unusable "its first line is not JSON" "operation: create"
ok "a comment" unusable "its first line is not JSON" "{$head} // by hand"
ok "nothing in it" unusable "its first line does not name its operation and domain" '{}'
ok "another kind of JSON" unusable "its first line does not name its operation and domain" '[1, 2]'
ok "no operation" unusable "its first line does not name its operation" '{"domain":"web","plan":[]}'
ok "a step that is none" unusable "" "{$head,\"plan\":[1]}"
ok "of a kind that a later version may have" unusable "there is no step of kind 'merge'" \
    "{$head,\"plan\":[{\"kind\":\"merge\",\"what\":\"merge it\"}]}"
ok "without what it needs" unusable "" "{$head,\"plan\":[{\"kind\":\"unlink\",\"what\":\"x\"}]}"
ok "an undo that is none" unusable "" \
    "{$head,\"plan\":[{\"kind\":\"mkdir\",\"what\":\"x\",\"path\":\"/x\",\"undo\":{\"kind\":\"fly\",\"what\":\"x\"}}]}"
ok "a domid that is none" unusable "its domid is not a domid" "{$head,\"domid\":70000,\"plan\":[$step]}"
ok "that of domain 0" unusable "its domid is not a domid" "{$head,\"domid\":0,\"plan\":[$step]}"
ok "JSON without end" unusable "its first line is not JSON" "$(yes '{"a":' | head -n 300 | tr -d '\n')"

# --- programs ---------------------------------------------------------------

# not_run KIND WHY MEMBERS: a journal with a step of these, to be done by the recovery,
# as the rest or as an undo, is refused, and nothing runs.
not_run() {
    rest="{\"kind\":\"$1\",\"what\":\"x\",$3}"
    unusable "the step 'x' ($1) cannot be done: $2" "{$head,\"plan\":[$step,$rest]}" \
        '{"step":0,"kind":"unlink","state":"done"}' &&
        unusable "the step 'x' ($1) cannot be done: $2" \
            "{$head,\"plan\":[{\"kind\":\"mkdir\",\"what\":\"y\",\"path\":\"/srv/y\",\"undo\":$rest}]}" \
            '{"step":0,"kind":"mkdir","state":"done"}' && absent /srv/proof
}
odd="is not what such a step runs"
printf '#!/bin/sh\ntouch /srv/proof\n' >"$hidden/evil"
chmod +x "$hidden/evil"
ok "a program that no driver runs" not_run exec "'argv', $hidden/evil and its arguments, $odd" \
    "\"argv\":[\"$hidden/evil\"]"
ok "a driver's by a path" not_run exec "'argv', $hidden/qemu-img and" \
    "\"argv\":[\"$hidden/qemu-img\",\"snapshot\",\"-q\",\"-d\",\"s1\",\"--image-opts\",\"driver=qcow2,file.filename=/x\"]"
ok "a driver's with other arguments" not_run exec "'argv', lvchange and" \
    '"argv":["lvchange","--config","x","vg/x"]'
ok "a second image behind a path" not_run exec "'argv', qemu-img and" \
    '"argv":["qemu-img","snapshot","-q","-d","s1","--image-opts","driver=qcow2,file.filename=/x,backing.filename=/y"]'
ok "a hook that is not in the folder of hooks" not_run hook "'path' is not a hook in /etc/xen/snapshot.d" \
    "\"path\":\"$hidden/evil\",\"command\":\"delete\",\"arguments\":\"{}\""
ok "nor behind it" not_run hook "'path' is not a hook in" \
    '"path":"/etc/xen/snapshot.d/../../../srv/evil","command":"delete","arguments":"{}"'
ok "a thaw by more than a program" not_run thaw "'argv', $hidden/evil and" "\"argv\":[\"$hidden/evil\"]"
ok "another command of xl's" not_run boot "'argv', /usr/sbin/xl and" \
    '"argv":["/usr/sbin/xl","destroy","0"]'
ok "a setting behind the disks" not_run boot "'argv', /usr/sbin/xl and" \
    '"argv":["/usr/sbin/xl","create","-q","-p","/x.cfg","disk=[];device_model_override=1"]'
ok "an image by another protocol" not_run remove-bitmaps "'path' is not absolute" '"path":"nbd:x:1"'

# without zeros: those are what the kernel had not written yet
head -c 4096 /dev/urandom | tr -d '\000' >"$file"
echo >>"$file"
ok "noise" left_alone "its first line is not JSON"

define_domain db qcow2
ok "another domain is not held up" xl snapshot-create --domain-config db.cfg -n s1 db
ok "nor is a look at this one" xl snapshot-list --domain-config /srv/web/web.cfg web
ok "as JSON" fails_json 'length == 1 and (.[0] | .domain == "web" and (has("to_be") | not)
    and (.journal | endswith("/web.json")) and (.error | contains("is not a usable journal")))' \
    xl snapshot-recover --json --all
rm "$file"
cd /srv/web && domain=web
ok "when it is gone, commands begin" create -N

# --- torn ------------------------------------------------------------------

# torn COMMAND: what is left of a journal of which COMMAND, given the whole one, prints
# the beginning: nothing was begun, so there is nothing to undo.
torn() {
    mkdir -p "$snapshots/.journal"
    "$@" <"$hidden/whole" >"$file"
    says "a command was cut off before its first step" xl snapshot-recover -N web &&
        says "Undone." xl snapshot-recover web && absent "$snapshots/.journal"
}
# with_more COMMAND: what that prints stands behind the last line; what comes before
# it counts.
with_more() {
    fault 4 kill-before create -n s1
    "$@" >>"$file"
    [ -d "$snapshots/web/s1" ] && says "Undone." xl snapshot-recover web &&
        absent "$snapshots/.journal" "$snapshots/web/s1"
}
fault 7 kill-before create -n s1
cp "$file" "$hidden/whole"
xl snapshot-recover web >/dev/null
ok "an empty one" torn true
ok "half of its first line" torn head -c 200
ok "all of it but the newline" torn sh -c 'head -n 1 | tr -d "\n"'
ok "zeros, as a file system leaves them" torn sh -c 'cat /dev/zero | head -c 4096'
ok "its name alone, in the way of nobody" empty_is_no_hindrance

ok "a line that is torn" with_more printf '{"step":1,"ki'
ok "zeros" with_more head -c 512 /dev/zero
ok "lines that say nothing" with_more printf '{}\n[]\nnothing\n\n'
ok "a step that its plan has not" with_more \
    echo '{"step":99,"kind":"mkdir","state":"done"}'
ok "one that no plan can have" with_more \
    echo '{"step":-1,"kind":"mkdir","state":"done"}'
ok "a state that is none" with_more echo '{"step":1,"kind":"mkdir","state":"well"}'

# --- of a domain with a longer name ------------------------------------------

# not_ours LINE: the journal of web.example.com, with that line, torn or damaged, is
# nothing to web, and left to its own domain.
not_ours() {
    mkdir -p "$snapshots/.journal"
    printf "$1" >"$snapshots/.journal/web.example.com.json"
    remember
    says "Nothing to recover of domain web." xl snapshot-recover web &&
        says "Nothing to recover of domain web." xl snapshot-recover --abandon web &&
        says "Nothing was changed" create -N && unchanged
}
ok "a torn one of web.example.com is none of web" not_ours '{"operation":"cre'
ok "nor is one that is damaged" not_ours 'noise\n'
ok "of its own domain it is" fails 1 "its first line is not JSON" xl snapshot-recover web.example.com
mv "$snapshots/.journal/web.example.com.json" "$snapshots/.journal/$uuid.json"
ok "one that a uuid names may be of any domain" fails 1 "its first line is not JSON" \
    xl snapshot-recover web
remember
ok "it is not given up by a name, but the command that does it is told" refuses \
    "$uuid.json is not a usable journal: its first line is not JSON. If it is, run xl snapshot-recover \
--abandon $uuid" xl snapshot-recover --abandon web
ok "as JSON" fails_json ".[0] | .domain == \"$uuid\" and (.journal | endswith(\"/$uuid.json\"))
    and (has(\"to_be\") | not) and (.error | contains(\"--abandon $uuid\"))" \
    xl snapshot-recover --json --abandon web
ok "that works" says "The record of it is" xl snapshot-recover --abandon "$uuid"
ok "and then there is nothing" says "Nothing to recover of domain web." xl snapshot-recover --abandon web

# --- its folder ------------------------------------------------------------

mkdir -p "$snapshots/.journal/web.json"
ok "a folder of its name" refuses "web.json" xl snapshot-recover web
rmdir "$snapshots/.journal/web.json"
echo "{" >"$snapshots/.journal/README"
ok "what is called otherwise is none" says "Nothing to recover." xl snapshot-recover --all
rm -r "$snapshots/.journal"
echo "in the way" >"$snapshots/.journal"
ok "a file instead of the folder" refuses "$snapshots/.journal" create
ok "which recovery cannot read either" refuses "$snapshots/.journal" xl snapshot-recover --all
rm "$snapshots/.journal"

# --- the xl that it names ----------------------------------------------------

reverts_internal
set_up_once
killed_at "boot the domain" attempt
remember
theirs="by its journal $hidden/xl would bring it back, but the xl of this host is $here/stand-in/xl"
edit_journal "s,$here/stand-in/xl,$hidden/xl,"
printf '#!/bin/sh\ntouch /srv/proof\n' >"$hidden/xl"
chmod +x "$hidden/xl"
ok "another xl is not run" fails 1 "domain web: $theirs" xl snapshot-recover web
ok "whatever it is" absent /srv/proof
ok "unless a person says so" sh -c "XL_SNAPSHOT_XL=$hidden/xl; export XL_SNAPSHOT_XL
    LD_PRELOAD='$sanitizer $preload' LD_LIBRARY_PATH=$libraries $program snapshot-recover web;
    test -e /srv/proof"
edit_journal "s,$hidden/xl,$here/stand-in/xl,"
ok "that of this host is" says "Completed." xl snapshot-recover web
finished
