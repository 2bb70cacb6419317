# SPDX-License-Identifier: LGPL-2.1-only
# A snapshot, by a hook, of the disks of a domain that runs, cut off at each entry of
# its journal: the domain is held meanwhile, and must not stay so.
. "$srcdir/tests/command/faults.sh"

set_up() {
    define_domain web file file
    cp "$srcdir/tools/hooks/copy" "$hidden/copy"
}
start() {
    mkdir -p /etc/xen/snapshot.d
    cp "$hidden/copy" /etc/xen/snapshot.d/
    xl create -q web.cfg
}
attempt() {
    xl snapshot-create --disk-only --domain-config web.cfg -n s1 "$@" web
}
as_after() {
    same "$(state_of web)" '' && xl snapshot-verify "$(cfg s1)" &&
        guest_sees raw xvda.img.s1.copy "web xvda"
}
if_begun=undone if_not_recorded=undone
killed_everywhere "create, running, by a hook"
terminated_everywhere "create, running, by a hook"

# What was frozen when a command was cut off has been thawed by its end, perhaps
# before the snapshot.
printf '#!/bin/sh\n' >"$hidden/quiet"
chmod +x "$hidden/quiet"
cut_off_at() {
    start_over
    fault "$1" kill-after attempt
    [ $# = 2 ] || fault "$3" kill-after xl snapshot-recover web
    says "Completed." xl snapshot-recover web &&
        grep -qx "consistency = \"$2\"" "$(cfg s1)" && as_after
}
attempt() {
    xl snapshot-create --disk-only --domain-config web.cfg -n s1 \
        --quiesce-command="$hidden/quiet" "$@" web
}
start_over
plan_of attempt
thaw=$(grep -n " thaw the guest" "$hidden/steps" | cut -d: -f1)
ok "cut off before its thaw is done: as after a power cut" cut_off_at $((2 * thaw)) crash
ok "so is one whose recovery, which has thawed, is cut off, too" \
    cut_off_at $((2 * thaw)) crash 2
ok "cut off after that: clean" cut_off_at $((2 * thaw + 1)) clean

# --- paused by somebody else -------------------------------------------------

attempt() { xl snapshot-create --disk-only --domain-config web.cfg -n s1 "$@" web; }
# paused_again ENTRY: cut off there, under our pause; somebody takes that off, and
# weeks later he pauses the domain, which recovery leaves as it is.
paused_again() {
    start_over
    fault "$1" kill-before attempt
    same "$(state_of web)" paused || return 1
    xl unpause web
    xl pause web
    says "Left: domain web is paused, by somebody else" xl snapshot-recover web &&
        same "$(state_of web)" paused
}
start_over
plan_of attempt
unpause=$(grep -n " unpause the domain" "$hidden/steps" | cut -d: -f1)
ok "paused again by hand, and undone" paused_again $((2 * unpause - 3))
ok "and completed" paused_again $((2 * unpause))
finished
