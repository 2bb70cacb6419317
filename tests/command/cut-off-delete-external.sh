# SPDX-License-Identifier: LGPL-2.1-only
# A delete of an external snapshot of two disks, cut off at each entry of each of its journals:
# after a recovery the same command is given again, and it is done. The chain that the xl.cfg
# names shows the same all the time.
. "$srcdir/tests/command/chains.sh"

changed=none
set_up() {
    define_domain web qcow2 raw
    for taken in s1 s2; do
        xl snapshot-create --domain-config web.cfg --external --update-config=web.cfg \
            -n $taken web >/dev/null
        guest_writes qcow2 xvda.$taken.qcow2 "after $taken"
        guest_writes_at 65536 xvdb.$taken.qcow2 "of $taken"
    done
}
delete() { xl snapshot-delete --domain-config web.cfg web s1; }
disks_show() { guest_sees qcow2 xvda.s2.qcow2 "after s2" && guest_sees_at 65536 xvdb.s2.qcow2 "of s2"; }
is_done() {
    disks_show && absent "$snapshots/web/s1" "$snapshots/.journal" && no_partial &&
        xl snapshot-verify "$(cfg s2)" && frozen xvda.s1.qcow2 && frozen xvdb.s1.qcow2 &&
        guest_sees qcow2 xvda.s1.qcow2 "after s1" && guest_sees_at 65536 xvdb.s1.qcow2 "of s1"
}
goes_on() {
    disks_show && { absent "$snapshots/.journal" || xl snapshot-recover web; } &&
        disks_show && { absent "$(cfg s1)" || delete; } && is_done
}

set_up_once
cut() {
    start_over
    fault "$entry" "kill-$1" delete
    [ $code = 137 ] || return 0
    ok "killed $1 entry $entry of all journals" goes_on
}
entry=0 code=137
while [ $code = 137 ] && [ $entry -lt 200 ]; do
    entry=$((entry + 1))
    cut before
    cut after
done
ok "all entries were tried" test $entry -gt 40 -a $code = 0
ok "and when there are no more it is done" is_done
finished
