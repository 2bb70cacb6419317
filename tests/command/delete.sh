# SPDX-License-Identifier: LGPL-2.1-only
# snapshot-delete: what goes, what stays, and what is refused, of a domain that is off.
# One that runs has a QEMU: tests/system/delete.sh.
. "$srcdir/tests/command/lib.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" web >/dev/null; }
delete() { xl snapshot-delete "$@" web s1; }
tags() { "$QEMU_IMG" snapshot -l "$1" | awk 'NR > 2 { print $2 }' | tr '\n' ' '; }
gone() { absent "$snapshots/web/s1"; }

# --- tags --------------------------------------------------------------------

define_domain web qcow2 qcow2
create --internal -n s0
create --internal -n s1
create --internal -n s2
remember
ok "a dry run" says "remove the tag s1 from /srv/web/xvda.qcow2" delete -N
ok "as JSON" json '.name == "s1" and .domain == "web" and (.plan | length) == 6
    and .plan[0].commit_point and .config == "/var/lib/xen/snapshots/web/s1/snapshot.cfg"' \
    delete -N --json
ok "changes nothing" unchanged
ok "a delete" says "Snapshot s1 of domain web is deleted" delete
ok "its tags are gone, and no others" same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" "s0 s2 s0 s2 "
ok "and its folder" gone
ok "the others are good" xl snapshot-verify "$(cfg s2)"
ok "a second time there is no such snapshot" fails 1 "s1" delete
ok "a path will do" says "s2 of domain web is deleted" \
    xl snapshot-delete web "$(cfg s2)"
ok "its tags are gone" same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" "s0 s0 "

# --- what people do in between -----------------------------------------------

create --internal -n s1
"$QEMU_IMG" snapshot -d s1 xvda.qcow2
ok "a tag that somebody has removed" says "is deleted" delete
ok "the other one is removed" same "$(tags xvdb.qcow2)" "s0 "
create --internal -n s1
"$QEMU_IMG" snapshot -d s1 xvda.qcow2
sleep 1
"$QEMU_IMG" snapshot -c s1 xvda.qcow2
remember
ok "a tag of that name that is another one" refuses \
    "its tag was made again at 20" delete
ok "it stays" unchanged
ok "which is said" grep -q "use --keep-data for the rest" "$hidden/error"
ok "the rest goes with --keep-data" says "is deleted" delete --keep-data
ok "and no tag" same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" "s0 s1 s0 s1 "
"$QEMU_IMG" snapshot -d s1 xvda.qcow2
"$QEMU_IMG" snapshot -d s1 xvdb.qcow2

create --internal -n s1
echo notes >"$snapshots/web/s1/notes"
ok "a file of the user's in the folder" says "is deleted" delete
ok "stays" same "$(ls "$snapshots/web/s1")" notes
rm -r "$snapshots/web/s1"

create --internal -n s1
sed "s,^domain_config = .*,domain_config = \"/srv/web/web.cfg\"," "$(cfg s1)" >cfg
cat cfg >"$(cfg s1)"
ok "the user's own xl.cfg is left" says "Left: /srv/web/web.cfg, the xl.cfg, is not in the" delete
ok "and there" grep -q qcow2 web.cfg
rm -r "$snapshots/web/s1"

create --internal -n s1
mkdir /srv/all
cp "$(cfg s1)" /srv/all/web.cfg
rm -r "$snapshots/web/s1"
ok "a config in a folder of others" says "is deleted" xl snapshot-delete web /srv/all/web.cfg
ok "the folder stays" test -d /srv/all
ok "the tags are gone" same "$(tags xvda.qcow2)" "s0 "

create --internal -n s1
mkdir /srv/backup
mv "$snapshots/web/s1" /srv/backup/s1
ln -s /srv/backup/s1 "$snapshots/web/s1"
ok "a folder that is a link" says "Left: $snapshots/web/s1, a link to what is deleted" delete
ok "is empty, and gone" nothing ls /srv/backup
ok "and no tag is left" same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" "s0 s0 "
rm "$snapshots/web/s1"
create --internal -n s1
mv "$(cfg s1)" /srv/backup/s1.cfg
ln -s /srv/backup/s1.cfg "$(cfg s1)"
ok "a config that is a link" says "Left: " delete
ok "goes, and the link stays" test -L "$(cfg s1)" -a ! -e "$(cfg s1)"
rm -r "$snapshots/web/s1" /srv/backup

