# SPDX-License-Identifier: LGPL-2.1-only
# Who needs a layer that a commit or a pull would take from him: refused, after which all is
# as it was; and what cannot be known, until somebody says that it does not matter.
. "$srcdir/tests/command/chains.sh"

changed=none
# pivot, commit, pull [OPTION...]: of web, whose xl.cfg is web.cfg.
pivot() { xl block-commit --update-config=web.cfg --pivot "$@" web xvda; }
commit() { xl block-commit --domain-config=web.cfg "$@" web xvda; }
pull() { xl block-pull --domain-config=web.cfg "$@" web xvda; }
# kept TEXT COMMAND...: it is refused, by TEXT, and nothing is changed.
kept() {
    remember
    refuses "$@" && unchanged && absent "$snapshots/.journal"
}
a_chain() {
    new_host
    define_domain web "${1-qcow2}"
    chain m1 m2 top
}
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
    ok "another disk of the domain on the same base, by $by" kept \
        "/srv/golden/g.qcow2 is needed as it is by domain web by /srv/web/web.cfg and image /srv/slow/b.qcow2" \
        xl block-commit --pivot "$by=/srv/web/web.cfg" web xvda
done
ln -s /srv/web/web.cfg /etc/xen/web.cfg
ok "and by the xl.cfg where most have it" kept "image /srv/slow/b.qcow2" \
    xl block-commit --pivot web xvda
ok "a pull goes" pull -N
ok "but deletes nothing of that" kept "domain web by" pull --delete

a_chain
more_disk "/srv/web/xvda.qcow2,qcow2,xvdb,r"
ok "another disk that is the base itself" kept "xvda.qcow2 is needed as it is by domain web by" \
    pivot
ok "a pull deletes it not" kept "xvda.qcow2 is needed as it is by domain web by" pull --delete
ok "what is between goes" says "delete /srv/web/m2.qcow2" \
    commit --top m2.qcow2 --base m1.qcow2 --delete -N

a_chain
sed 's/top.qcow2/m1.qcow2/' web.cfg >/etc/xen/web-old.cfg
ok "another xl.cfg of the domain, on a layer" kept \
    "m1.qcow2 is needed as it is by domain web by /etc/xen/web-old.cfg" \
    commit --top m2.qcow2 --base m1.qcow2
ok "what is above that goes" commit --active --shallow -N
a_chain
cp web.cfg /etc/xen/web.cfg
mkdir /etc/xen/auto
ln -s ../web.cfg /etc/xen/auto/web.cfg
ok "copies of the xl.cfg name the active layer" kept \
    "top.qcow2 is needed as it is by domain web by /etc/xen/web.cfg" pivot
ok "that is named by --domain-config" kept "domain web by /etc/xen/web.cfg" \
    xl block-commit --domain-config=/etc/xen/web.cfg --update-config=web.cfg --pivot web xvda
ok "which harms nothing as long as the disk stays" commit --top m2.qcow2 -N
ok "or keeps its overlay" commit --keep-overlay -N
rm web.cfg
ln -s /etc/xen/web.cfg web.cfg
ok "a link to it is the same one" pivot
ok "and names the target" says xvda.qcow2 cat /etc/xen/auto/web.cfg
finished
