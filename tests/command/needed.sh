# SPDX-License-Identifier: LGPL-2.1-only
# What the rest of a revert needs and does not change: the bases, and the new images that
# it has made. Somebody may put something else in their place before the recovery.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg -n s1 "$@"; }
revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
recover() { case $* in *--all*) xl snapshot-recover "$@" ;; *) xl snapshot-recover "$@" web ;; esac; }
# began [internal]: a revert, of the first disk in its place, is cut off when all but the
# domain is there.
began() {
    new_host && define_domain web qcow2 raw || return 1
    echo "disks = [ ${1:+\",,xvda\"} ]" >s1.cfg
    create --external --update-config=web.cfg web s1.cfg >/dev/null && killed_at "boot the domain" revert
}
# replaced FILE: by one with other content, which is kept as "$hidden/right".
replaced() {
    thawed "$1"
    cp -p "$1" "$hidden/right"
    rm "$1"
    cp "$hidden/right" "$1"
    guest_writes "${1##*.}" "$1" "of somebody else"
}
is_undone() { says "Undone." recover && absent "$snapshots/.journal" && not domid_of web; }

# --- a revert that only makes new images is undone ---------------------------

began
replaced xvda.qcow2
ok "a base that was replaced since is none" says \
    "it has overwritten nothing, and /srv/web/xvda.qcow2, which it needs, is not as it was" \
    recover -N
ok "the revert is undone" is_undone
ok "and leaves nothing" absent xvda.s1.r1.qcow2 xvdb.s1.r1.qcow2

began
thawed xvdb.raw
guest_writes raw xvdb.raw "by hand"
ok "so is one whose base was written to" is_undone

began
replaced xvda.s1.r1.qcow2
ok "a new image that was replaced is not given to the domain" says \
    "and /srv/web/xvda.s1.r1.qcow2 is not the file that it has made" recover -N
ok "the revert is undone, too" is_undone
ok "what is there is somebody's, and stays" guest_sees qcow2 xvda.s1.r1.qcow2 "of somebody else"

began
thawed xvda.qcow2 && chattr +i xvda.qcow2 2>/dev/null
ok "a flag is no change" says "Completed." recover

# began_running: one of a domain that ran is cut off when that is destroyed.
began_running() {
    new_host && define_domain web qcow2 raw || return 1
    create --external --update-config=web.cfg web >/dev/null && xl create web.cfg &&
        killed_at "boot the domain" revert
}
began_running
ok "nobody has started the domain since: completed" says "it is to be completed" recover -N
xl create web.cfg
guest_writes qcow2 xvda.s1.qcow2 "weeks of work"
xl destroy web
ok "it was started by hand, ran, and has ended" says \
    "and /srv/web/xvda.s1.qcow2, which the domain had before, was written to since" recover -N
ok "the revert is undone" says "Left: domain web is off, since its revert has destroyed it" recover
ok "its work stays" guest_sees qcow2 xvda.s1.qcow2 "weeks of work"

# the recovery itself is cut off when it has begun to undo
began_running
xl create web.cfg
fault 3 kill-after recover
xl destroy web
ok "what was found to be undone is not completed later" says "Undone." recover
ok "by another look" absent xvda.s1.r1.qcow2 "$snapshots/.journal"

began
guest_writes qcow2 xvda.s1.r1.qcow2 "on the new image"
ok "a new image that a guest has written to shows that the revert is over" says "Completed." recover
ok "nothing is started on it" not domid_of web
ok "and it stays" guest_sees qcow2 xvda.s1.r1.qcow2 "on the new image"

began
sed -i "s,xvda[.a-z0-9]*qcow2,xvda.s1.r1.qcow2," web.cfg
guest_writes qcow2 xvda.s1.r1.qcow2 "on the new image"
xl create web.cfg
ok "nor undone while it runs there" says "Completed." recover
ok "which it does" is_on web xvda.s1.r1.qcow2 xvdb.s1.qcow2

began
thawed xvda.qcow2
rm xvda.qcow2
mkfifo xvda.qcow2
ok "a fifo in the place of a base is a change" is_undone

# --- one that would overwrite something, and has not begun to ----------------

