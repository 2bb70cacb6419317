# SPDX-License-Identifier: LGPL-2.1-only
# Whose domain it is: one that somebody has started in the middle of a revert is not
# the one that the revert's xl makes; and a pause that somebody else has made stays.
. "$srcdir/tests/command/faults.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web; }
revert() { xl snapshot-revert "$@" web "$(cfg s1)"; }
recover() { xl snapshot-recover "$@"; }
# with_xl HOW COMMAND...: an xl that does not do as it should.
with_xl() {
    STAND_IN_XL=$1
    export STAND_IN_XL
    shift
    "$@"
}
# cannot TEXT: the recovery of all fails, and its journal stays.
cannot() { fails 1 "$1" recover --all && same "$(journal | wc -l)" 1; }
is_there() { same "$(domid_of web) $(state_of web)" "$1"; }
monitor_of() { sed -n "s,^xen/$(domid_of web)/monitor ,,p" "$STAND_IN_XEN"; }
began() { new_host && define_domain web qcow2 && "$@" >/dev/null; }
external() { create --external --update-config=web.cfg -n s1; }
internal() { create --internal -n s1; }
xl_works() {
    pid=$(find /proc/[0-9]*/exe -lname /run/xen/monitor/xl 2>/dev/null | tr -dc 0-9)
    [ -n "$pid" ]
}
# qemus: the processes that have an image open.
qemus() {
    find /proc/[0-9]*/fd -lname "*/$1" 2>/dev/null | sed 's,^/proc/\([0-9]*\)/.*,\1,'
}

# --- started by hand, in the middle of a revert ----------------------------

in_the_middle="somebody has started it (domid 1) in the middle of its revert"
began internal
killed_at "boot the domain" revert
xl create web.cfg
ok "a domain that is started by hand is not taken for the one that came back" cannot \
    "$in_the_middle"
ok "nor when it is paused" eval 'xl pause web; cannot "$in_the_middle"'
xl unpause web
ends "$(monitor_of)"
ok "nor, without xl's monitor, for one that is half made" cannot \
    "it is there (domid 1), and nothing tells"
ok "it runs on" is_there "1 "
xl destroy web
ok "when it has ended the revert is completed" says "Completed." recover web

began external
killed_at "boot the domain" revert
ok "nobody has started it: the revert is to be completed" says "it is to be completed" \
    recover -N web
xl create web.cfg
ok "a revert that has only made new images is undone when somebody has started the domain" \
    says "and somebody has started the domain since" recover web
ok "the domain runs on" is_there "1 "
ok "on the disk that it had" is_on web xvda.s1.qcow2
ok "the new image is gone" absent xvda.s1.r1.qcow2
ok "and so is the journal" absent "$snapshots/.journal"
ok "and the domain can be reverted" revert

began external
plan_of revert
fault $((2 * steps)) kill-before revert
ok "the domain has come back" is_there "1 paused"
xl destroy web
xl create web.cfg
ok "one that was started after the domain had come back is not it" \
    says "and somebody has started the domain since" recover --all
ok "who runs on" is_there "2 "

# --- the host was restarted in the middle of a revert ------------------------

began external
killed_at "boot the domain" revert
reboot
ok "restarted, a revert that has only made new images is undone" \
    says "and the host has been restarted since" recover --all
ok "and the domain is off" not domid_of web
ok "the new image is gone" absent xvda.s1.r1.qcow2

# --- the domain that is to be destroyed --------------------------------------

for how in pause shutdown; do
    began external
    xl create web.cfg
    killed_at "destroy domain" revert
    xl $how web
    state=$(state_of web)
    ok "$how: a domain that has gone on since is not destroyed" says "Undone." recover web
    ok "$how: and stays as it is" is_there "1 $state"
done
began external
xl create web.cfg
killed_at "destroy domain" revert
xl pause web
ok "of a pause it is told" says "Left: domain web is paused, by whom is not known" recover web

# --- made by our xl --------------------------------------------------------

for how in external internal; do
    began $how
    (with_xl "half both qemu" revert) >/dev/null 2>&1
    ok "$how: what an xl left that was killed, too, is known by its QEMU" says "Completed." \
        recover web
    ok "$how: the first one is destroyed" grep -qx "destroy 1" "$STAND_IN_XEN.log"
    ok "$how: the second one runs" is_there "2 "
done
began external
(with_xl "half both" revert) >/dev/null 2>&1
ok "without a QEMU nothing tells whose it is" cannot \
    "nothing tells whether the xl of its revert has made it or somebody else"
xl destroy web
ok "when it has ended the revert is completed again" says "Completed." recover web

began external
(with_xl "works both" revert) >/dev/null 2>&1
soon xl_works
ok "while our xl is at work its domain is not complete" cannot \
    "the xl that its revert has started, pid $pid, is still at work"
ends "$pid"

# --- an xl that fails while the command is there ---------------------------

began external

ok "an xl that is killed half way" with_xl "half qemu" refuses "was killed by signal 9" revert
ok "leaves no domain" not domid_of web
ok "and no QEMU on an image that is removed" same "$(qemus 'xvda.s1.r1.qcow2*')" ""
ok "nor its image" absent xvda.s1.r1.qcow2
ok "no journal" absent "$snapshots/.journal"

# --- a pause that somebody else has made ------------------------------------

began external
plan_of revert
fault $((2 * steps + 1)) kill-after revert
ok "the domain has come back, and runs" is_there "1 "
xl pause web
ok "the rest of the revert is done" says "Completed." recover --all
ok "who is paused by somebody, after our pause has ended, stays so" is_there "1 paused"

began external
plan_of revert
fault $((2 * steps)) kill-before revert
xl unpause web
xl pause web
ok "killed under our pause, unpaused by hand, and paused again" \
    says "Left: domain web is paused, by somebody else" recover web
ok "who has run since our pause stays paused" is_there "1 paused"
finished
