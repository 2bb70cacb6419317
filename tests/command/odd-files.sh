# SPDX-License-Identifier: LGPL-2.1-only
# A fifo, or a character device, in the place of a file that somebody names: no command
# waits for it, and none opens the device, which might act.
. "$srcdir/tests/command/lib.sh"

mknod /srv/device c 1 3 2>/dev/null || {
    echo "1..0 # SKIP no device can be made"
    exit 0
}
XL_SNAPSHOT_TIMEOUT=1
export XL_SNAPSHOT_TIMEOUT

verify() { xl snapshot-verify "$(cfg s1)"; }
create() { xl snapshot-create --domain-config web.cfg -n s2 "$@" web; }
# swap fifo|device FILE: in the place of FILE, until back. Who opens it is noticed.
swap() {
    chattr -i "$2" 2>/dev/null
    mv "$2" "$hidden/swapped"
    case $1 in
    fifo) mkfifo "$2" ;;
    device) mknod "$2" c 1 3 ;;
    esac
    swapped=$2
    "$here/stand-in/opened" "$2" "$hidden/told" &
    watcher=$!
    until [ -s "$hidden/told" ]; do sleep 0.02; done
}
back() {
    # what was told by then has been written when the next one is
    sleep 0.1
    : <>"$swapped" 2>/dev/null || :
    until [ "$(wc -l <"$hidden/told")" -ge 2 ]; do sleep 0.02; done
    ok "it was opened by none" same "$(wc -l <"$hidden/told")" 2
    kill $watcher
    rm -f "$swapped" "$hidden/told"
    mv "$hidden/swapped" "$swapped"
}
# in_time COMMAND...: it ends by itself.
in_time() {
    "$@" &
    waited=0
    while kill -0 $! 2>/dev/null && [ $waited -lt 200 ]; do
        waited=$((waited + 1))
        sleep 0.05
    done
    if kill -KILL $! 2>/dev/null; then echo "it hangs"; return 1; fi
    wait $!
}
odd="it is neither a file nor a block device"
bad() { fails 1 "cannot be reverted to" verify && grep -q -- "$1.*$odd" "$hidden/out"; }
ends() { "$@" >/dev/null 2>&1; :; }

new_host
define_domain web qcow2 raw
xl snapshot-create --domain-config web.cfg --external --update-config=web.cfg -n s1 web \
    >/dev/null
xl snapshot-create --domain-config web.cfg --external --update-config=web.cfg -n m1 web \
    >/dev/null
add_memory m1
for what in fifo device; do
    for file in xvda.qcow2 xvdb.raw; do
        swap $what /srv/web/$file
        ok "a $what in the place of the base $file: verify" in_time bad "$file"
        ok "a revert" in_time refuses "$odd" xl snapshot-revert web "$(cfg s1)"
        # qemu-img opens the base, and has a deadline
        ok "a create on the overlay" in_time refuses "/srv/web/${file%.*}" create
        ok "a list" in_time ends xl snapshot-list --domain-config web.cfg web
        back
    done
    for file in xvda.s1.qcow2 xvdb.s1.qcow2; do
        swap $what /srv/web/$file
        ok "a $what in the place of the overlay $file: a create" in_time refuses "$odd" \
            create --external
        ok "with tags" in_time refuses "$odd" create --internal
        ok "a list" in_time ends xl snapshot-list --domain-config web.cfg web
        back
    done
    swap $what "$(cfg s1)"
    ok "a $what in the place of the snapshot config: verify" in_time refuses "$odd" verify
    ok "a list" in_time says "$odd" xl snapshot-list --domain-config web.cfg web
    back
    swap $what "$snapshots/web/s1/domain.cfg"
    ok "a $what in the place of the domain config: verify" in_time bad "domain.cfg"
    back
    swap $what "$snapshots/web/m1/memory"
    ok "a $what in the place of a memory image: verify" in_time \
        fails 1 "cannot be reverted to" xl snapshot-verify "$(cfg m1)"
    ok "a revert" in_time refuses "$odd" xl snapshot-revert web "$(cfg m1)"
    back
    swap $what /srv/web/web.cfg
    ok "a $what in the place of an xl.cfg: a create" in_time refuses "$odd" create
    back
    mkdir -p "$snapshots/.journal"
    : >"$snapshots/.journal/web.json"
    swap $what "$snapshots/.journal/web.json"
    ok "a $what in the place of a journal: a recovery" in_time fails 1 "$odd" \
        xl snapshot-recover -N --all
    ok "a create" in_time refuses "$odd" create
    back
    rm -r "$snapshots/.journal"
done
finished
