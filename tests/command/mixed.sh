# SPDX-License-Identifier: LGPL-2.1-only
# Internal and external snapshots of one disk, in any order, and what has cost users of others
# their only image: deletes that took the original, or nothing but the last word for it.
. "$srcdir/tests/command/chains.sh"

changed=none
take() {
    guest_writes qcow2 "$(disk)" "$2"
    guest_writes_at 65536 "$(disk)" "before $2"
    xl snapshot-create --domain-config web.cfg "--$1" -n "$2" web >"$hidden/out"
    now=$(sed -n "s/^ *'\(.*\),qcow2,xvda,w.*/\1/p" "$hidden/out")
    [ -z "$now" ] || sed -i "s|'/srv/web/[^,]*,|'$now,|" web.cfg
    state_of_snapshot "$2" >"$hidden/$2.held"
}
disk() { sed -n "s|.*'\(/srv/[^,]*\),.*|\1|p" web.cfg; }
hash_of() { "$QEMU_IMG" convert -U -f qcow2 -O raw "$@" "$hidden/hashed" && sha256sum <"$hidden/hashed"; }
# state_of_snapshot NAME: what it holds, by what its config says that has it.
state_of_snapshot() {
    parent=$(sed -n '/^parents/,/^]/s/.*target=\([^"]*\)".*/\1/p' "$(cfg "$1")")
    if grep -q 'xvda=qcow2-overlay' "$(cfg "$1")"; then
        hash_of "$parent"
    else
        hash_of -l "snapshot.name=$1" "$parent"
    fi
}
holds() { same "$(state_of_snapshot "$1")" "$(cat "$hidden/$1.held")"; }
delete() { xl snapshot-delete --domain-config web.cfg web "$1"; }
not_done() { remember && refuses "$@" && unchanged && absent "$snapshots/.journal"; }

# in_order NAME...: deletes them in that order; one that is refused comes again after the
# others. After each the disk is as it was, and so is what all that are left hold.
in_order() {
    while [ $# -gt 0 ]; do
        gone=
        for name; do
            shift
            remember
            if delete "$name" >"$hidden/said" 2>&1; then
                gone=yes
                is_deleted "$name" "$@" || { cat "$hidden/said"; return 1; }
            else
                grep -q 'internal snapshot\|other layers' "$hidden/said" && unchanged ||
                    { echo "$name:"; cat "$hidden/said"; return 1; }
                set -- "$@" "$name"
            fi
        done
        [ -n "$gone" ] || { echo "none of $* can be deleted"; cat "$hidden/said"; return 1; }
    done
}
is_deleted() {
    absent "$snapshots/web/$1" && same "$(hash_of "$(disk)")" "$shown" || return 1
    shift
    for kept; do
        [ ! -e "$(cfg "$kept")" ] || holds "$kept" || { echo "of $kept"; return 1; }
    done
}

is_deleted_at_last() { delete s2 && is_deleted s2; }

# --- every order ---------------------------------------------------------------------

set_up() {
    define_domain web qcow2
    take internal t1
    take external s2
    take internal t3
    take external s4
    guest_writes qcow2 "$(disk)" "after all"
}
set_up_once
shown=$(hash_of "$(disk)")
for first in t1 s2 t3 s4; do
    for second in t1 s2 t3 s4; do
        for third in t1 s2 t3 s4; do
            for last in t1 s2 t3 s4; do
                orders=$(printf '%s\n' $first $second $third $last | sort -u | wc -l)
                [ "$orders" = 4 ] || continue
                start_over
                ok "deleted in the order $first $second $third $last: nothing else is lost" \
                    in_order $first $second $third $last
            done
        done
    done
done

# --- an external one after an internal one ----------------------------------------------

set_up() {
    define_domain web qcow2
    take internal t1
    take external s2
    guest_writes qcow2 "$(disk)" later
}
set_up_once
shown=$(hash_of "$(disk)")
ok "an external one whose parent is internal is deleted" delete s2
ok "the original image is there" test -s /srv/web/xvda.qcow2
ok "the disk shows the same" same "$(hash_of "$(disk)")" "$shown"
ok "the internal one holds what it did" holds t1
ok "below the disk, which stands on that image" not_done "copy the state out with" \
    xl snapshot-revert web t1

start_over
ok "the internal one below an external one is deleted" delete t1
ok "the original image is there" test -s /srv/web/xvda.qcow2
ok "the external one holds what it did" holds s2
ok "the disk shows the same" same "$(hash_of "$(disk)")" "$shown"

start_over
ok "the external one is forgotten" xl snapshot-delete --keep-data web s2
ok "the original image is there" test -s /srv/web/xvda.qcow2
ok "and is no leftover" json '.leftovers == []' \
    xl snapshot-list --json --domain-config web.cfg web
ok "the disk shows the same" same "$(hash_of "$(disk)")" "$shown"

# --- what others rely on -----------------------------------------------------------------

start_over
"$QEMU_IMG" create -q -f qcow2 -b xvda.qcow2 -F qcow2 clone.qcow2
clone=$(hash_of clone.qcow2)
ok "a clone stands on the original, and the snapshot is deleted" delete s2
ok "the clone shows the same" same "$(hash_of clone.qcow2)" "$clone"
ok "and the disk" same "$(hash_of "$(disk)")" "$shown"

# qemu-img snapshot -d under a guest has ruined images
set_up() {
    define_domain web qcow2
    take external s2
    guest_writes qcow2 "$(disk)" later
}
set_up_once
shown=$(hash_of "$(disk)")
sleep_with rw "$(disk)"
ok "an image in use" not_done "is in use by sleep" delete s2
ends $!
ok "when it is not any more" is_deleted_at_last

# a chain that is another one than the config says
start_over
thawed xvda.qcow2
mv xvda.qcow2 elsewhere.qcow2
ok "a base that is not where the header says" \
    not_done "/srv/web/xvda.s2.qcow2 stands on it; put it back" delete s2
mv elsewhere.qcow2 xvda.qcow2
ok "when it is there again" is_deleted_at_last

# a base that nobody may write to, found out in the middle
new_host
define_domain web qcow2
mkdir /srv/golden
mv xvda.qcow2 /srv/golden/xvda.qcow2
sed -i 's,/srv/web/xvda,/srv/golden/xvda,' web.cfg
"$QEMU_IMG" create -q -f qcow2 -b /srv/golden/xvda.qcow2 -F qcow2 top.qcow2
guest_writes_at 65536 top.qcow2 top
sed -i 's,/srv/golden/xvda,/srv/web/top,' web.cfg
mount --bind /srv/golden /srv/golden && mount -o remount,bind,ro /srv/golden
shown=$(hash_of "$(disk)")
ok "a base on a file system that is read-only" fails 1 "" \
    xl block-commit --pivot --update-config=web.cfg web xvda
ok "nothing was changed" same "$(hash_of "$(disk)")" "$shown"
ok "nothing is to be recovered" absent "$snapshots/.journal"
umount /srv/golden
ok "when it can be written to" xl block-commit --pivot --update-config=web.cfg web xvda
ok "the disk shows the same" same "$(hash_of "$(disk)")" "$shown"
finished
