# SPDX-License-Identifier: LGPL-2.1-only
# Who needs a layer that a commit or a pull would take from him: refused, after which all is
# as it was; and what cannot be known, until somebody says that it does not matter.
. "$srcdir/tests/command/chains.sh"

changed=none
# pivot, commit, pull [OPTION...]: of web, whose xl.cfg is web.cfg.
pivot() { xl block-commit --update-config=web.cfg --pivot "$@" web xvda; }
commit() { xl block-commit --domain-config=web.cfg "$@" web xvda; }
pull() { xl block-pull --domain-config=web.cfg "$@" web xvda; }
# clone IMAGE BASE: another image stands on that.
clone() {
    mkdir -p "$(dirname "$1")"
    "$QEMU_IMG" create -q -f qcow2 -b "$2" -F qcow2 "$1"
}
# more_disk SPEC: one more disk in web.cfg.
more_disk() { sed -i "s|^\]|    '$1',\n]|" web.cfg; }
# golden: the image of web is a clone of one in another folder.
golden() {
    new_host
    define_domain web qcow2
    mkdir /srv/golden
    mv xvda.qcow2 /srv/golden/g.qcow2
    clone xvda.qcow2 /srv/golden/g.qcow2
    guest_writes qcow2 xvda.qcow2 "of web alone"
}
# a_domain NAME DISK...: another one, whose xl.cfg is printed.
a_domain() {
    printf 'name = "%s"\ntype = "pvh"\nkernel = "/srv/vmlinuz"\ndisk = [' "$1"
    shift
    printf ' "%s",' "$@"
    echo ' ]'
}

# --- the domain's own disks, and its other xl.cfgs
golden
clone /srv/slow/b.qcow2 /srv/golden/g.qcow2
more_disk "/srv/slow/b.qcow2,qcow2,xvdb,w"
for by in --update-config --domain-config; do
    ok "another disk of the domain on the same base, by $by" not_done \
        "/srv/golden/g.qcow2 is needed as it is by domain web by /srv/web/web.cfg and image /srv/slow/b.qcow2" \
        xl block-commit --pivot "$by=/srv/web/web.cfg" web xvda
done
ln -s /srv/web/web.cfg /etc/xen/web.cfg
ok "and by the xl.cfg where most have it" not_done "image /srv/slow/b.qcow2" \
    xl block-commit --pivot web xvda
ok "a pull goes" pull -N
ok "but deletes nothing of that" not_done "domain web by" pull --delete

a_chain
more_disk "/srv/web/xvda.qcow2,qcow2,xvdb,r"
ok "another disk that is the base itself" not_done "xvda.qcow2 is needed as it is by domain web by" \
    pivot
ok "a pull deletes it not" not_done "xvda.qcow2 is needed as it is by domain web by" pull --delete
ok "what is between goes" says "delete /srv/web/m2.qcow2" \
    commit --top m2.qcow2 --base m1.qcow2 --delete -N

a_chain
sed 's/top.qcow2/m1.qcow2/' web.cfg >/etc/xen/web-old.cfg
ok "another xl.cfg of the domain, on a layer" not_done \
    "m1.qcow2 is needed as it is by domain web by /etc/xen/web-old.cfg" \
    commit --top m2.qcow2 --base m1.qcow2
ok "what is above that goes" commit --active --shallow -N
a_chain
cp web.cfg /etc/xen/web.cfg
mkdir /etc/xen/auto
ln -s ../web.cfg /etc/xen/auto/web.cfg
ok "copies of the xl.cfg name the active layer" not_done \
    "top.qcow2 is needed as it is by domain web by /etc/xen/web.cfg" pivot
ok "that is named by --domain-config" not_done "domain web by /etc/xen/web.cfg" \
    xl block-commit --domain-config=/etc/xen/web.cfg --update-config=web.cfg --pivot web xvda
ok "which harms nothing as long as the disk stays" commit --top m2.qcow2 -N
ok "or keeps its overlay" commit --keep-overlay -N
rm web.cfg
ln -s /etc/xen/web.cfg web.cfg
ok "a link to it is the same one" pivot
ok "and names the target" says xvda.qcow2 cat /etc/xen/auto/web.cfg