create --internal -n s1
xl create web.cfg
ok "forgotten while the domain runs" says "is deleted" delete --keep-data
xl destroy web
ok "its tags stay" same "$(tags xvda.qcow2)" "s0 s1 "
"$QEMU_IMG" snapshot -d s1 xvda.qcow2
"$QEMU_IMG" snapshot -d s1 xvdb.qcow2

create --internal -n s1
sleep_with rw xvda.qcow2
remember
ok "an image in use" refuses "xvda.qcow2 is in use by sleep (pid $!)" delete
ok "nothing was removed" unchanged
ends $!
xl create web.cfg
ok "by the domain, whose QEMU cannot be asked" fails 1 "" delete
xl destroy web
ok "afterwards it goes" says "is deleted" delete

# --- whose it is -------------------------------------------------------------

create --internal -n s1
define_domain db qcow2
cd /srv/web || exit 1
domain=web
ok "a snapshot of another domain" fails 1 "web" xl snapshot-delete db "$(cfg s1)"
chown 65534 "$(cfg s1)"
ok "a config of somebody else's" refuses "by others than root" delete
chown 0 "$(cfg s1)"
chmod 777 .
ok "a folder where others can put another image" refuses "use --trust-folders" delete
ok "which a person may trust" says "Nothing was changed" delete -N --trust-folders
chmod 755 .
ok "it goes" says "is deleted" delete

# --- internal ones below external ones ----------------------------------------

create --internal -n s1
create --external --update-config=web.cfg -n s2
remember
ok "a dry run" says "make /srv/web/xvda.qcow2 writable" delete -N
ok "changes nothing" unchanged
ok "a tag in the base of an external one" says "is deleted" delete
ok "is gone" same "$(tags xvda.qcow2)$(tags xvdb.qcow2)" "s0 s0 "
ok "the base is protected yet" frozen xvda.qcow2
ok "and the external one can be reverted to" xl snapshot-verify "$(cfg s2)"
ok "that is forgotten" says "is deleted" xl snapshot-delete --keep-data web s2
ok "a tag below it, and nobody knows any more for whom that is protected" \
    says "is deleted" xl snapshot-delete web s0
ok "is gone" nothing tags xvda.qcow2
ok "the layer stays protected" frozen xvda.qcow2
xvda_again() {
    new_host
    define_domain web qcow2
    create --internal -n s1
    create --external --update-config=web.cfg -n s2
}
xvda_again
thawed xvda.qcow2
ok "a base that has lost its flag" says "is deleted" delete
ok "the external one can be reverted to" xl snapshot-verify "$(cfg s2)"
xvda_again
guest_writes qcow2 xvda.s2.qcow2 later
thawed xvda.qcow2
guest_writes qcow2 xvda.qcow2 vandal
chattr +i xvda.qcow2
ok "a base that was written to" says "is deleted" delete
ok "is not made good by that" fails 1 "" xl snapshot-verify "$(cfg s2)"
xvda_again
cp -a "$snapshots/web/s1" /srv/carried
remember
ok "a copy of a config" refuses "$(cfg s1) has the tag s1, too" xl snapshot-delete web /srv/carried
ok "changes nothing" unchanged
ok "can be forgotten alone" says "is deleted" xl snapshot-delete --keep-data web /srv/carried
ok "so that the other one has its tag" same "$(tags xvda.qcow2)" "s1 "
new_host
mkdir /srv/kept
define_domain web qcow2
create --internal -n s1 -d /srv/kept
create --external --update-config=web.cfg -n s2 -d /srv/kept
ok "a snapshot by its path, of a folder of one's own" says "is deleted" \
    xl snapshot-delete web /srv/kept/s1
ok "those beside it can be reverted to" xl snapshot-verify /srv/kept/s2
xvda_again
thawed xvda.qcow2
mv xvda.qcow2 away
ok "an image that is gone" refuses "use --keep-data" delete
finished
