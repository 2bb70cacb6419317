# SPDX-License-Identifier: LGPL-2.1-only
# chains.sh: domains whose disks stand on chains, for block-commit and block-pull; on top
# of faults.sh.
# shellcheck shell=sh

. "$srcdir/tests/command/faults.sh"

# chain NAME...: makes overlays on the disk of web, each on the one before, into whose
# second 64 bytes its name is written; its third 64 bytes are those of the lowest that has
# any. The last one is the disk then.
chain() {
    below=$(sed -n "s|.*'/srv/web/\(.*\),[a-z0-9]*,xvda,.*|\1|p" web.cfg)
    for layer; do
        "$QEMU_IMG" create -q -f qcow2 -b "$below" -F "${below##*.}" "$layer.qcow2"
        guest_writes_at 65536 "$layer.qcow2" "$layer"
        below=$layer.qcow2
    done
    sed -i "s|'/srv/web/[^,]*,[a-z0-9]*,|'/srv/web/$below,qcow2,|" web.cfg
}
# guest_writes_at OFFSET FILE TEXT, guest_sees_at OFFSET FILE TEXT
guest_writes_at() {
    printf '%-64s' "$3" >"$hidden/text"
    qemu-io -f qcow2 -c "write -s $hidden/text $1 64" "$2" >/dev/null
}
guest_sees_at() {
    "$QEMU_IMG" convert -U -f qcow2 -O raw "$2" "$hidden/seen" &&
        same "$(dd if="$hidden/seen" bs=64 skip=$(($1 / 64)) count=1 status=none)" \
            "$(printf '%-64s' "$3")"
}
# clone_elsewhere BASE: somebody makes a domain on a clone of it, /srv/other/clone.qcow2.
clone_elsewhere() {
    mkdir -p /srv/other
    "$QEMU_IMG" create -q -f qcow2 -b "$1" -F qcow2 /srv/other/clone.qcow2
    printf 'name="db"\nmemory=16\ndisk=["/srv/other/clone.qcow2,qcow2,xvda,w"]\n' >/etc/xen/db.cfg
}
# stands_on LAYER BASE: what the header of the layer says; '' of one that has none.
stands_on() {
    same "$("$QEMU_IMG" info -U --output=json "$1" | jq -r '."backing-filename" // ""')" "$2"
}

# snapshots_of NAME...: takes external snapshots of web, one after the other, after each of
# which the guest writes its name.
snapshots_of() {
    for taken; do
        xl snapshot-create --domain-config web.cfg --external --update-config=web.cfg \
            -n "$taken" web >/dev/null
        guest_writes qcow2 "xvda.$taken.qcow2" "after $taken"
        guest_writes_at 65536 "xvda.$taken.qcow2" "of $taken"
    done
}
# forgotten NAME...: the snapshots are not there any more; what they have protected is yet.
# given_up NAME...: nor is that protected.
forgotten() { for name; do rm -r "${snapshots:?}/web/$name"; done; }
given_up() {
    for name; do
        # shellcheck disable=SC2046
        thawed $(sed -n '/^parents/,/^]/s/.*target=\([^"]*\).*/\1/p' "$(cfg "$name")")
        forgotten "$name"
    done
}

# a_chain [FORMAT]: web alone, on a chain of three overlays.
a_chain() {
    new_host
    define_domain web "${1-qcow2}"
    chain m1 m2 top
}
# not_done TEXT COMMAND...: it is refused, by TEXT, and nothing is changed.
not_done() { remember && refuses "$@" && unchanged && absent "$snapshots/.journal"; }

# What a layer shows by itself that is changed, $changed, counts no more; nor does what a
# snapshot config has as the state of its base, which snapshot-verify looks at.
remember() { world | counting >"$hidden/world"; }
unchanged() { world | counting | diff "$hidden/world" -; }
counting() {
    sed -E "s,^($changed) [0-9a-f]{64}.*,\1,; s,^[0-9a-f]{64}(  .*/snapshot.cfg),\1," |
        sort
}