# --- what is protected, and nobody knows for whom
# in_folder: web has the snapshot s1 in /srv/snaps.
in_folder() {
    new_host
    define_domain web qcow2
    mkdir /srv/snaps
    xl snapshot-create -d /srv/snaps --domain-config web.cfg --external \
        --update-config=web.cfg -n s1 web >/dev/null
    guest_writes qcow2 xvda.s1.qcow2 "after s1"
}
nobody="is protected, and no snapshot that is known here says for whom"
in_folder
ok "the base of a snapshot in another folder" not_done "its layer /srv/web/xvda.qcow2 $nobody; name \
the folder of those snapshots with -d or, if nobody needs it any more, say \
--disregard=/srv/web/xvda.qcow2" pivot --delete
ok "which is named" not_done "needed as it is by snapshot s1 of web" pivot --delete -d ../snaps
ok "a folder that is not there" not_done "-d /srv/snpas: no snapshot is in it" pivot -d /srv/snpas
ok "that of the snapshot itself" not_done "-d /srv/snaps/s1: no snapshot is in it" \
    pivot -d /srv/snaps/s1
ok "the same to look" fails 1 "no snapshot is in it" xl block-chain -d /srv/snpas ./web.cfg
ok "the snapshot is good" xl snapshot-verify /srv/snaps/s1/snapshot.cfg
ok "another layer is disregarded" not_done "$nobody" pivot --disregard=xvda.s1.qcow2
ok "the folder of it" not_done "$nobody" pivot --disregard=/srv/web
ok "that one" says "xvda.s1.qcow2 is deleted" pivot --delete --disregard=./xvda.qcow2
for how in pull commit; do
    new_host
    define_domain web qcow2
    snapshots_of s1 s2
    mkdir /srv/snaps
    xl snapshot-create -d /srv/snaps --domain-config web.cfg --external \
        --update-config=web.cfg -n s3 web >/dev/null
    given_up s1 s2
    case $how in pull) set -- pull --top xvda.s2.qcow2 ;; *) set -- commit --top xvda.s1.qcow2 ;; esac
    ok "the layer above is one, $how" not_done "xvda.s2.qcow2 $nobody" "$@"
    ok "with its folder, $how" "$@" -d /srv/snaps
    ok "the snapshot is good, $how" xl snapshot-verify /srv/snaps/s3/snapshot.cfg
done
# with_a_tag: the base of s1 in /srv/snaps has a tag of a snapshot that is known.
with_a_tag() {
    new_host
    define_domain web qcow2
    xl snapshot-create --domain-config web.cfg --internal -n s0 web >/dev/null
    mkdir /srv/snaps
    xl snapshot-create -d /srv/snaps --domain-config web.cfg --external \
        --update-config=web.cfg -n s1 web >/dev/null
    guest_writes qcow2 xvda.s1.qcow2 "after s1"
}
with_a_tag
ok "whose is the tag in it does not tell that" not_done "xvda.qcow2 $nobody" pivot
ok "the folder does" not_done "needed as it is by snapshot s1 of web" pivot -d /srv/snaps
golden
chmod 444 /srv/golden/g.qcow2
ok "a golden image that is read-only" not_done "g.qcow2 $nobody" pivot
new_host
define_domain web qcow2
snapshots_of s1
for what in "$snapshots/web/s1/snapshot.cfg" "$snapshots/web/s1" "$snapshots/web"; do
    thawed xvda.qcow2
    mv "$what" /srv/away
    ln -s /srv/share "$what"
    ok "a link to a share that is away, ${what#"$snapshots/web"}" \
        not_done "cannot be known: $what: the link leads to what is not there" pivot
    rm "$what"
    mv /srv/away "$what"
done
a_chain
mkdir /srv/kept
ln m1.qcow2 /srv/kept/m1.qcow2
ok "a layer with two names" not_done "m1.qcow2 has 2 names (hard links)" commit --top m2.qcow2
ok "a target, too" not_done "m1.qcow2 has 2 names" commit --top m2.qcow2 --shallow
ok "that is of no use" commit --top m2.qcow2 --disregard=/srv/kept/m1.qcow2

# --- what cannot be looked at
golden
a_domain db /srv/nfs/db.qcow2,qcow2,xvda,w >/etc/xen/db.cfg
gone="/srv/nfs/db.qcow2, which domain db by /etc/xen/db.cfg needs, is not there"
ok "an image on a share that is away" not_done "as it is cannot be known: $gone; \
mend that or, if it does not matter, say --disregard=/srv/nfs/db.qcow2" pivot
ok "is told" json "[.unknown[] | select(contains(\"$gone\"))] | length == 1" \
    xl block-chain --json ./web.cfg
