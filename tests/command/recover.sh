# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-recover: what it decides by what it finds, what it refuses, and what is
# refused until it has been run.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
recover() { xl snapshot-recover "$@"; }
# state TEXT COMMAND...: it fails, and yet prints where the operation stands.
state() {
    stands=$1
    shift
    fails 1 '' "$@" && grep -F -- "$stands" "$hidden/out"
}
# cannot TEXT: the recovery fails with one line that has TEXT, and its journal stays.
cannot() {
    fails 1 "$1" recover web && same "$(wc -l <"$hidden/error")" 1 &&
        same "$(journal | wc -l)" 1
}
cannot_write() {
    for image; do
        frozen "$image" || return 1
        ! guest_writes qcow2 "$image" half 2>/dev/null || return 1
    done
}
# How often xl has started a domain.
starts() { grep -cE '^(create|restore)$' "$STAND_IN_XEN.xl"; }
# with_xl HOW COMMAND...: an xl that does not do as it should.
with_xl() {
    STAND_IN_XL=$1
    export STAND_IN_XL
    shift
    "$@"
}

somebody_starts() { xl create "$1" && cannot "domain web: $2"; }
base_in_use() {
    sleep_with rw xvda.raw
    cannot "/srv/web/xvda.raw is in use by sleep (pid $!), but it must become the base of \
snapshot s1"
    code=$?
    ends $!
    return $code
}
others_end() {
    sleep_with rw /srv/web/xvda.raw
    fails 1 "domain web" recover --all && grep "^Undone" "$hidden/out"
    code=$?
    ends $!
    same "$code $(journal)" "0 $web_journal"
}
killed_again_and_again() {
    entry=0 code=137
    while [ $code = 137 ]; do
        # a copy of the host would have other files than those of its journal
        new_host
        set_up
        entry=$((entry + 1))
        fault $entry kill-before attempt
        [ $code != 137 ] || recovered Completed && as_after || return 1
    done
    # each of its steps has two entries
    same $code 0 && [ $entry -gt 4 ] && as_after
}

define_domain web qcow2 raw
ok "nothing is to be done" says "Nothing to recover." recover --all
ok "nor of a domain" says "Nothing to recover of domain web." recover web
ok "as JSON" json '. == []' recover --json --all

# --- what there is of it ---------------------------------------------------

killed_at "format.*xvda" create --external -n s1
ok "what was cut off, and where" says "a snapshot-create (s1) was cut off at: format \
/srv/web/xvda.s1.qcow2 on the base /srv/web/xvda.qcow2; it is to be undone." recover -N web
ok "the undos are told, the last first" says "   1. remove /srv/web/xvdb.s1.qcow2" recover -N web
ok "and that it was a dry run" says "Nothing was changed." recover -N web
ok "the global option is the same" says "Nothing was changed." xl -N snapshot-recover web
ok "as JSON" json 'length == 1 and (.[0] | .domain == "web" and .operation == "create"
    and .snapshot == "s1" and .to_be == "undone" and .began > 1e9
    and .journal == "/var/lib/xen/snapshots/.journal/web.json"
    and .steps[0] == "remove /srv/web/xvdb.s1.qcow2" and (has("error") | not))' \
    recover -N --json --all
ok "a dry run leaves the journal" same "$(journal)" web.json
ok "of another domain nothing is to be done" says "Nothing to recover of domain db." recover db
ok "until then: no create" refuses "run xl snapshot-recover web first" create -n s2
ok "nor a dry run of one" refuses "run xl snapshot-recover web first" create -N -n s2
xl create web.cfg
ok "nor of the domain, when it has been started" refuses \
    "run xl snapshot-recover web first" xl snapshot-create --disk-only -n s2 web
xl rename web other
ok "not even under another name" refuses "run xl snapshot-recover web first" \
    xl snapshot-create --disk-only -n s2 other
xl destroy other
ok "snapshot-list goes on" xl snapshot-list --domain-config web.cfg web
define_domain db qcow2
ok "so does another domain" xl snapshot-create --domain-config db.cfg -n s1 db
cd /srv/web && domain=web
ok "it is undone" says "Undone." recover web
ok "no journal is left" absent "$snapshots/.journal"
ok "nor anything else" absent xvda.s1.qcow2 "$snapshots/web"

# --- tags of a domain that does not run, and who uses its images -----------

