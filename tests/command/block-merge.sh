# SPDX-License-Identifier: LGPL-2.1-only
# block-commit and block-pull, of a domain that is off: what they make of a chain, and what
# they refuse, after which all is as it was.
. "$srcdir/tests/command/chains.sh"

changed=none
commit() { xl block-commit --domain-config web.cfg "$@" web xvda; }
pull() { xl block-pull --domain-config web.cfg "$@" web xvda; }

# --- what is meant
a_chain
ok "the active layer, without a word" not_done "say --active if that is meant" commit
ok "--active of another one" \
    not_done "is not its active layer" commit --active --top m2.qcow2
ok "no layer" not_done "web.cfg is no layer of it" commit --top web.cfg
ok "a base above the top" \
    not_done "m2.qcow2 is not below /srv/web/m1.qcow2" commit --top m1.qcow2 --base m2.qcow2
ok "a base and --shallow" not_done "leave one out" \
    commit --top m2.qcow2 --base m1.qcow2 --shallow
ok "--shallow of the base" not_done "no layer below" commit --top xvda.qcow2 --shallow
ok "an overlay that is kept, and deleted" \
    not_done "cannot be deleted" commit --keep-overlay --delete
ok "--pivot and --keep-overlay" fails 2 "contradict" commit --pivot --keep-overlay
ok "nothing between" not_done "no layer to be pulled" pull --base m2.qcow2
ok "another disk" not_done "domain web has no such disk" \
    xl block-commit --domain-config web.cfg --active web xvdb
ok "a domain without an xl.cfg" not_done "name its xl.cfg with --domain-config" \
    xl block-pull db xvda
cp web.cfg /etc/xen
ok "an xl.cfg where most have it" json '.target == "/srv/web/m2.qcow2"' \
    xl block-commit --json -N --active --shallow web xvda
xl create web.cfg
ok "a domain that runs" not_done "shut it down first" xl block-pull web xvda

# --- what it makes
a_chain
ok "a layer in the middle" commit --top m2.qcow2 --shallow
ok "the one above stands on its target" stands_on top.qcow2 m1.qcow2
ok "whose name stays relative" guest_sees_at 65536 m1.qcow2 m2
ok "the disk is the same" guest_sees_at 65536 top.qcow2 top
a_chain raw
ok "all into a raw base" says "m1.qcow2 is deleted" commit --top m2.qcow2 --delete
ok "is said to be raw" same "$("$QEMU_IMG" info -U --output=json top.qcow2 |
    jq -r '."backing-filename-format"')" raw
ok "and has all" guest_sees_at 65536 top.qcow2 top
ok "the active layer" says "write into its xl.cfg" commit --active
ok "into the raw base" guest_sees raw xvda.raw "web xvda"
ok "the old one stays" guest_sees_at 65536 top.qcow2 top
a_chain
"$QEMU_IMG" resize -q top.qcow2 2M
ok "a larger layer" xl block-commit --update-config=web.cfg --pivot web xvda
ok "makes the base larger" same "$("$QEMU_IMG" info -U --output=json xvda.qcow2 |
    jq '."virtual-size"')" 2097152
a_chain
ok "a dry run" says "copy what /srv/web/top.qcow2 has from" pull -N
ok "a pull of all" json '.merged | length == 3' pull --json
ok "leaves one image" stands_on top.qcow2 ''
ok "with all" guest_sees qcow2 top.qcow2 "web xvda"

# --- what would be lost
a_chain
"$QEMU_IMG" snapshot -c t1 m1.qcow2
ok "a tag in a layer that goes" not_done "has the internal snapshot 't1'" commit --top m2.qcow2
ok "a tag in the target of a pull" not_done "would read zeros" pull --top m1.qcow2
ok "a tag in the target of a commit is kept" commit --top m2.qcow2 --base m1.qcow2
ok "as it was" same "$(tags m1.qcow2)" t1
new_host
define_domain web qcow2
xl snapshot-create --domain-config web.cfg --internal -n t1 web >/dev/null
snapshots_of s1
given_up s1
ok "so is one that a snapshot has on record" \
    xl block-commit --update-config=web.cfg --pivot --delete web xvda
ok "to which the domain can be reverted" xl snapshot-verify "$(cfg t1)"
a_chain
"$QEMU_IMG" bitmap --add -f qcow2 m2.qcow2 b1
ok "a bitmap in a layer that goes" not_done "dirty bitmap 'b1'" commit --top m2.qcow2
a_chain
"$QEMU_IMG" resize -q --shrink m2.qcow2 512k
ok "a layer that hides what is behind its end" \
    not_done "is smaller (524288 bytes)" commit --top m2.qcow2 --base m1.qcow2
ok "but can be pulled" pull
ok "and hides it yet" guest_sees_at 65536 top.qcow2 top

# --- what goes wrong
a_chain
changed=/srv/web/m1.qcow2
remember
STAND_IN_QEMU_IMG="half commit -f"
ok "qemu-img dies" refuses "copy what /srv/web/m2.qcow2 has" commit --top m2.qcow2 --shallow
STAND_IN_QEMU_IMG=
ok "the chain is as it was" unchanged
ok "and the commit can be done again" commit --top m2.qcow2 --shallow
changed=/srv/web/top.qcow2
remember
STAND_IN_QEMU_IMG="half rebase -f"
ok "the same of a pull" refuses "copy what /srv/web/top.qcow2 has" pull
STAND_IN_QEMU_IMG=
ok "it shows the same" guest_sees qcow2 top.qcow2 "web xvda"
ok "with that in its header which it had, or none" stands_on top.qcow2 ''

# --- who needs it
changed=none
new_host
define_domain web qcow2
snapshots_of s1 s2 s3
ok "the base of a snapshot" \
    not_done "xvda.s2.qcow2 is needed as it is by snapshot s3 of web" commit --top xvda.s2.qcow2
given_up s1
ok "a layer that is the base of one" \
    not_done "xvda.s1.qcow2 is needed as it is by snapshot s2 of web" commit --top xvda.s1.qcow2
ok "it can be pulled" pull --base xvda.s1.qcow2 -N
ok "but not be deleted" not_done "snapshot s3 of web" pull --delete
given_up s2
ok "the layer above is the base of one" commit --top xvda.s1.qcow2
ok "which can be reverted to" xl snapshot-verify "$(cfg s3)"
ok "and shows what it did" guest_sees_at 65536 xvda.s3.qcow2 "of s3"
a_chain
"$QEMU_IMG" create -q -f qcow2 -b m2.qcow2 -F qcow2 clone.qcow2
ok "another image on a layer" not_done "image /srv/web/clone.qcow2" commit --top m2.qcow2
ok "but on the one above" commit --top m1.qcow2 -N
rm clone.qcow2
sleep_with r m1.qcow2
ok "somebody reads the target" not_done "is in use by sleep" commit --top m2.qcow2 --shallow
ends $!
chmod 777 /srv/web
ok "a folder that others can write to" not_done "could put another file" commit --top m2.qcow2
ok "on purpose" commit --top m2.qcow2 --trust-folders -N
finished
