# SPDX-License-Identifier: LGPL-2.1-only
# What commands print, to the letter, and the members of their JSON, as xl-snapshot(1)
# has them.
. "$srcdir/tests/command/lib.sh"

# a user other than root cannot make a base immutable
touch file
as_root=
chattr +i file 2>/dev/null && chattr -i file ||
    as_root='s/(not protected)/(frozen)/; /^Root, and so xl and QEMU,/d'

# prints EXPECTED COMMAND...: with every date, number of bytes and time as DATE, N.
prints() {
    expected=$1
    shift
    "$@" >"$hidden/out" 2>&1
    sed 's/20[0-9][0-9]-[0-9-]* [0-9:]*/DATE/g; s/ *[0-9]* KiB/ N KiB/g; s/[0-9.]* s\./N s./'"
        $as_root" \
        "$hidden/out" >"$hidden/printed"
    printf '%s\n' "$expected" | diff - "$hidden/printed"
}
# members FILTER KEYS COMMAND...: the object that FILTER finds has these, in order.
members() {
    filter=$1 keys=$2
    shift 2
    "$@" >"$hidden/json" && same "$(jq -r "$filter | keys_unsorted | join(\" \")" \
        "$hidden/json")" "$keys"
}
create() { xl snapshot-create --domain-config web.cfg "$@" web; }

define_domain web qcow2 raw
ok "create, external" prints "Snapshot s1 of domain web
  config  /var/lib/xen/snapshots/web/s1/snapshot.cfg
  disks only, as the domain left them
  xvda    external: base /srv/web/xvda.qcow2 (frozen), overlay /srv/web/xvda.s1.qcow2
  xvdb    external: base /srv/web/xvdb.raw (frozen), overlay /srv/web/xvdb.s1.qcow2
The domain has new disks. For the next xl create, write into its xl.cfg:
    '/srv/web/xvda.s1.qcow2,qcow2,xvda,w',
    '/srv/web/xvdb.s1.qcow2,qcow2,xvdb,w,backendtype=qdisk',
Revert with: xl snapshot-revert web s1" create -n s1
ok "verify" prints "snapshot config  good
domain config    good  /var/lib/xen/snapshots/web/s1/domain.cfg
domain           good
programs         good
disk xvda        good  /srv/web/xvda.qcow2
disk xvdb        good  /srv/web/xvdb.raw
users            good" xl snapshot-verify "$(cfg s1)"
ok "list" prints "In /var/lib/xen/snapshots/web:
NAME  TIME                 WHAT            FILES
s1    DATE  disks           all there

From the images (which record neither memory nor other disks):
DISK   DEPTH  FORMAT     ON DISK  TAGS  FILE
xvda       0  qcow2 N KiB     0  /srv/web/xvda.qcow2
xvdb       0  raw N KiB     0  /srv/web/xvdb.raw" \
    xl snapshot-list --domain-config web.cfg web
ok "revert" prints "Domain web is back at snapshot s1, as domid 1
  xvda    new overlay /srv/web/xvda.s1.r1.qcow2 on /srv/web/xvda.qcow2
  xvdb    new overlay /srv/web/xvdb.s1.r1.qcow2 on /srv/web/xvdb.raw
The domain has new disks. For the next xl create, write into its xl.cfg:
    '/srv/web/xvda.s1.r1.qcow2,qcow2,xvda,w,backendtype=qdisk',
    '/srv/web/xvdb.s1.r1.qcow2,qcow2,xvdb,w,backendtype=qdisk'," \
    xl snapshot-revert web "$(cfg s1)"
ok "as JSON" members . "name domain uuid type domid creation_time disks total_us" \
    xl snapshot-revert --json web "$(cfg s1)"
ok "its dry run" members . "name domain uuid type creation_time disks plan" \
    xl snapshot-revert -N --json web "$(cfg s1)"
xl destroy web

sed -i 's/xvda/&.s1.r1/; s/xvdb.raw,raw/xvdb.s1.r1.qcow2,qcow2/' web.cfg
ok "create as JSON" members . "name description domain uuid type creation_time config \
consistency domain_config disks total_us" create -n s2 -D "for now" --json
ok "an image" members .disks[0].parent "path format" create -n s3 --json
ok "a dry run" members . "name domain uuid type creation_time config consistency \
domain_config disks plan" create -N -n s4 --json
ok "a disk with an overlay" members .disks[0] "vdev mode driver parent child xl_cfg" \
    create --external -n s4 --json
