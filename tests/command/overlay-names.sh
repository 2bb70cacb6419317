# SPDX-License-Identifier: LGPL-2.1-only
# Names of overlays that nobody has chosen: no two disks, no two domains in one folder
# get the same, whatever their images are called.
. "$srcdir/tests/command/lib.sh"

# domain_of NAME IMAGE...: a domain with these raw images, which are made.
domain_of() {
    define_domain "$1"
    shift
    letter=a
    for image; do
        new_image raw "$image" "$image"
        sed -i "s|^\]|    '$image,raw,xvd$letter,w,backendtype=qdisk',\n]|" "$domain.cfg"
        letter=$(echo $letter | tr a-g b-h)
    done
}
create() { xl snapshot-create --external --domain-config "$domain.cfg" "$@"; }
# overlays: the images that the domain's xl.cfg names.
overlays() { sed -n "s/^    '\([^,]*\),.*/\1/p" "$domain.cfg" | xargs; }
taken() {
    create "--update-config=$domain.cfg" "$@" "$domain" >"$hidden/out" && overlays
}

# --- of one domain ---------------------------------------------------------

mkdir /srv/vm
domain_of web /srv/vm/web.img /srv/vm/web.swp
ok "a dry run says the same" says "the overlay of xvdb, /srv/vm/web.swp.s1.qcow2" create -N -n s1 web
ok "web.img and web.swp" same "$(taken -n s1)" \
    "/srv/vm/web.img.s1.qcow2 /srv/vm/web.swp.s1.qcow2"
ok "each on its base" guest_sees qcow2 /srv/vm/web.swp.s1.qcow2 /srv/vm/web.swp
ok "the snapshot is good" xl snapshot-verify "$(cfg s1)"
ok "a revert to it" xl snapshot-revert --update-config=web.cfg web "$(cfg s1)"
ok "has names of its own" same "$(overlays)" \
    "/srv/vm/web.img.s1.r1.qcow2 /srv/vm/web.swp.s1.r1.qcow2"
ok "and its disks" guest_sees qcow2 /srv/vm/web.swp.s1.r1.qcow2 /srv/vm/web.swp
xl destroy web
ok "names do not grow" same "$(taken -n s2)" \
    "/srv/vm/web.img.s2.qcow2 /srv/vm/web.swp.s2.qcow2"

new_host
mkdir /srv/vm
domain_of a /srv/vm/a.cfg-disk /srv/vm/a.cfg-swap /srv/vm/b
ok "what looks like an extension is none" same "$(taken -n s1)" \
    "/srv/vm/a.cfg-disk.s1.qcow2 /srv/vm/a.cfg-swap.s1.qcow2 /srv/vm/b.s1.qcow2"

new_host
mkdir /srv/vm
ln -s vm /srv/link
domain_of web /srv/vm/web.img /srv/link/web.swp
ok "one folder under two names" same "$(taken -n s1)" \
    "/srv/vm/web.img.s1.qcow2 /srv/link/web.swp.s1.qcow2"

# --- beside what is there --------------------------------------------------

new_host
mkdir /srv/vm
domain_of web /srv/vm/web.img
ok "the first domain in the folder" same "$(taken -n s1)" /srv/vm/web.s1.qcow2
sum=$(sha256sum /srv/vm/web.s1.qcow2)
domain_of swap /srv/vm/web.swp
ok "the second one" same "$(taken -n s1)" /srv/vm/web.swp.s1.qcow2
ok "keeps its names apart" same "$(taken -n s2)" /srv/vm/web.swp.s2.qcow2
domain_of back /srv/vm/web.bak
ln -s nowhere /srv/vm/web.bak.s1.qcow2
ok "a link to nothing is there, too" same "$(taken -n s1)" /srv/vm/web.bak.2.s1.qcow2
ok "nothing is overwritten" same "$(sha256sum /srv/vm/web.s1.qcow2)" "$sum"

# --- of a revert -----------------------------------------------------------

new_host
domain_of web /srv/web/one.img /srv/web/two.img
echo "disks = [ '/srv/web/o.1,qcow2,xvda', '/srv/web/o.2,qcow2,xvdb' ]" >wish.cfg
xl snapshot-create --domain-config web.cfg --update-config=web.cfg -n s1 web wish.cfg \
    >"$hidden/out"
ok "overlays with one stem" xl snapshot-revert --update-config=web.cfg web "$(cfg s1)"
ok "are reverted to two" same "$(overlays)" "/srv/web/o.r1.qcow2 /srv/web/o.r2.qcow2"
xl destroy web
ok "once more" xl snapshot-revert --update-config=web.cfg web "$(cfg s1)"
ok "which finds all of the last one" same "$(overlays)" "/srv/web/o.r3.qcow2 /srv/web/o.r4.qcow2"
finished