new_host
define_domain web qcow2 qcow2
remember
killed_at "in /srv/web/xvdb" create --internal -n s1
sleep_with rw xvda.qcow2
ok "a tag is not removed from an image that somebody uses" cannot \
    "remove the tag from /srv/web/xvda.qcow2: in use by sleep (pid $!)"
ends $!
ok "when that has ended, it is" says "Undone." recover web
ok "and all is as before" unchanged
# as of one that was killed: its qemu-img makes the tag yet
makes_a_tag() {
    cp "$(command -v sleep)" "$hidden/qemu-img"
    exec 3<>xvda.qcow2
    "$hidden/qemu-img" 1000 &
    exec 3<&-
    cannot "remove the tag from /srv/web/xvda.qcow2: in use by qemu-img (pid $!)"
    code=$?
    ends $!
    return $code
}
killed_at "in /srv/web/xvda" create --internal -n s1
ok "one that is being made is not taken for one that is not there" makes_a_tag
ok "but when that has ended" says "Undone." recover web

# --- a revert, and who started the domain ----------------------------------

new_host
define_domain web qcow2 qcow2
create --internal -n s1 >/dev/null
lost="the rest of its revert to s1 destroys what is on its disks"

killed_at "xvdb.*back" revert
ok "no revert until then" refuses "run xl snapshot-recover web first" revert
ok "a domain that somebody started in the middle" somebody_starts web.cfg \
    "somebody has started it (domid 1) in the middle of its revert; shut it down first"
xl destroy web
sed '/^uuid/d' web.cfg >new.cfg
ok "or one with another uuid" somebody_starts new.cfg \
    "somebody has started another domain of this name (domid 2)"
xl rename web other
ok "renamed, it does no harm" says "Completed." recover web
ok "the domain is there" same "$(domid_of web) $(state_of web)" "3 "
xl destroy other

xl destroy web
xl create new.cfg
reborn=$(domid_of web)
killed_at "destroy" revert
guest_writes qcow2 xvdb.qcow2 "weeks later"
ok "a domain that runs on is not destroyed, weeks later" says "Undone." recover web
ok "it is the same" same "$(domid_of web) $(state_of web)" "$reborn "
ok "with what its guest has written" guest_sees qcow2 xvdb.qcow2 "weeks later"
killed_at "destroy" revert
guest_writes qcow2 xvdb.qcow2 "weeks later"
xl pause web
ok "nor one that was paused after weeks" says "Undone." recover web
xl unpause web
killed_at "destroy" revert
xl pause web
half_destroyed
ok "a domain that was started with a new uuid is known again" says "Completed." recover web
ok "and is destroyed, as it was to be" grep -qx "destroy $reborn" "$STAND_IN_XEN.log"

# The domain runs, so its destruction is what there is no way back from.
ok "an xl that fails" with_xl fail refuses "cannot (re-)build domain: -3" revert
ok "says how to go on" grep -q "fix this and run xl snapshot-recover web" "$hidden/error"
ok "a recovery by it fails" with_xl fail cannot "run xl snapshot-recover web again"
ok "as JSON" with_xl fail fails_json \
    '.[0].error | contains("cannot (re-)build domain: -3")' recover --json web
ok "when that is mended it is completed" says "Completed." recover web
ok "and runs" same "$(state_of web)" ''

ok "an xl that does nothing" with_xl none refuses "but there is no domain web" revert
ok "is called again" says "Completed." recover web

ok "an xl that is killed half way" with_xl half refuses "was killed by signal 9" revert
before=$(starts)
ok "leaves no domain" not domid_of web
ok "and is called again" says "Completed." recover web
ok "once" same "$(starts)" $((before + 1))

killed_at "unpause" revert
before=$(starts) there=$(domid_of web)
ok "one that is back is let run" says "Completed." recover web
ok "and not brought back again" same "$(starts) $(domid_of web) $(state_of web)" \
    "$before $there "

# --- who has written since to what a revert overwrites ---------------------

killed_at "boot" revert
sleep_with r xvda.qcow2
ok "an image in use is not overwritten" cannot "/srv/web/xvda.qcow2 is in use by sleep (pid $!)"
ok "not even if its writes may be lost" fails 1 "in use by" recover --lose-writes web
ends $!
touch -d '-1 day' xvda.qcow2
ok "nor one with a date that went back" cannot "/srv/web/xvda.qcow2 is not as the revert's"
xl create web.cfg
guest_writes qcow2 xvdb.qcow2 "weeks later"
xl destroy web
ok "nor when the domain was started by hand, and has ended" cannot "domain web: $lost"
ok "which says how to go on" grep -q "xl snapshot-recover --lose-writes web completes" \
    "$hidden/error"
