# SPDX-License-Identifier: LGPL-2.1-only
# The command line: help, versions, shortened commands; misuse, exit code 2; what the
# environment says; and a machine without Xen.
. "$srcdir/tests/command/lib.sh"

commands=$(xl --help-rows | sed -n 's/^ \([a-z]*-[a-z]*\).*/\1/p')
# wrong TEXT COMMAND...: exit code 2, nothing on stdout, TEXT on stderr.
wrong() { fails 2 "$@" && [ ! -s "$hidden/out" ]; }

# tells REGEX COMMAND...: it succeeds, and a line on stderr matches.
tells() {
    regex=$1
    shift
    "$@" 2>"$hidden/error" >/dev/null && grep "$regex" "$hidden/error" ||
        { cat "$hidden/error"; return 1; }
}

ok "its version" matches '^xl-snapshot [0-9.]*$' xl --version
ok "there are commands" test -n "$commands"
ok "help lists all of them" same "$(xl help | grep -o '^ [a-z]*-[a-z]*' | xargs)" \
    "$(echo $commands)"
ok "-h" says "snapshot-create" xl -h
ok "without a command: help, and exit code 1" fails 1 '' xl
for c in $commands; do
    ok "help on $c" says "Usage: xl " xl help $c
    ok "the same from the command" says "Usage: xl " xl $c --help
    ok "an option that it has not" wrong "option \`--nonsense' not supported" \
        xl $c --nonsense x y
    ok "too much of it" fails 2 '' xl $c a b c d
done
for c in block-chain snapshot-create snapshot-list snapshot-revert snapshot-verify; do
    ok "$c alone" fails 2 "requires at least" xl $c
done
ok "one argument of two" fails 2 "requires at least 2 arguments" xl snapshot-revert web
ok "recovery of what" wrong "name one domain, or use --all" xl snapshot-recover
ok "of one and of all" wrong "name one domain, or use --all" xl snapshot-recover --all web
ok "an option without its argument" wrong "its argument is missing" xl snapshot-create -n
ok "both kinds at once" wrong "cannot be used together" xl snapshot-create --internal --external web
ok "a timeout of nothing" wrong "--quiesce-timeout needs" xl snapshot-create --quiesce-timeout=5 web
for n in 0 -1 3601 5s '' 99999999999999999999; do
    ok "a timeout of '$n'" wrong "a number of seconds from 1 to 3600" \
        xl snapshot-create --quiesce --quiesce-timeout="$n" web
done

# --- shortened -------------------------------------------------------------

ok "a command may be shortened" says "Nothing to recover" xl snapshot-rec --all
ok "while it stays unambiguous" fails 1 "command not implemented" xl snapshot-re --all
ok "one that there is not" fails 1 "command not implemented" xl snapshot-merge
ok "a dry run of one that has none" fails 1 "does not implement -N" xl -N snapshot-list web
ok "a global option that there is not" fails 1 "unknown global option" xl -Z snapshot-list web
ok "xl's own are taken" says "Nothing to recover" xl -t -f snapshot-recover --all

# --- environment -----------------------------------------------------------

with() {
    variable=$1
    shift
    (export "${variable?}" && "$@")
}
for name in XL_SNAPSHOT_TIMEOUT XL_SNAPSHOT_HOOK_TIMEOUT; do
    for value in 0 -5 86401 10s 1.5 ' '; do
        ok "$name='$value'" with "$name=$value" refuses \
            "$name is '$value'; it must be a number of seconds from 1 to 86400" xl snapshot-recover --all
    done
    ok "$name that is empty" with "$name=" xl snapshot-recover --all
    ok "$name=86400" with "$name=86400" xl snapshot-recover --all
done
ok "an xl of the folder that one is in" with XL_SNAPSHOT_XL=xl refuses \
    "XL_SNAPSHOT_XL in the environment is not an absolute path" xl snapshot-recover --all

# --- verbose ---------------------------------------------------------------

define_domain web qcow2
ok "-v says what is done" tells "tag v1 in /srv/web/xvda.qcow2: done" \
    xl -v snapshot-create --domain-config web.cfg -n v1 web
ok "with the time, if asked" tells '^[0-9].*tag v2 in /srv/web/xvda.qcow2: done' \
    xl -v -T snapshot-create --domain-config web.cfg -n v2 web
ok "without it nothing is on stderr" same \
    "$(xl snapshot-create --domain-config web.cfg -n v3 web 2>&1 >/dev/null)" ''

# --- a folder that somebody has removed -------------------------------------

gone() (mkdir /srv/gone && cd /srv/gone && rmdir /srv/gone && "$@")
mkdir /srv/gone.snapshots
ok "a relative name is in none" gone refuses "directory srv/gone.snapshots: No such file or directory" \
    xl snapshot-create -d srv/gone.snapshots -n g1 --domain-config /srv/web/web.cfg web
ok "least of all in /" rmdir /srv/gone.snapshots

# --- no Xen ----------------------------------------------------------------

with_no_xen() { with STAND_IN_XEN="$hidden/nowhere" "$@"; }
ok "without Xen every command says so" with_no_xen refuses \
    "libxl cannot reach Xen; run this as root in domain 0 of a Xen host" \
    xl snapshot-list web
ok "but not for help" with_no_xen says "Usage" xl help snapshot-list
ok "nor for mistakes" with_no_xen wrong "cannot be used together" \
    xl snapshot-create --internal --external web
finished
