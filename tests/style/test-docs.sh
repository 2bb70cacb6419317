# SPDX-License-Identifier: LGPL-2.1-only
# What the header, the help, the manual and the completion say is the same.
. "$srcdir/tests/tap.sh"

header=$srcdir/tools/libxl/include/libxl_snapshot.h
manual=$srcdir/docs/snapshot
completion=$srcdir/completion/xl-snapshot
tool=$builddir/tools/xl/xl-snapshot

# Prototypes in a paragraph without a comment; _init and _dispose are
# explained once, at the top.
undocumented() {
    awk '/^$/ { commented = 0 }
        /\*\/$/ { commented = 1 }
        /^[a-z].*libxl_[a-z_]*\(/ && !/^typedef/ {
            name = $0
            sub(/\(.*/, "", name)
            if (!commented && name !~ /_(init|dispose)$/) print name
        }' "$header"
}

help_options() {
    "$tool" help "$1" | grep '^-' | sed 's/   .*//' |
        grep -oE -- '-{1,2}[A-Za-z][a-z-]*' | sort -u | tr '\n' ' '
}

pod_options() {
    sed -n '/^=head1 OPTIONS/,/^=head1 [^O]/p' "$manual/xl-$1.1.pod" |
        grep '^=item B<-' | grep -oE -- 'B<-{1,2}[A-Za-z][a-z-]*' |
        sed 's/^B<//' | sort -u | tr '\n' ' '
}

completed() {
    bash -c '. "$1"; shift; COMP_WORDS=(xl-snapshot "$@")
        COMP_CWORD=$#; _xl_snapshot; printf "%s\n" "${COMPREPLY[@]}"' \
        bash "$completion" "$@" 2>/dev/null | tr -d '= ' | sort -u |
        tr '\n' ' '
}

ok "every function of the header has its comment" nothing undocumented

# one snapshot config key that is read and not in the manual, or the reverse
read_keys() {
    sed -n '/known_keys\[\]/,/^}/p' \
        "$srcdir/tools/libxl/config/read.c" |
        grep -oE '"[a-z_]+"' | tr -d '"' | sort -u
}
manual_keys() {
    grep '^=item' "$srcdir/docs/snapshot/xl.snapshot.cfg.5.pod" |
        grep -oE 'B<[a-z_]+=' | tr -d 'B<=' | sort -u
}

if [ -e "$srcdir/docs/snapshot/xl.snapshot.cfg.5.pod" ]; then
    ok "the manual has the keys that are read" \
        same "$(manual_keys)" "$(read_keys)"
else
    skip "the manual has the keys that are read" "no manual yet"
fi
commands=$("$tool" --help-rows | awk '{ print $1 }')
ok "there are commands" test -n "$commands"
for command in $commands; do
    ok "$command: its page has the options of the help" \
        same "$(pod_options "$command")" "$(help_options "$command")"
    sentence="$command: the completion has the options of the help"
    if [ -e "$completion" ] && command -v bash >/dev/null; then
        ok "$sentence" same "$(completed "$command" -)" \
            "$(help_options "$command")"
    else
        skip "$sentence" "no completion, or no bash"
    fi
done
if [ -e "$completion" ] && command -v bash >/dev/null; then
    ok "the completion has the commands" same "$(completed '' | tr -d '\n')" \
        "$(printf '%s\n' help $commands | sort | tr '\n' ' ')"
fi
if command -v podchecker >/dev/null; then
    for page in "$srcdir"/docs/snapshot/*.pod; do
        [ -e "$page" ] || continue
        ok "$(basename "$page") is good pod" podchecker -warnings "$page"
    done
fi
finished