ok "not even as a dry run" fails 1 "$lost" recover -N web
ok "which tells where the revert stands" state \
    "a snapshot-revert (s1) was cut off at: boot the domain from $snapshots/web/s1/domain.cfg \
with xl; it is to be completed." \
    recover -N web
ok "what was done" grep -qF "  was done: bring disk xvdb (/srv/web/xvdb.qcow2) back to its tag" "$hidden/out"
ok "what is left" grep -q "^ *[0-9]*[.] boot the domain" "$hidden/out"
ok "and that nothing was changed" grep -qx "Nothing was changed." "$hidden/out"
ok "so does a refusal that is none of a dry run" state "was cut off at: boot" recover --all
ok "as JSON" fails_json 'length == 1 and (.[0] | .domain == "web" and .operation == "revert"
    and .to_be == "completed" and (.done | any(contains("xvdb"))) and (.steps | length > 2)
    and (.error | contains("--lose-writes")))' recover --json --all
ok "not for all domains at once" fails 2 "not with --all" recover --lose-writes --all
ok "what was written is there" guest_sees qcow2 xvdb.qcow2 "weeks later"
ok "who asks for its loss gets it" says "Completed." recover --lose-writes web
ok "from the tag" guest_sees qcow2 xvdb.qcow2 "web xvdb"

killed_at "xvdb.*back" revert
edit_journal 's/"prints":[[][^]]*],//; s/,"prints":[[][^]]*]//'
ok "a journal of an older version does not tell" cannot "its journal does not tell how"
ok "but its revert can be completed" says "Completed." recover --lose-writes web

killed_at "xvdb.*back" revert
xl create web.cfg
xl rename web other
ok "a domain with its uuid under another name" cannot "has its uuid, under another name"
xl destroy other
ok "when that has ended it is completed" says "Completed." recover web

# --- a host that stopped meanwhile -----------------------------------------

killed_at "boot" revert
reboot
ok "before it was back: the boot overwrites nothing" fails 1 \
    "the host has been restarted since" recover --all
ok "nor does one of its steps" grep -qx "None of the numbered steps was done." "$hidden/out"
ok "but it has made the disks unwritable, and says nothing else" \
    not grep "Nothing was changed" "$hidden/out"
ok "and leaves the journal" same "$(journal | wc -l)" 1
ok "a dry run says what would be done about its disks" state \
    "1. make /srv/web/xvda.qcow2 writable again" recover -N --all
# as xendomains does
xl create web.cfg
ok "started nevertheless, the domain cannot write to half reverted disks" \
    cannot_write xvda.qcow2 xvdb.qcow2
xl destroy web
ok "a person has it brought back" says "Completed." recover --lose-writes web
ok "and runs" same "$(state_of web)" ''
ok "and can write again" guest_writes qcow2 xvda.qcow2 "back"

killed_at "xvdb.*back" revert
reboot
ok "a dry run makes nothing unwritable" state "was cut off at or after: bring disk xvdb" recover -N --all
ok "so the guest could write" guest_writes qcow2 xvda.qcow2 "before the host knew"
fails 1 "do not start the domain" recover --all >/dev/null
ok "who wants its disks as they are gives it up" says \
    "  done:     make /srv/web/xvda.qcow2 writable again" recover --abandon web
