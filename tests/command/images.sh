# SPDX-License-Identifier: LGPL-2.1-only
# An operation that has not ended keeps up every other one on its images, whatever the
# domain is called by now: xl gives a domain whose xl.cfg has no uuid another one at each
# start, and a name can be edited.
. "$srcdir/tests/command/faults.sh"

# define NAME DISK...: as define_domain, without a uuid. called NAME: the xl.cfg of $domain
# under another name, as NAME.cfg beside it.
define() { define_domain "$@" && sed -i '/^uuid/d' "$1.cfg"; }
called() { sed "s/^name = .*/name = \"$1\"/" "$domain.cfg" >new && mv new "$1.cfg"; }
create() { xl snapshot-create --domain-config web.cfg "$@" web; }
create2() { xl snapshot-create --domain-config web2.cfg "$@" web2; }
# revert2: to a copy of the snapshot config that has the other name, too.
revert2() {
    mkdir -p "$hidden/web2"
    sed '/^uuid/d; s/^domain = .*/domain = "web2"/' "$(cfg s1)" \
        >"$hidden/web2/snapshot.cfg"
    xl snapshot-revert --domain-config web2.cfg "$@" web2 "$hidden/web2/snapshot.cfg"
}
# cut_off COMMAND...: it is killed when its first step that changes an image was done.
cut_off() { plan_of "$@" && fault $((2 * $(changes) + 1)) kill-before "$@"; }
changes() { awk '/ format |bring disk| tag s1 in/ { print NR; exit }' "$hidden/steps"; }
# waits IMAGE COMMAND...: it is refused, for that image, and changes nothing.
waits() {
    image=$1
    shift
    remember
    refuses "domain web2: $image is an image of another operation, too: domain web: $why" \
        "$@" && unchanged
}
# of OPERATION: what is said of the journal of web.
json=$snapshots/.journal/web.json
of() { echo "a snapshot-$1 of it has not ended ($json); run xl snapshot-recover web first"; }

# --- a create that was cut off ---------------------------------------------

define web qcow2 raw
called web2
cut_off create --external -n s1
why=$(of create) xvda=/srv/web/xvda.qcow2
ok "renamed: no create" waits $xvda create2 -n s2
ok "not even external" waits $xvda create2 --external -n s2
ok "nor its dry run" waits $xvda create2 -N -n s2
sed -i "/xvda/d" web2.cfg
ok "nor with one of the disks" waits /srv/web/xvdb.raw create2 --external -n s2
called web2
mkdir /srv/else && ln -s "$xvda" /srv/else/link.qcow2 && ln "$xvda" /srv/else/hard.qcow2
sed -i "s,$xvda,/srv/else/link.qcow2," web2.cfg
ok "nor by a symbolic link" waits $xvda create2 -n s2
sed -i "s,link.qcow2,hard.qcow2," web2.cfg
ok "nor by another name of the file" waits /srv/else/hard.qcow2 create2 -n s2
mv $xvda /srv/else/moved.qcow2 && sed -i "s,hard.qcow2,moved.qcow2," web2.cfg
ok "nor when it has been moved" waits /srv/else/moved.qcow2 create2 -n s2
mv /srv/else/moved.qcow2 $xvda
cp $xvda /srv/else/copy.qcow2
sed -i "s,moved.qcow2,copy.qcow2,; /xvdb/d" web2.cfg
ok "but of a copy" create2 -n s2
sed -i "s,/srv/else/copy.qcow2,/srv/web/xvda.s1.qcow2," web2.cfg
ok "nor of the overlay that it makes" waits /srv/web/xvda.s1.qcow2 create2 -n s3
ok "snapshot-list waits for nobody" xl snapshot-list --domain-config web2.cfg web2
called web2
sed 's/,"images":[[][^]]*]//' "$json" >"$hidden/old" && cat "$hidden/old" >"$json"
ok "a journal of an older version has them in its plan" waits $xvda create2 -n s3
ok "recovered under its old name" says "Undone." xl snapshot-recover web
ok "a create begins under the new one" create2 -n s4

# --- a revert that was cut off ---------------------------------------------

new_host
define web qcow2 qcow2
create --internal -n s1 >/dev/null
called web2
guest_writes qcow2 xvda.qcow2 later && guest_writes qcow2 xvdb.qcow2 later
cut_off xl snapshot-revert web "$(cfg s1)"
why=$(of revert)
ok "half reverted: no create" waits $xvda create2 -n s2
ok "no revert" waits $xvda revert2
ok "nor a dry run of one" waits $xvda revert2 -N
ok "snapshot-verify waits for nobody" xl snapshot-verify "$(cfg s1)"
ok "recovered under its old name" says "Completed." xl snapshot-recover --lose-writes web
xl destroy web
ok "a revert begins under the new one" revert2 -N

# --- two that were cut off -------------------------------------------------

# As of two hosts that cannot see each other's journals for a time.
new_host
define web qcow2
called web2
cut_off create --external -n s1
mv "$snapshots/.journal" "$snapshots/away"
sleep 1
cut_off create2 --external -n s2
mv "$snapshots/away/web.json" "$snapshots/.journal" && rmdir "$snapshots/away"
later="domain web: $xvda is an image of a later operation, too: domain web2: a snapshot-create"
ok "the earlier one waits" fails 1 "$later" xl snapshot-recover web
ok "also its dry run" fails 1 "run xl snapshot-recover web2 first" xl snapshot-recover -N web
recover_all() { xl snapshot-recover --all | tr '\n' ' '; }
ok "of both, the later one is the first" matches "web2.*Undone.*web,.*Undone" recover_all
ok "and nothing is left" absent "$snapshots/.journal" xvda.s1.qcow2 xvda.s2.qcow2

# --- whose images are only read --------------------------------------------

new_host
define web qcow2
new_image qcow2 base.qcow2 "of all"
for of in db web; do
    mkdir -p /srv/$of
    "$QEMU_IMG" create -q -f qcow2 -b "$PWD/base.qcow2" -F qcow2 /srv/$of/over.qcow2
    called $of && sed -i "s,/srv/web/xvda,/srv/$of/over," $of.cfg
done
cut_off create --external -n s1
ok "a base that domains share" xl snapshot-create --domain-config db.cfg -n s1 db
ok "recovered" says "Undone." xl snapshot-recover web
finished
