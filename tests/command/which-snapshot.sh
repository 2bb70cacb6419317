# SPDX-License-Identifier: LGPL-2.1-only
# Which snapshot is meant: by its name, by a path, by a folder; and by what may be two.
. "$srcdir/tests/command/lib.sh"

create() { xl snapshot-create --domain-config web.cfg "$@" >/dev/null; }
# A revert to what is named here would be done, or is refused.
reverts() { says "Nothing was changed" xl snapshot-revert -N "$@"; }
in_folder() {
    (cd "$1" && shift && "$@")
}
verified() { matches '^domain  *good' xl snapshot-verify "$@"; }

define_domain web qcow2
create -n s1 web
create -n s2 web
config=$(cfg s1)

# --- by its name -----------------------------------------------------------

ok "by its name" reverts web s1
ok "verified" verified web s1
ok "the revert is to that one" says "back to its tag s2" xl snapshot-revert -N web s2
ok "by its path" reverts web "$config"
ok "verified without a domain" verified "$config"
ok "by its folder" reverts web "$snapshots/web/s1"
ok "with a slash behind it" verified "$snapshots/web/s1//"
ok "from the domain's folder, by both" in_folder "$snapshots/web" reverts web s1
ok "from its own, by the file" in_folder "$snapshots/web/s1" reverts web snapshot.cfg
ok "or the folder" in_folder "$snapshots/web/s1" reverts web .
ok "by a relative path" in_folder "$snapshots" verified web/s1
ok "options stand behind it" says '"good": true' xl snapshot-verify web s1 --json
xl create web.cfg
ok "of a domain that runs" reverts web s1
ok "by its domid" reverts "$(domid_of web)" s1
ok "it is done" says "Domain web is back at snapshot s1" xl snapshot-revert web s1
ok "of another domain" refuses "the snapshot is of another domain" eval '
    sed "s/name = .*/name = \"db\"/; s/uuid = .*/uuid = \"00000009-0000-4000-8000-000000000000\"/
        " web.cfg >db.cfg; xl create db.cfg; xl snapshot-verify db $config'
xl destroy db
xl destroy web

# --- below another folder --------------------------------------------------

mkdir /srv/backup
create -d /srv/backup -n far web
ok "below -d DIR" reverts -d /srv/backup web far
ok "which is relative" in_folder /srv reverts --directory=backup web far
ok "verified" verified web far -d /srv/backup
ok "without a domain" verified -d /srv/backup far
ok "not in the default place then" refuses "snapshot s1: there is none of that name in \
/srv/backup; there are far" xl snapshot-revert -d /srv/backup web s1
ok "nor here" in_folder "$snapshots/web" refuses "there is none of that name in /srv/backup" \
    xl snapshot-revert -d /srv/backup web s1
ok "a path has no folder beside it" refuses "--directory is for the name of a snapshot, and \
./far is a path; leave one of them out" xl snapshot-revert -d /srv/backup web ./far
ok "the present is kept there" json '.kept | startswith("/srv/backup/before-revert-")' \
    xl snapshot-revert -N --json --keep --domain-config web.cfg -d /srv/backup web far

# --- none, or none that is meant -------------------------------------------

ok "a name that there is not" refuses "snapshot s3: there is none of that name in \
$snapshots/web, and no such file here; there are s1, s2" xl snapshot-revert web s3
ok "of a domain without snapshots" refuses "there is none of that name in $snapshots/none, and \
no such file here; that folder cannot be read: No such file or directory" xl snapshot-verify none s1
mkdir "$snapshots/empty"
ok "with an empty folder" refuses "no such file here; there is none at all" \
    xl snapshot-verify empty s1
ok "without a domain" refuses "s1: No such file or directory; if it is the name of a \
snapshot, name its domain before it" xl snapshot-verify s1
for name in 'a b' 'a%b' '' -x .x; do
    ok "no name: '$name'" refuses "snapshot name '$name' is not valid" xl snapshot-revert -- web "$name"
done
ok "nor is the domain's" refuses "domain 'a/b': its name has a slash in it" xl snapshot-revert a/b s1
for n in 1 2 3 4 5 6 7 8 9; do cp -r "$snapshots/web/s1" "$snapshots/web/m$n"; done
touch "$snapshots/web/file"
ok "of many the first are told" refuses "there are m1, m2, m3, m4, m5, m6, m7, m8, m9, s1, s2" \
    xl snapshot-revert web s3