ok "a pull deletes nothing then" pull -N
ok "it does not matter" pivot -N --disregard=/srv/nfs/db.qcow2
ok "nor does the whole xl.cfg" pivot -N --disregard=/etc/xen/db.cfg
ok "nor the folder" not_done "$gone" pivot -N --disregard=/srv/nfs
clone /srv/nfs/db.qcow2 /srv/golden/g.qcow2
ok "what is needed is not disregarded" not_done "needed as it is by domain db" \
    pivot --disregard=/srv/nfs/db.qcow2 --disregard=/etc/xen/db.cfg
mv /srv/nfs/db.qcow2 /srv/nfs/base.qcow2
clone /srv/nfs/db.qcow2 /srv/nfs/base.qcow2
mkdir /srv/away
mv /srv/nfs/base.qcow2 /srv/away
ok "what it stands on is away" not_done "/srv/nfs/base.qcow2, which domain db by" pivot
golden
a_domain db /srv/nfs/a.raw,raw,xvda,w /srv/nfs/cd.iso,raw,hdc,r,cdrom >/etc/xen/db.cfg
ok "a raw image stands on none" pivot -N
for more in a b; do a_domain $more "$more.qcow2,qcow2,xvda,w" >/etc/xen/$more.cfg; done
ok "a name without a folder" not_done "disk xvda of domain a by /etc/xen/a.cfg is a.qcow2, a name \
without a folder; mend that or, if it does not matter, say --disregard=/etc/xen/a.cfg (and 1 more" pivot
ok "of all of them" pivot -N --disregard=/etc/xen/a.cfg --disregard=/etc/xen/b.cfg
rm /etc/xen/[ab].cfg
a_domain db format=qcow2,vdev=xvda,target=nbd:localhost:1 >/etc/xen/db.cfg
ok "a server's is no file" pivot -N
clone /srv/db/db.qcow2 /srv/golden/g.qcow2
for spec in /srv/db/db.qcow2,qcow2,xvda,w,backend=storage \
    script=block-x,vdev=xvda,target=/srv/db/db.qcow2; do
    a_domain db "$spec" >/etc/xen/db.cfg
    ok "of a disk by others, a file that is here: $spec" not_done "needed as it is by domain db" pivot
done
a_domain db script=block-x,vdev=xvda,target=a-resource >/etc/xen/db.cfg
ok "but no other name" pivot -N
echo 'disk = [' >/etc/xen/db.cfg
ok "an xl.cfg that cannot be read" not_done "--disregard=/etc/xen/db.cfg" pivot
ok "of no account" pivot -N --disregard=/etc/xen/db.cfg

# --- images that were moved
# moved: all is in another folder by now, and the config of s3 names the old one.
moved() {
    new_host
    define_domain web qcow2
    snapshots_of s1 s2
    given_up s1 s2
    for link in "s1 xvda.qcow2" "s2 xvda.s1.qcow2"; do
        "$QEMU_IMG" rebase -u -f qcow2 -F qcow2 -b "${link#* }" "xvda.${link% *}.qcow2"
    done
    snapshots_of s3
    "$QEMU_IMG" rebase -u -f qcow2 -F qcow2 -b xvda.s2.qcow2 xvda.s3.qcow2
    thawed ./*.qcow2
    mkdir /srv/new
    cp -p ./* /srv/new
    rm ./*
    cd /srv/new || exit 1
    sed -i s,/srv/web/,/srv/new/, web.cfg
}
moved
is_its="/srv/new/xvda.s2.qcow2 is the base of snapshot s3 of web, whose $(cfg s3) says it is \
/srv/web/xvda.s2.qcow2; name it there, or put it back"
ok "its header would be another one after a commit" not_done "$is_its" commit --top xvda.s1.qcow2
ok "and after a pull" not_done "$is_its" pull --top xvda.s2.qcow2
ok "what it shows is needed" not_done "s2.qcow2 is needed as it is by snapshot s3" pivot
ok "it cannot be disregarded" not_done "$is_its" commit --top xvda.s1.qcow2 --disregard=xvda.s2.qcow2
sed -i s,/srv/web/,/srv/new/, "$(cfg s3)"
ok "when it is named there" commit --top xvda.s1.qcow2
ok "its new state is on record" xl snapshot-verify "$(cfg s3)"
moved
touch xvda.s2.qcow2
ok "one that is not known again" not_done "/srv/web/xvda.s2.qcow2, which snapshot s3 of web needs, \
is not there" commit --top xvda.s1.qcow2
ok "is wanted by nobody" commit --top xvda.s1.qcow2 --disregard=/srv/web/xvda.s2.qcow2
finished
