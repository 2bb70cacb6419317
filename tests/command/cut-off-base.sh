# SPDX-License-Identifier: LGPL-2.1-only
# A create of a domain that is off, cut off at each entry of its journal. Somebody then
# starts the domain from its xl.cfg, and it writes to what was to be a base.
. "$srcdir/tests/command/faults.sh"

attempt() { xl snapshot-create --domain-config web.cfg --external -n s1 "$@" web; }
recover() { xl snapshot-recover --all; }
set_up() { define_domain web raw raw; }

# no_lie: whatever the recovery says, the base is not frozen, and there is no snapshot.
no_lie() {
    ! recover >"$hidden/out" 2>&1 || ! grep -q "^Completed" "$hidden/out" ||
        { cat "$hidden/out"; return 1; }
    same "$(is_frozen xvdb.raw)" no && absent "$(cfg s1)"
}
# ends_so: "Undone.", or refused where a base was perhaps frozen.
ends_so() {
    no_lie || return 1
    if [ $entry -gt $((2 * (commit + 1))) ]; then
        grep -q "snapshot s1 cannot be completed: /srv/web/xvdb.raw is" "$hidden/out" &&
            same "$(journal | wc -l)" 1
    else
        absent "$snapshots/.journal" xvdb.s1.qcow2
    fi
}
in_use() {
    sleep_with rw xvdb.raw         # its QEMU
    ends_so
    got=$?
    ends $!
    return $got
}
cut_off() {
    start_over
    fault "$entry" kill-before attempt
    [ $code = 137 ] && [ "$(is_frozen xvdb.raw)" = no ]
}
written() { guest_writes raw xvdb.raw later; ends_so && guest_sees raw xvdb.raw later; }
# a restored backup has the date that it had, and another inode
restored() { cp -p xvdb.raw new && mv new xvdb.raw && ends_so; }

set_up_once
plan_of attempt
entry=2
while cut_off; do
    at="killed before $(where $entry)"
    ok "$at | its domain runs from the base" in_use
    cut_off
    ok "$at | its domain has written to it" written
    cut_off
    ok "$at | it is restored from a backup" restored
    entry=$((entry + 1))
done
ok "up to the freeze of the last base" [ "$(step_of $entry)" = $((commit + 2)) ]

start_over
fault $((2 * commit + 2)) kill-before attempt
edit_journal 's/"prints":[[][^]]*],//; s/,"prints":[[][^]]*]//'
ok "a journal of an older version does not tell: undone" says "Undone." recover
finished
