#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# Hooks: disks that no driver knows, by programs of the administrator's.
. "$(dirname "$0")/snapshot.sh"

hooks=/etc/xen/snapshot.d
shipped=/usr/local/share/xl-snapshot/hooks
mkdir -p $hooks
cleanup_fn rm -rf $hooks

# hook NAME < SCRIPT
hook() { cat > "$hooks/$1"; chmod 755 "$hooks/$1"; }

# wish DRIVER: a ConfigFile that asks for it, for xvda.
wish() { echo "disks = [ ',,xvda' ]"; echo "drivers = [ 'xvda=$1' ]"; }

# --- copy: a raw file on blkback -------------------------------------------

new_snapshot_domain vm loop:32M
ok "without a hook it is refused" mustfail \
    "disk xvda (/srv/vm/xvda.raw): no external snapshot: blkback (phy) serves it" \
    xl snapshot-create vm
ok "with the way out" mustfail "add backendtype=qdisk" xl snapshot-create vm
ok "nothing is left" test ! -e $snapshots/vm -a "$(ls /srv/vm | wc -l)" = 2
ln -s $shipped/copy $hooks/copy
ok "the hook is listed" says "^hook/copy +internal +live,offline,nested +1.0 +$hooks/copy" \
    xl snapshot-drivers
ok "with the version of qemu-img" says "^qcow2-internal .* [0-9.]+ +qemu-img" \
    xl snapshot-drivers
_json() {
    xl snapshot-drivers --json | jq -e '.[] | select(.name == "hook/copy") |
        .mode == "internal" and .can == ["live", "offline", "nested"]
        and .version == "1.0" and (has("problem") | not)'
}
ok "also as JSON" _json

ticking vm
before=$(tick vm)
ok "a snapshot with the hook" says "xvda +internal: by hook/copy, of /srv/vm/xvda.raw" \
    xl snapshot-create -n s1 vm
after=$(tick vm)
ok "is a copy beside the file" test -f /srv/vm/xvda.raw.s1.copy
ok "the snapshot config names the hook" grep -F '"xvda=hook/copy"' "$(cfg vm s1)"
ok "the guest runs on" ticking vm
ok "of a name once" mustfail "hook copy has a snapshot 's1' of /srv/vm/xvda.raw already" \
    xl snapshot-create -d /srv/vm -n s1 vm
ok "reverts" revert vm s1
ok "is back" back_at vm "$before" "$after"
ok "on the same file" says "^xvda /srv/vm/xvda.raw raw$" disks_of vm
ok "of the same backend" says "/backend/vbd/" xl block-list vm
ok "reverts again" says "/srv/vm/xvda.raw brought back by hook/copy" revert vm s1
ok "is back again" back_at vm "$before" "$after"

# --- what hooks do wrong ---------------------------------------------------

refused() { mustfail "$1" xl snapshot-create -n s2 vm <(wish "$2"); }
remember vm
hook broken <<'END'
#!/bin/sh
case $1 in
probe) echo '{"handles":true,"can":["live"],"exists":false}' ;;
create) touch /srv/vm/half; echo 'no space left' >&2; exit 1 ;;
delete) rm -f /srv/vm/half; echo '{"done":true}' ;;
esac
END
ok "one that fails" refused "broken failed with status 1: no space left" hook/broken
ok "is undone" unchanged vm
hook slow <<'END'
#!/bin/sh
[ "$1" != create ] || exec sleep 100
echo '{"handles":true,"can":["live"],"exists":false,"done":true}'
END
export XL_SNAPSHOT_HOOK_TIMEOUT=2
ok "one that hangs is ended" refused "slow did not answer for 2 s and was killed" hook/slow
sed -i 's/create/probe/' $hooks/slow
ok "also where it is only asked" refused "slow did not answer for 2 s" hook/slow
export XL_SNAPSHOT_HOOK_TIMEOUT=soon
ok "the deadline is a number" mustfail "XL_SNAPSHOT_HOOK_TIMEOUT is 'soon'" xl snapshot-drivers
unset XL_SNAPSHOT_HOOK_TIMEOUT
chmod 757 $hooks/broken
ok "one that others can write is not run" refused \
    "$hooks/broken: it, of uid 0 and mode 0757, can be changed by others than root" hook/broken
chmod 644 $hooks/broken
ok "nor one that is not executable" refused "$hooks/broken is not executable" hook/broken
ok "which the list says" says "^hook/broken .* is not executable; chmod" xl snapshot-drivers
ok "nor one that is not there" refused "there is no hook $hooks/tape" hook/tape
rm $hooks/copy
ok "a revert needs its hook, and finds out in time" mustfail \
    "$hooks/copy: No such file" xl snapshot-revert vm "$(cfg vm s1)"
ok "nothing has changed" unchanged vm
ok "the guest runs on" ticking vm