internal_at() {
    new_host && define_domain web qcow2 || return 1
    create --internal web >/dev/null && xl create web.cfg && killed_at "$1" revert
}
internal_at "see that the domain is still off"
reboot
ok "is undone after a restart, too" says "it has overwritten nothing, and the host" recover --all
ok "and fences nothing" guest_writes qcow2 xvda.qcow2 "goes on"
internal_at "back to its tag"
reboot
ok "what may have begun waits" fails 1 "do not start the domain" recover

# --- one that overwrites something waits -------------------------------------

began internal
replaced xvdb.raw
ok "one that has overwritten something cannot be undone, and waits" fails 1 \
    "its revert to s1 cannot be completed: /srv/web/xvdb.raw, which it needs, is not as it" \
    recover
ok "nor by a word" fails 1 "Put the right one back" recover --lose-writes
cp -p "$hidden/right" xvdb.raw
ok "with the right one back it is completed" says "Completed." recover
ok "and runs" same "$(state_of web)" ''
# --- what it boots the domain from -------------------------------------------

# The xl.cfg that the snapshot has kept, and the memory image, are used only if root alone
# can have written them; that holds to the moment when xl is started.
can="can be changed by others than root; if you trust what is there, run"
kept=$snapshots/web/s1/domain.cfg
# puts_evil: what somebody else puts in the place of the kept xl.cfg.
puts_evil() {
    cp "$kept" "$hidden/evil" && echo 'device_model_override = "/srv/evil"' >>"$hidden/evil"
    cp -p "$kept" "$hidden/right" && rm "$kept" && cp "$hidden/evil" "$kept"
}
is_off() { not domid_of web; }
# waits TEXT COMMAND...: it fails, says TEXT, and has done nothing.
waits() { fails 1 "$@" && unchanged; }

internal_at "boot the domain"
chmod 777 "$snapshots/web/s1"
puts_evil
refused="its revert to s1 cannot be completed yet: $kept: $snapshots/web/s1, of uid 0 and mode 0777, $can"
remember
ok "a folder that others can write to: the xl.cfg in it is not booted" waits \
    "$refused chmod go-w $snapshots/web/s1, and try again" recover
ok "nor for all domains" waits "$refused" recover --all
ok "nor with --lose-writes" waits "$refused" recover --lose-writes
chmod go-w "$snapshots/web/s1"
ok "an xl.cfg that was replaced until then is not either" fails 1 \
    "cannot be completed: $kept, which it needs, is not as it was then" recover
ok "there is no domain" is_off
cp -p "$hidden/right" "$kept"
ok "with the right one it is completed" says "Completed." recover
ok "and runs" same "$(state_of web)" ''

internal_at "back to its tag"
chmod 775 "$snapshots/web"
remember
ok "looked at before anything is overwritten" waits "$snapshots/web, of uid 0 and mode 0775, $can" \
    recover --lose-writes
chmod go-w "$snapshots/web"

new_host && define_domain web qcow2 && create --internal web >/dev/null
plan_of revert
at_work "$(begun "boot the domain")" revert
puts_evil
let_go >/dev/null
ok "nor does the revert boot one that is another by now" grep -q "$kept has changed since" "$hidden/first"
ok "there is no domain then" is_off

new_host && define_domain web qcow2 && create --internal web >/dev/null
ok "an xl.cfg that a person names, at" killed_at "boot the domain" revert --domain-config=/srv/web/web.cfg
echo "# mended" >>web.cfg
ok "may be mended by him before the recovery" says "Completed." recover
new_host && define_domain web qcow2 && create --internal web >/dev/null
mkdir -m 777 /srv/all && cp web.cfg /srv/all
ok "one that others can write to" killed_at "boot the domain" revert --domain-config=/srv/all/web.cfg
echo "# by whom?" >>/srv/all/web.cfg
ok "may not" fails 1 "/srv/all/web.cfg, which it needs, is not as it was then" recover

new_host && define_domain web qcow2 && create --internal web >/dev/null && add_memory s1
killed_at "back to its tag" revert
chmod 777 "$snapshots/web/s1"
remember
ok "a memory image that others can write" waits "$snapshots/web/s1/memory: $snapshots/web/s1, of uid" \
    recover --lose-writes
finished