ok "and they are" guest_sees qcow2 xvda.qcow2 "before the host knew"
ok "and can be written to" guest_writes qcow2 xvdb.qcow2 "after that"
rm "$snapshots"/.journal/*.abandoned-1

killed_at "xvdb.*back" revert
reboot
sleep_with r xvda.qcow2
ok "who reads a disk is named" fails 1 "/srv/web/xvda.qcow2 is in use by" recover --all
ends $!
ok "and nobody can begin to write" cannot_write xvda.qcow2 xvdb.qcow2
sleep_with r xvda.qcow2
ok "a person gives it up" says "Abandoned." recover --abandon web
ok "and is told who uses what can be written to again" grep -q "xvda.qcow2, which is made \
writable again, is in use by sleep (pid $!)" "$hidden/out"
ends $!
rm "$snapshots"/.journal/*.abandoned-1

killed_at "xvdb.*back" revert
reboot
chattr +i xvdb.qcow2 2>/dev/null || chmod a-w xvdb.qcow2
fails 1 "do not start the domain" recover --all >/dev/null
ok "what its owner has made unwritable" lacks "xvdb.qcow2 writable" recover --abandon web
ok "stays so" frozen xvdb.qcow2
ok "but not what was made so until then" guest_writes qcow2 xvda.qcow2 "after that"
chattr -i xvdb.qcow2 2>/dev/null || chmod u+w xvdb.qcow2
rm "$snapshots"/.journal/*.abandoned-1

# somebody puts an image of his own under its name
killed_at "xvdb.*back" revert
reboot
fails 1 "do not start the domain" recover --all >/dev/null
chattr -i xvda.qcow2
cp xvda.qcow2 his.qcow2
mv his.qcow2 xvda.qcow2
chattr +i xvda.qcow2
ok "no word makes that writable" lacks "xvda.qcow2 writable" recover -N --lose-writes web
ok "nor does --abandon, which tells" says "Left: /srv/web/xvda.qcow2 cannot be written to (lsattr), \
and is not the file that waited for your word: it stays so" recover --abandon web
ok "and lets the other one go" same "$(is_frozen xvda.qcow2) $(is_frozen xvdb.qcow2)" "yes no"
chattr -i xvda.qcow2
rm "$snapshots"/.journal/*.abandoned-1

# what begins with "unpause" is on the disk before the guest can write
killed_at "unpause" revert
reboot
guest_writes qcow2 xvda.qcow2 "after the revert"
before=$(starts)
ok "where it may have run: it is not brought back again" says "Completed." recover --all
ok "xl is not called" same "$(starts)" "$before"
ok "and what it wrote is there" guest_sees qcow2 xvda.qcow2 "after the revert"

xl create web.cfg
fault $(($(plan_of revert && echo $steps) * 2 - 1)) kill-before revert
reboot
guest_writes qcow2 xvda.qcow2 "not by the domain"
before=$(starts)
ok "where it was back and had not run: not without being asked" cannot "$lost"
ok "then all of it is done again" says "Completed." recover --lose-writes web
ok "by xl" same "$(starts)" "$((before + 1))"
ok "from the tag" guest_sees qcow2 xvda.qcow2 "web xvda"

# --- a domain that ran when its snapshot was cut off -----------------------

new_host
define_domain web raw
# what a create that runs QEMU's transaction leaves, if it is killed after that
left_by_create() {
    mkdir -p "$snapshots/.journal"
    "$QEMU_IMG" create -q -f qcow2 -u -b "$PWD/xvda.raw" -F raw xvda.s1.qcow2 1M
    {
        tr -d '\n' <<END
{"operation":"create","domain":"web","uuid":"$uuid","domid":7,"snapshot":"s1","began":1,
"boot":"$(cat /proc/sys/kernel/random/boot_id)","plan":[
{"kind":"qmp","what":"snapshot 1 disk in one QEMU transaction","command":"transaction",
"arguments":"{}","commit_point":true},
{"kind":"unpause","what":"unpause the domain"},
{"kind":"repoint","what":"repoint 1 disk in xenstore and the stored config","disks":[
{"vdev":"xvda","from":"/srv/web/xvda.raw","to":"/srv/web/xvda.s1.qcow2","format":"qcow2",
"be_path":"/local/domain/0/backend/qdisk/7/51712","devid":51712}]},
{"kind":"freeze","what":"make the base /srv/web/xvda.raw unwritable",
"path":"/srv/web/xvda.raw"}]}
END
        echo
        cat <<END
{"step":0,"kind":"qmp","state":"begun"}
{"step":0,"kind":"qmp","state":"done"}
END
    } >"$snapshots/.journal/$uuid.json"
}
# the base as a journal has it
fault 2 kill-before xl snapshot-create --external --domain-config web.cfg -n s0 web
print=$(sed 's/.*"prints":\["\([^"]*\)".*/\1/; q' "$snapshots/.journal/$(journal)")
xl snapshot-recover web >/dev/null
xl create web.cfg
left_by_create
edit_journal "s/\"domid\":7/\"domid\":$(domid_of web)/"
ok "while it runs, nobody else writes to its base" base_in_use
xl destroy web
edit_journal "s/\"domid\":[0-9]*/\"domid\":7/"
ok "nor when it has ended" base_in_use
web_journal=$(journal)
define_domain db qcow2
fault 5 kill-before xl snapshot-create --domain-config db.cfg -n s1 db
ok "which holds up no other domain" others_end
cd /srv/web && domain=web
touch -d '+1 hour' xvda.raw
ok "nor have been written to since" cannot "/srv/web/xvda.raw was written to at 20"
ok "which says where what the guest wrote is" grep -q \
    "What the guest wrote since snapshot s1 is in /srv/web/xvda.s1.qcow2" "$hidden/error"
