# SPDX-License-Identifier: LGPL-2.1-only
# Names: of snapshots, which become files and tags, and of domains, which others choose.
. "$srcdir/tests/command/lib.sh"

create() { xl snapshot-create --domain-config "$domain.cfg" "$@" "$domain"; }

same_second() {
    now=$(date +%s)
    for second in $(seq 60); do
        mkdir -p "$snapshots/web/$(date -d "@$((now + second - 1))" +%Y%m%d-%H%M%S)"
    done
    matches "/20.*-2/" xl snapshot-create -N --domain-config web.cfg web
}
# Its tag is applied; xl's stand-in knows simple names only.
reverts() {
    guest_writes qcow2 xvda.qcow2 later
    STAND_IN_XL=none
    export STAND_IN_XL
    xl snapshot-revert -- "$1" "$snapshots/$1/s1/snapshot.cfg"
    guest_sees qcow2 xvda.qcow2 "web xvda"
}

define_domain web qcow2
for name in '' . .. .s1 -s1 a/b ../s1 'a b' "a'b" 'a"b' 'a;b' 'a$b' 'a*b' 'a%b' 'a,b' 'a:b' ä \
    "$(printf 'a\033[2Jb')" \
    "$(printf %129s '' | tr ' ' a)"; do
    ok "no name: '$(printf %.20s "$name" | tr -c '[:print:]' '?')'" refuses "is not valid" create --name="$name"
done
remember
for name in a 1 s1 S1 s.1 s_1 s-1 s+1 _ + "$(printf %128s '' | tr ' ' a)"; do
    ok "a name: '$(printf %.20s "$name")'" create --name="$name"
    ok "of a tag" same "$(tags xvda.qcow2 | tail -n 1)" "$name"
    ok "and a folder" test -f "$(cfg "$name")"
done
ok "a name from the time does not meet one of the same second" same_second

# --- of domains ------------------------------------------------------------

# shown NAME COMMAND...: what a shell makes of the printed command.
shown() {
    name=$1
    shift 3
    [ "$1" != -- ] || shift
    same "$#" 2 && same "$1" "$name" && same "$2" s1
}
pasted() {
    xl snapshot-create --domain-config web.cfg -n s1 -- "$1" >"$hidden/created" &&
        eval "shown \"\$1\" $(sed -n 's/^Revert with: //p' "$hidden/created")"
}
# has_name NAME: the next domain, in web's place.
has_name() {
    new_host
    define_domain web qcow2
    domain=$1
    case $1 in
    *\"*) echo "name = '$1'" ;;
    *) echo "name = \"$1\"" ;;
    esac >"$hidden/name"
    sed -i -e "/^name/{r $hidden/name" -e 'd}' web.cfg
}
for name in "vm 1" 101 4294967297 web.example.com -web ö "a'b" 'a"b' 'a$(touch x)b' 'a;b' '[web]' ..web; do
    has_name "$name"
    ok "domain $name: the printed command can be pasted" pasted "$name"
    ok "has a folder" test -f "$snapshots/$name/s1/snapshot.cfg"
    ok "is found by it" says "s1 " xl snapshot-list -- "$name"
    ok "and has a good snapshot by it" xl snapshot-verify -- "$name" s1
    ok "by its path, too" xl snapshot-verify "$snapshots/$name/s1/snapshot.cfg"
    ok "and goes back to it" reverts "$name"
done
has_name a/b
ok "no domain has a slash in its name" refuses "has a slash in it" \
    xl snapshot-create --domain-config web.cfg -n s1 a/b
for name in '' . .. .journal a/b /; do
    has_name "$name"
    for path in "$snapshots/$name/s1" "$snapshots/s1"; do
        mkdir -p "$path" 2>/dev/null && cat >"$path/snapshot.cfg" <<END
name = "s1"
domain = "$name"
memory = 0
END
    done
    remember
    ok "domain '$name': no snapshot" refuses "domain '$name': its name" \
        xl snapshot-create --domain-config web.cfg -n s2 -- "$name"
    ok "nor one without an xl.cfg" refuses "" xl snapshot-create -n s2 -- "$name"
    ok "none is listed" refuses "domain '$name': its name" xl snapshot-list -- "$name"
    ok "no revert" refuses "domain '$name': its name" \
        xl snapshot-revert -- "$name" "$snapshots/s1/snapshot.cfg"
    ok "nor a good verification" fails 1 "cannot be reverted to" \
        xl snapshot-verify "$snapshots/s1/snapshot.cfg"
    ok "which says so" grep -q "domain '$name': its name" "$hidden/out"
    ok "a recovery does nothing" eval \
        'xl snapshot-recover -- "$name" || xl snapshot-recover --abandon -- "$name" || :'
    ok "and all is as it was" unchanged
done
has_name 'a/../../x'
ok "or leaves its folder" refuses "has a slash in it" \
    xl snapshot-create --domain-config web.cfg -n s1 a/../../x
finished