for n in a b c; do cp -r "$snapshots/web/s1" "$snapshots/web/m$n"; done
ok "no more than twelve" refuses ", mb, mc, ..." xl snapshot-revert web s3
ok "a copy is not of its own name" refuses "$snapshots/web/m1/snapshot.cfg: this is the config of \
snapshot s1, not of m1; if you mean it, give its path" xl snapshot-revert web m1
ok "but it may be meant" reverts web "$snapshots/web/m1"
rm -r "$snapshots/web"/m*
mkdir "$snapshots/web/half"
: >"$snapshots/web/half/snapshot.cfg.partial"
ok "one that is not complete" refuses "snapshot half is not complete: \
$snapshots/web/half/snapshot.cfg.partial has its temporary name" xl snapshot-revert web half

# --- both a name and a file ------------------------------------------------

mkdir /srv/here && cd /srv/here || exit 1
cp "$config" s2
ok "a file here that is no snapshot's name" in_folder /srv/here eval 'cp s2 s5 && reverts web s5'
ok "one that is both" refuses "s2 is the name of a snapshot, $(cfg s2), and there is s2 in the \
current folder; say which one is meant: $(cfg s2) or ./s2" xl snapshot-revert web s2
ok "the one" says "back to its tag s2" xl snapshot-revert -N web "$(cfg s2)"
ok "the other" says "back to its tag s1" xl snapshot-revert -N web ./s2
ok "-d says it, too" says "back to its tag s2" xl snapshot-revert -N -d "$snapshots/web" web s2
rm s2
mkdir s2
ok "a folder that has no snapshot is none" says "back to its tag s2" xl snapshot-revert -N web s2
cp "$config" s2/
ok "one that has is" refuses "and there is s2/snapshot.cfg in the current folder" \
    xl snapshot-revert -N web s2
rmdir "$snapshots/empty"
cd /srv/web || exit 1

# --- renamed since ---------------------------------------------------------

xl create web.cfg
xl rename web www
ok "a domain that was renamed" refuses "snapshot s1: there is none of that name in $snapshots/www; \
$snapshots/web has one of a domain of the same uuid. If the domain had that name then, use -d \
$snapshots/web" xl snapshot-revert www s1
ok "as told" reverts www s1 -d "$snapshots/web"
xl destroy www

# --- a name for a new one --------------------------------------------------

named() { says "Snapshot $1 of domain web" xl snapshot-create --domain-config web.cfg web "$1"; }
ok "a name behind the domain" named n1
ok "which is that of the snapshot" test -f "$(cfg n1)"
ok "and printed to go back" grep -qx "Revert with: xl snapshot-revert web n1" "$hidden/out"
ok "elsewhere by its path" says "snapshot-revert web /srv/backup/n2/snapshot.cfg" \
    xl snapshot-create --domain-config web.cfg web n2 -d /srv/backup
ok "no other name" refuses "snapshot name 'a b' is not valid" create web 'a b'
ok "nor one that is taken" refuses "already; choose another name" create web n1
ok "a folder of that name is no ConfigFile" in_folder "$snapshots/web" eval \
    'refuses "already; choose another name" create --domain-config /srv/web/web.cfg web n1'
echo 'description = "from a file"' >wish
ok "a file of that name is" json '.name != "wish" and .description == "from a file"' \
    xl snapshot-create --domain-config web.cfg --json -N web wish
ok "-n leaves it one" json '.name == "n3" and .description == "from a file"' \
    xl snapshot-create --domain-config web.cfg --json -N -n n3 web wish
ok "or it is missed" refuses "no-wish: No such file" create -n n3 web no-wish
ok "as is what ends in .cfg" refuses "wish.cfg: No such file" create web wish.cfg
chmod 666 wish
ok "nobody can put a file in the place of a name" refuses "is wish the name of the snapshot, or \
this file? For the name use -n. wish: it, of uid 0 and mode 0666, can be changed by others" \
    create web wish
ok "a path says that it is one" create web ./wish
ok "the name -n" create web -n wish
ok "so it is found by" says "back to its tag wish" xl snapshot-revert -N web "$(cfg wish)"
finished
