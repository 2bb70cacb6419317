#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-only
# The user's own xl.cfg after an external snapshot: as it was, it gives no write
# access to the frozen bases; rewritten by --update-config, or with the printed
# lines, the domain goes on from its overlays.
. "$(dirname "$0")/snapshot.sh"

define_domain vm qcow2:64M raw:4M
cleanup_fn rm -rf "$snapshots/vm"
file=$(config vm)
old=/srv/old.cfg
cleanup_fn rm -f "$old" /srv/other.cfg /srv/link.cfg /srv/pasted.cfg
sed -i '/^disk = /d' "$file"
cat >> "$file" <<'END'
# The disks of vm; "/srv/vm/xvda.qcow2" is the system.
disk = [
    # the system
    '/srv/vm/xvda.qcow2, qcow2, xvda,  w, discard',     # 'xvda'
    "vdev=xvdb, format=raw,access=rw,backendtype=qdisk, target=/srv/vm/xvdb.raw"
]; on_crash = "destroy"	# the last line
END
chmod 640 "$file"
cp -p "$file" "$old"
ln -s "$file" /srv/link.cfg
start_domain vm

# --- refused before anything changes
refused() {
    local text=$1 cfg=$2
    mustfail "$text" \
        xl snapshot-create --external -n s1 --update-config "$cfg" vm
}
remember vm
sed 's/^name = .*/name = "other"/' "$old" > /srv/other.cfg
ok "refuses the file of another domain" \
    refused "/srv/other.cfg: the config is of domain other, not of vm" /srv/other.cfg
sed /xvdb/d "$old" > /srv/other.cfg
ok "one that lacks a disk" \
    refused "/srv/other.cfg: there is no disk xvdb" /srv/other.cfg
sed 's,^ *./srv/vm/xvda.qcow2, "/srv/vm/new.qcow2,; s/discard.,/discard",/' "$old" > /srv/other.cfg
ok "one that names another image, by its line" refused \
    "disk xvda names /srv/vm/new.qcow2, not /srv/vm/xvda.qcow2" /srv/other.cfg
cp "$old" /srv/other.cfg
chattr +i /srv/other.cfg
cleanup_fn chattr -i /srv/other.cfg
ok "one that cannot be written" \
    refused "/srv/other.cfg: the file, or its folder, cannot be written" /srv/other.cfg
ok "one that is not there" refused "/srv/none.cfg: No such file" /srv/none.cfg
chattr -i /srv/other.cfg
ok "a dry run says what would be rewritten" says \
    "line [0-9]+: xvdb is /srv/vm/xvdb.s1.qcow2 \(qcow2\)" \
    xl -N snapshot-create --external -n s1 --update-config "$file" vm
ok "the file is as it was" cmp "$file" "$old"
ok "and so is the domain" unchanged vm
ok "the guest has gone on" ticking vm

# --- create
ok "a snapshot rewrites the file, by a link to it" \
    says "The domain has new disks, written into $file" \
    xl snapshot-create --external -n s1 --update-config /srv/link.cfg vm
ok "just the paths, and the format of the raw one" diff "$file" - < <(
    sed "s,'/srv/vm/xvda.qcow2,'/srv/vm/xvda.s1.qcow2,
         s,format=raw,format=qcow2,
         s,target=/srv/vm/xvdb.raw,target=/srv/vm/xvdb.s1.qcow2," "$old")
ok "its mode is what it was" test "$(stat -c %a,%U "$file")" = 640,root
ok "the link is one still, and nothing else is left" \
    test -L /srv/link.cfg -a "$(echo "$file"*)" = "$file"
bases=$(sha256sum /srv/vm/xvda.qcow2 /srv/vm/xvdb.raw)

# cold BEFORE FILE: destroyed and created from FILE, the guest finds on its
# disks what it wrote, and goes on.
cold() {
    local before
    ticking vm && before=$(tick vm) || return 1
    xl destroy vm
    mark vm
    xl create -q "$1" && until_ok 120 _resumed && ticking vm || return 1
    [ "$(first_tick vm)" -ge "$before" ] || {
        echo "goes on from tick $(first_tick vm), not from $before"
        return 1
    }
}
_resumed() { console vm | grep "WITNESS resume"; }
ok "created anew from it, the domain goes on from the overlays" cold "$file"
ok "and writes to them alone" sha256sum --status -c <<< "$bases"

# --- the old file
xl destroy vm
mark vm
xl create -q "$old"
ok "the old file gives the domain none of its frozen bases" until_ok 60 \
    grep -q "Could not open '/srv/vm/xvda.qcow2'" /var/log/xen/qemu-dm-vm.log
sleep 3
ok "its guest has no tick" test -z "$(tick vm)"
xl destroy vm
ok "nobody has written to them" sha256sum --status -c <<< "$bases"

# --- revert
ok "a revert rewrites the file, also while there is no domain" \
    revert vm s1 --update-config "$file"
ok "to its new overlays" grep -cE "xvda.s1.r1.qcow2, qcow2|xvdb.s1.r1.qcow2" "$file"
ok "on which the domain goes on" ticking vm
revert_json() { revert vm s1 --json --update-config "$file" > "$_tmp/json"; }
ok "again, and says so as JSON" revert_json
ok "with the lines" test 'true xvda /srv/vm/xvda.s1.r2.qcow2 qcow2' = "$(jq -r \
    '.update_config | "\(.done) \(.lines[0] | "\(.vdev) \(.path) \(.format)")"' "$_tmp/json")"
ok "created from it the domain goes on from there" cold "$file"
cp "$file" "$old"
sed 's/^name = .*/name = "other"/' "$old" > /srv/other.cfg
remember vm
ok "a revert refuses another's file, too" mustfail \
    "the config is of domain other, not of vm" \
    xl snapshot-revert --update-config /srv/other.cfg vm "$(cfg vm s1)"
ok "nothing has changed" unchanged vm
ok "with the domain running on" ticking vm

# --- the lines to paste
printed() { sed -n "s/^    '/'/p" "$_tmp/lines"; }
xl snapshot-create --external -n s2 vm > "$_tmp/lines"
ok "without the option the new lines are printed, with all their options" \
    diff <(printed) - <<'END'
'/srv/vm/xvda.s2.qcow2,qcow2,xvda,w,discard',
'/srv/vm/xvdb.s2.qcow2,qcow2,xvdb,w,backendtype=qdisk',
END
{ sed '/^# The disks/,$d' "$old"; echo "disk = ["; printed; echo "]"; } > /srv/pasted.cfg
ok "pasted, they do" cold /srv/pasted.cfg

# --- too late
cp /srv/pasted.cfg "$file"
spoil() {
    until [ -e "$snapshots/vm/s3/memory.partial" ]; do sleep 0.1; done
    sed -i 's/^name = .*/name = "other"/' "$file"
}
spoil &
ok "a file that changes meanwhile is an error, of a snapshot that stands" \
    mustfail "the config is of domain other, not of vm; the snapshot is complete" \
    xl snapshot-create --external -n s3 --update-config "$file" vm
ok "and the line is printed" grep -F "'/srv/vm/xvda.s3.qcow2,qcow2,xvda,w" "$_tmp/stdout"
ok "the snapshot is good" revert vm s3
ok "the guest goes on" ticking vm