ok "not even as a dry run" fails 1 "was written to" recover -N web
ok "who gives it up is told that the overlay may be of no use" says \
    "of use only on the former as it was then; keep copies of both" recover -N --abandon web
ok "which is not called the new disk" lacks "has new disks" recover -N --abandon web
touch xvda.raw
# by what the journal has of it: which file it was, and how, once the guest had left it
is_another() { cannot "/srv/web/xvda.raw is not as the create's journal has it"; }
edit_journal "s/\"plan\"/\"at_stake\":[\"\\/srv\\/web\\/xvda.raw\"],\
\"prints\":[\"$(echo "$print" | cut -d ' ' -f 1,2)\"],&/"
mv xvda.raw away.raw && cp -p away.raw xvda.raw
ok "nor be a backup, of whatever date" is_another
mv away.raw xvda.raw
edit_journal "s/\"state\":\"done\"/&,\"prints\":[\"$print\"]/"
ok "nor have been written to in the seconds after that" is_another
touch -d '2001-01-01' xvda.raw
ok "nor have got an old date by that" is_another
touch -d "@$(echo "$print" | cut -d ' ' -f 4)" xvda.raw
# when the host went down xendomains has saved it, with the record of that time
mkdir -p /var/lib/xen/save
memory_image /var/lib/xen/save/web "$(image_json web)"
ok "else it is completed" says "Completed." recover web
ok "of memory that names the base a person is told" grep -q "^Left: /var/lib/xen/save/web has \
the memory of the domain, and /srv/web/xvda.raw as its disk, .* names /srv/web/xvda.s1.qcow2" \
    "$hidden/out"
rm /var/lib/xen/save/web
ok "its base is frozen" frozen xvda.raw
ok "the line for its xl.cfg is told" grep -q "'/srv/web/xvda.s1.qcow2,qcow2,xvda,w" "$hidden/out"

# --- images that QEMU was to tag -------------------------------------------

new_host
define_domain web qcow2 qcow2
# what a create leaves if it is killed while QEMU carries out its transaction
left_by_tags() {
    mkdir -p "$snapshots/.journal"
    {
        tr -d '\n' <<END
{"operation":"create","domain":"web","uuid":"$uuid","domid":7,"snapshot":"s1","began":1,
"boot":"$(cat /proc/sys/kernel/random/boot_id)",
"tagged":["/srv/web/xvda.qcow2","/srv/web/xvdb.qcow2"],"plan":[
{"kind":"qmp","what":"snapshot 2 disks in one QEMU transaction","command":"transaction",
"arguments":"{}","commit_point":true},
{"kind":"unpause","what":"unpause the domain"}]}
END
        echo
        echo '{"step":0,"kind":"qmp","state":"begun"}'
    } >"$snapshots/.journal/$uuid.json"
}
left_by_tags
mv xvdb.qcow2 away
: >xvdb.qcow2
ok "an image that cannot be read" cannot "image /srv/web/xvdb.qcow2"
ok "as JSON: nobody knows how it ends" fails_json '.[0] | .domain == "web" and
    (.state | endswith("in one QEMU transaction")) and (has("to_be") | not)
    and (.error | contains("image /srv/web/xvdb.qcow2"))' recover --json web
mv away xvdb.qcow2
"$QEMU_IMG" snapshot -c s1 xvda.qcow2
ok "when it is back: undone" says "Undone." recover web
ok "with the tag, though the journal has no time" same "$(tags xvda.qcow2)" ''

# --- recoveries that are cut off -------------------------------------------

set_up() {
    define_domain web qcow2 raw
    fault 27 kill-before create --external -n s1
}
attempt() { recover "$@" web; }
as_after() { no_partial && xl snapshot-verify "$(cfg s1)"; }
ok "a recovery that is killed at any entry goes on when it is run again" \
    killed_again_and_again
finished
