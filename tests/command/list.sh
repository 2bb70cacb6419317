# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-list: what is on record of a domain, and what its images tell.
. "$srcdir/tests/command/lib.sh"

list() { xl snapshot-list "$@"; }
create() { xl snapshot-create --domain-config web.cfg "$@" web >/dev/null; }

define_domain web qcow2 qcow2
ok "a domain that nobody knows" refuses \
    "domain web: there is no such domain, and no snapshot of it in $snapshots/web" list web
ok "without snapshots, its images by its xl.cfg" \
    says "No snapshot configs in $snapshots/web" list --domain-config web.cfg web
ok "depth, format, tags and file of each disk" matches \
    '^xvdb  *0  qcow2 .* 0  /srv/web/xvdb.qcow2$' list --domain-config web.cfg web
ok "not by another's xl.cfg" refuses "is of domain web, not of db" \
    list --domain-config web.cfg db
ok "nor by one that is not there" refuses "No such file" list --domain-config no.cfg web

create -n tags
ok "a snapshot" matches '^tags  20..-..-.. ..:..:..  disks           all there$' list web
ok "without an xl.cfg no images are looked at" lacks "From the images" list web
ok "its tag is on all disks" matches '^tags  20..-.*  -         all$' \
    list --domain-config web.cfg web
"$QEMU_IMG" snapshot -c mine xvda.qcow2
ok "one that somebody else made, on one disk" matches '^mine .* only xvda$' \
    list --domain-config web.cfg web
ok "as JSON" json '.domain == "web" and .directory == "/var/lib/xen/snapshots/web"
    and (.snapshots | map(.name) == ["tags"]) and .snapshots[0].complete
    and (.image_tags | map(.name) == ["tags", "mine"])
    and (.image_tags[0] | .all_disks and .disks == ["xvda", "xvdb"])
    and (.image_tags[1] | .all_disks == false and .disks == ["xvda"])
    and (.disks | map(.vdev) == ["xvda", "xvdb"])
    and (.disks[0] | .writable and (.layers | length) == 1)
    and .disks[0].layers[0].format == "qcow2"' list --json --domain-config web.cfg web
ok "as JSON without the images" json 'has("disks") | not' list --json web

create --external -n ext --update-config=web.cfg
ok "a chain: the overlay first" matches \
    '^xvda  *0  qcow2 .* 0  /srv/web/xvda.ext.qcow2$' list --domain-config web.cfg web
ok "its base, which has the tags, below" matches \
    '^xvda  *1  qcow2 .* 2  /srv/web/xvda.qcow2$' list --domain-config web.cfg web
sed -i 's/^creation_time.*/creation_time = 1000000000/' "$(cfg tags)"
ok "oldest first" json '.snapshots | map(.name) == ["tags", "ext"]' list --json web
ok "a disk that is not written to has no row" lacks xvdc \
    list --domain-config "$(with_disk "'/srv/web/xvda.qcow2,qcow2,xvdc,r'")" web

chattr -i xvdb.qcow2 2>/dev/null
mv xvdb.qcow2 away
ok "a file that is missing is named" matches '^ext .* /srv/web/xvdb.qcow2 is missing$' list web
ok "as JSON" json '.snapshots[1] | .complete == false
    and .problem == "/srv/web/xvdb.qcow2 is missing"' list --json web
ok "the images cannot be told then" fails 1 "xvdb" list --domain-config web.cfg web
ok "what is on record is listed all the same" grep -q '^ext .* is missing$' "$hidden/out"
xl create web.cfg
ok "so it is of a domain whose QEMU is gone" fails 1 "QEMU cannot be reached" list web
ok "with what is on record" grep -q '^tags ' "$hidden/out"
ok "and as JSON" fails_json '(.snapshots | length == 2) and (has("disks") | not)' \
    list --json web
xl destroy web
mv away xvdb.qcow2

echo 'name = ' >"$(cfg tags)"
ok "a config that is damaged is one of the list" matches '^- .*snapshot.cfg:.* error' list web
ok "beside those that are not" matches '^ext .* all there$' list web
ok "as JSON" json '[.snapshots[] | select(.complete | not) | .problem]
    | length == 1 and (.[0] | contains("snapshot.cfg:"))' list --json web

mkdir "$snapshots/web/.hidden" "$snapshots/web/empty"
cp "$(cfg ext)" "$snapshots/web/.hidden"
: >"$snapshots/web/file"
ok "what else lies in the folder is none" json '.snapshots | length == 2' list --json web
mkdir /srv/elsewhere
create -d /srv/elsewhere -n far
ok "another folder" matches '^far .* all there$' list -d /srv/elsewhere web
ok "relative" matches '^far ' list -d ../elsewhere web
ok "one without snapshots" says "No snapshot configs in /srv" \
    list -d /srv --domain-config web.cfg web

remember
list --domain-config web.cfg web >/dev/null
ok "nothing is changed by looking" unchanged
finished