ok "list as JSON" members . "domain directory snapshots image_tags disks leftovers" \
    xl snapshot-list --json --domain-config web.cfg web
ok "a snapshot" members .snapshots[0] "name creation_time config consistency complete" \
    xl snapshot-list --json --domain-config web.cfg web
ok "a disk" members .disks[0] "vdev path writable layers" \
    xl snapshot-list --json --domain-config web.cfg web
ok "a layer" members .disks[0].layers[0] "path format bytes tags" \
    xl snapshot-list --json --domain-config web.cfg web
ok "verify as JSON" members . "name domain good items" xl snapshot-verify --json "$(cfg s1)"
ok "drivers" json 'map(.name) | index("qcow2-internal") and index("qcow2-overlay")' \
    xl snapshot-drivers --json
ok "each with what it can" json 'all(.[]; (.mode == "internal" or .mode == "external")
    and (.can | type == "array"))' xl snapshot-drivers --json
ok "and with the version of its program" json '.[] | select(.name == "qcow2-internal")
    | .program == "qemu-img" and (.version | test("^[0-9]+[.][0-9]"))' xl snapshot-drivers --json

# --- output that cannot be written -----------------------------------------

full() { "$@" >/dev/full; }
full_when_done() { fails 1 "cannot write to standard output: No space left on device; but \
for that, the command succeeded" full "$@"; }
new_host
define_domain web qcow2 raw
ok "drivers" full_when_done xl snapshot-drivers
ok "a dry run" full_when_done create -n s1 -N
ok "as JSON" full_when_done create -n s1 -N --json
ok "a create" full_when_done create -n s1 --update-config=web.cfg
ok "is done to its end" says "good" xl snapshot-verify "$(cfg s1)"
ok "a verification" full_when_done xl snapshot-verify "$(cfg s1)"
ok "a list" full_when_done xl snapshot-list --domain-config web.cfg web
ok "as JSON" full_when_done xl snapshot-list --json --domain-config web.cfg web
ok "a revert" full_when_done xl snapshot-revert web "$(cfg s1)"
ok "is done to its end" domid_of web
ok "a recovery" full_when_done xl snapshot-recover --all
ok "help" full_when_done xl snapshot-create --help
ok "the version" full_when_done xl --version

new_host
define_domain web qcow2 qcow2
ok "create, internal" prints "Snapshot s1 of domain web
  config  /var/lib/xen/snapshots/web/s1/snapshot.cfg
  disks only, as the domain left them
  xvda    internal: tag s1 in /srv/web/xvda.qcow2
  xvdb    internal: tag s1 in /srv/web/xvdb.qcow2
Revert with: xl snapshot-revert web s1" create -n s1
ok "a disk with a tag has no child" members .disks[0] "vdev mode driver parent" \
    create -n s2 --json
ok "list" prints "In /var/lib/xen/snapshots/web:
NAME  TIME                 WHAT            FILES
s1    DATE  disks           all there
s2    DATE  disks           all there

From the images (which record neither memory nor other disks):
TAG  TIME                 MEMORY    DISKS
s1   DATE  -         all
s2   DATE  -         all
DISK   DEPTH  FORMAT     ON DISK  TAGS  FILE
xvda       0  qcow2 N KiB     2  /srv/web/xvda.qcow2
xvdb       0  qcow2 N KiB     2  /srv/web/xvdb.qcow2" \
    xl snapshot-list --domain-config web.cfg web
ok "a tag" members .image_tags[0] "name creation_time memory_bytes all_disks disks" \
    xl snapshot-list --json --domain-config web.cfg web
ok "revert" prints "Domain web is back at snapshot s1, as domid 1
  xvda    tag s1 applied in /srv/web/xvda.qcow2
  xvdb    tag s1 applied in /srv/web/xvdb.qcow2" xl snapshot-revert web "$(cfg s1)"
xl destroy web
add_memory s2
ok "list, with memory" matches '^s2    .*  memory + disks  all there$' xl snapshot-list web
ok "as JSON" members .snapshots[1] "name creation_time config memory complete" \
    xl snapshot-list --json web
rm "$snapshots/web/s2/memory"
ok "and what is missing" matches "^s2 .*  $snapshots/web/s2/memory is missing$" \
    xl snapshot-list web
finished
