# SPDX-License-Identifier: LGPL-2.1-only
# A disk that stands on many images: a warning, from as many on as xl.conf says.
. "$srcdir/tests/command/lib.sh"

create() { xl snapshot-create --domain-config web.cfg --external --update-config=web.cfg "$@" web; }
list() { xl snapshot-list --domain-config web.cfg "$@" web; }
setting() { echo "$1" >/etc/xen/xl.conf; }
# warns TEXT COMMAND...: the command succeeds, and its one message has TEXT. silent
# COMMAND...: it has none.
warns() {
    warned=$1
    shift
    "$@" >"$hidden/out" 2>"$hidden/error" && [ "$(wc -l <"$hidden/error")" = 1 ] &&
        grep -qF -- "$warned" "$hidden/error" || { cat "$hidden/out" "$hidden/error"; return 1; }
}
silent() {
    "$@" >"$hidden/out" 2>"$hidden/error" && [ ! -s "$hidden/error" ] ||
        { cat "$hidden/out" "$hidden/error"; return 1; }
}
chain() { echo "warning: disk xvda stands on a chain of $1 images"; }
# layers N: the disk of web gets N overlays.
layers() {
    for n in $(seq "$1"); do
        "$QEMU_IMG" create -q -f qcow2 -F qcow2 -b "$PWD/$(basename "$top")" "l$n.qcow2"
        top=l$n.qcow2
    done
    sed -i "s,/srv/web/xvda.qcow2,/srv/web/$top," web.cfg
}

define_domain web qcow2
setting 'snapshot.chain_depth=3'
ok "two images are not three" silent create -n s1
ok "three are" warns "$(chain 3)" create -n s2
ok "a list says so" warns "$(chain 3)" list
ok "also as JSON" warns "$(chain 3)" list --json
ok "a dry run of one more" warns "$(chain 4)" create -N -n s3
ok "a tag adds none" warns "$(chain 3)" xl snapshot-create --domain-config web.cfg --internal web t1
ok "a revert to the second would" warns "$(chain 3)" xl snapshot-verify web s2
ok "to the first it would not" silent xl snapshot-verify web s1
ok "an older list does not tell" silent xl snapshot-list web
setting 'snapshot.chain_depth=0'
ok "0 is never" silent list
setting 'autoballoon="off"
lockfile="/run/lock/xl"'
ok "what is xl's is not ours" silent list
for value in -1 '"many"' '[ 1 ]' '"'; do
    setting "snapshot.chain_depth=$value"
    ok "a mistake: $value" warns "/etc/xen/xl.conf: snapshot.chain_depth must be a number, or 0 \
for never; 16 is taken" list
done
rm /etc/xen/xl.conf

new_host
define_domain web qcow2 qcow2
top=xvda.qcow2
layers 14
ok "fifteen are not told" silent list
ok "sixteen are, of that disk alone" warns "$(chain 16)" create -n s1
ok "a snapshot of the present before a revert, too" warns "$(chain 16)" xl snapshot-revert -N \
    --keep --domain-config web.cfg web s1
finished
