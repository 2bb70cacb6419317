# SPDX-License-Identifier: LGPL-2.1-only
# What the header, the help, the manual and the completion say is the same, and
# the manual holds together. What it is compared with in the code is found by what
# stands there, not by the name of a file.
. "$srcdir/tests/tap.sh"

tool=$builddir/tools/xl/xl-snapshot
completion=$srcdir/completion/xl-snapshot
manual=$srcdir/docs/snapshot
commands=$("$tool" --help-rows | awk '{ print $1 }')

# the manual pages of others that ours name
others='
    chattr(1) lvcreate(8) qemu-img(1) run-parts(8)
    xl(1) xl.cfg(5) xl-disk-configuration(5)
'

words() { sort -u | tr '\n' ' '; }
# "a-page.1" to "a-page(1)", and back
referred() { sed 's/\(.*\)\.\([0-9]\)$/\1(\2)/'; }
file_of() { printf '%s\n' "$1" | sed 's/(\([0-9]\))$/.\1/'; }

pages=$(for pod in "$manual"/*.pod; do basename "$pod" .pod; done)
ok "there are commands, and pages" test -n "$commands" -a -n "$pages"

# --- the header: prototypes in a paragraph without a comment; _init and
# _dispose are explained once, at the top
undocumented() {
    find "$srcdir/tools" -name "libxl_snapshot*.h" -exec awk '
        /^$/ { commented = 0 }
        /\*\/$/ { commented = 1 }
        /^[a-z].*libxl_[a-z_]*\(/ && !/^typedef/ {
            name = $0
            sub(/\(.*/, "", name)
            if (!commented && name !~ /_(init|dispose)$/) print name
        }' {} +
}
ok "every function of the headers has its comment" nothing undocumented

# --- the snapshot config
# The first string of each row of the table of keys.
read_keys() {
    find "$srcdir/tools" -name '*.c' -exec \
        sed -n '/^const struct snap_key snap_keys\[\]/,/^};/p' {} + |
        grep -oE '^ *\{ "[a-z_]+"' | tr -d '{ "' | words
}
manual_keys() {
    grep '^=item' "$manual/xl.snapshot.cfg.5.pod" | grep -oE 'B<[a-z_]+=' |
        tr -d 'B<=' | words
}
ok "the manual has the keys that are read" same "$(manual_keys)" "$(read_keys)"

# --- the commands: a page, options, completion
help_options() {
    "$tool" help "$1" | grep '^-' | sed 's/   .*//' |
        grep -oE -- '-{1,2}[A-Za-z][a-z-]*' | words
}
pod_options() {
    sed -n '/^=head1 OPTIONS/,/^=head1 [^O]/p' "$manual/xl-$1.1.pod" |
        grep '^=item B<-' | grep -oE -- 'B<-{1,2}[A-Za-z][a-z-]*' |
        sed 's/^B<//' | words
}

# On a host where one domain, web, runs
bin=$(mktemp -d) || exit 1
trap 'rm -rf "$bin"' EXIT
ln -s "$tool" "$bin/xl-snapshot"
cat > "$bin/xl" <<'END'
#!/bin/sh
[ "$1" = list ] && printf '%s\n' 'Name ID Mem' 'Domain-0 0 1' 'web 3 1'
END
chmod +x "$bin/xl"
mkdir -p "$bin/in/folder"
: > "$bin/in/file"
completed() {
    PATH=$bin:$PATH bash -c '. "$1"; shift; COMP_WORDS=(xl-snapshot "$@")
        COMP_CWORD=$#; _xl_snapshot; printf "%s\n" "${COMPREPLY[@]}"' \
        bash "$completion" "$@" 2>/dev/null | tr -d '= ' | words
}
has_bash() { command -v bash > /dev/null; }

# The options of command $1 whose arguments are not completed as the help says:
# with files if it calls them FILE, with folders if DIR, else not at all
wrong_arguments() {
    for option in $("$tool" help "$1" | grep -oE -- '--[a-z-]+=[A-Z]+'); do
        case $option in
        *=FILE) want="$bin/in/file $bin/in/folder " ;;
        *=DIR) want="$bin/in/folder " ;;
        *) want=' ' ;;
        esac
        got=$(completed "$1" "${option%=*}" = "$bin/in/")
        [ "$got" = "$want" ] || echo "$option: '$got' is not '$want'"
    done
}

ok "every command has a page, and every page a command" same \
    "$(printf 'xl-%s.1\n' $commands | words)" \
    "$(printf '%s\n' $pages | grep 'xl-\(snapshot\|block\)-.*\.1$' | words)"
for command in $commands; do
    ok "$command: its page has the options of the help" \
        same "$(pod_options "$command")" "$(help_options "$command")"
    sentence="$command: the completion has the options of the help"
    if has_bash; then
        ok "$sentence" same "$(completed "$command" -)" \
            "$(help_options "$command")"
        ok "$command: and their arguments" nothing wrong_arguments "$command"
    else
        skip "$sentence" "no bash"
    fi
done
# The commands that are for a snapshot, by their help.
takes_snapshot() {
    for command in $commands; do
        "$tool" help "$command" | grep -q '^Usage:.*<Snapshot>' && echo "$command"
    done
}
if has_bash; then
    ok "the completion has the commands" same "$(completed '')" \
        "$(printf '%s\n' help $commands | words)"
    for command in snapshot-create snapshot-revert; do
        ok "$command: the completion has the domain" \
            same "$(completed "$command" -p '')" 'web '
        ok "$command: none again, where a file comes next" \
            same "$(completed "$command" -p web '')" ' '
    done
    mkdir -p "$bin/web/s1" "$bin/web/s2" "$bin/web/no"
    : > "$bin/web/s1/snapshot.cfg"
    : > "$bin/web/s2/snapshot.cfg"
    ok "commands take a snapshot" test -n "$(takes_snapshot)"
    for command in $(takes_snapshot); do
        ok "$command: the completion has names of snapshots" \
            same "$(completed "$command" web -d "$bin/web" '')" 's1 s2 '
        ok "$command: those that begin so" \
            same "$(completed "$command" --directory = "$bin/web" web s2)" 's2 '
        ok "$command: or a file" \
            same "$(completed "$command" -d "$bin/web" web ./)" ' '
    done
    ok "snapshot-verify: also without a domain" \
        same "$(completed snapshot-verify -d "$bin/web" '')" 's1 s2 web '
    ok "an option's argument is no operand" \
        same "$(completed snapshot-list -d /x --json '')" 'web '
    ok "nor is one behind =" \
        same "$(completed snapshot-list --directory = /x '')" 'web '
fi

# --- JSON: "NAME", of a step kind or a member that tools/xl prints
kinds() {
    grep -rhoE '\[SNAP_STEP_[A-Z_]+\] = (\{ *)?"[a-z-]+"' "$srcdir/tools" |
        grep -oE '"[a-z-]+"' | tr -d '"' | words
}
manual_kinds() {
    cat "$manual"/*.pod | sed -n '/^=head2 Kinds of steps/,/^=head1/p' |
        grep '^    [a-z]' | sed 's/^    //; s/   .*//; s/,//g' | tr ' ' '\n' |
        words
}
# Of a step, those that are not for the journal alone.
step_members() {
    find "$srcdir/tools" -name '*.c' -exec \
        sed -n '/^static char \*plan_step_to_json(/,/^}/p' {} + | tr '\n' ' ' |
        grep -oE '"[a-z]:[a-z_]+",[^"]*' | sed 's/whole ? *$//' |
        grep -vE 'whole (\?|&&)' | sed 's/^"[a-z]:\([a-z_]*\)".*/\1/' | words
}
manual_step_members() {
    {
        printf '%s\n' kind what
        sed -n '/^=head2 Steps of a plan/,/^=head2 Kinds/p' \
            "$manual/xl-snapshot.7.pod" |
            sed -n 's/^    \([a-z_, ]*[a-z_]\)   *[a-z]* .*/\1/p' |
            sed 's/  .*//; s/,//g' | tr ' ' '\n'
    } | words
}
members() {
    grep -rhoE 'json_[a-z0-9]+\([a-z]+, "[a-z_]+"' "$srcdir/tools/xl" |
        grep -oE '"[a-z_]+"' | tr -d '"' | sort -u
}
manual_members() {
    cat "$manual"/*.1.pod | sed -n '/^=head1 JSON OUTPUT/,/^=head1 SEE/p' |
        grep -oE '[a-z_]+' | sort -u
}
missing_members() { members | grep -vxF "$(manual_members)"; }
ok "the code has kinds of steps" test -n "$(kinds)"
ok "the manual has those" same "$(manual_kinds)" "$(kinds)"
ok "and the members of a step" \
    same "$(manual_step_members)" "$(step_members)"
ok "the code prints JSON" test -n "$(members)"
ok "the manual has every member of it" nothing missing_members

# --- links
# The links of the pod on stdin, which may go over two lines.
links() { tr '\n' ' ' | grep -oE 'L<[^>]*>' | sed 's/^L<//; s/>$//'; }
headings() { sed -n 's/^=head[12] //p' "$1"; }

# The links of pod $1 that lead nowhere.
broken() {
    links < "$1" | while read -r link; do
        page=${link%%/*} section=
        case $link in */*) section=${link#*/} ;; esac
        section=$(printf '%s\n' "$section" | sed 's/^"//; s/"$//')
        case $page in
        '') target=$1 ;;
        xl-snapshot*|xl-block-*|xl.snapshot*) target=$manual/$(file_of "$page").pod ;;
        *)  printf '%s\n' $others | grep -qxF "$page" || echo "$link"
            continue ;;
        esac
        [ -e "$target" ] || { echo "$link"; continue; }
        [ -z "$section" ] || headings "$target" | grep -qxF "$section" ||
            echo "$link"
    done
}
see_also() { sed -n '/^=head1 SEE ALSO/,$p' "$manual/$1.pod" | links; }
# What the SEE ALSO of page $1 names twice, or is the page itself.
also_odd() {
    see_also "$1" | sort | uniq -d
    see_also "$1" | grep -xF "$(echo "$1" | referred)"
}
# Pages of ours that are named somewhere and do not exist.
unknown_pages() {
    grep -rhoE 'xl[-.](snapshot|block-)[a-z.-]*\([1-8]\)' "$srcdir/README.md" \
        "$srcdir/HACKING.md" "$srcdir/docs" "$srcdir/tools" \
        "$srcdir/completion" "$srcdir/tests" | sort -u |
        grep -vxF "$(printf '%s\n' $pages | referred)"
}
for page in $pages; do
    ok "$page: its links lead somewhere" nothing broken "$manual/$page.pod"
    ok "$page: has a SEE ALSO" test -n "$(see_also "$page")"
    ok "$page: that is in order" nothing also_odd "$page"
done
ok "xl-snapshot(1) leads to every page" same \
    "$(links < "$manual/xl-snapshot.1.pod" | sed 's,/.*,,' |
       grep '^xl[-.]\(snapshot\|block-\)' | words)" \
    "$(printf '%s\n' $pages | referred | grep -vxF 'xl-snapshot(1)' | words)"
ok "pages that are named anywhere exist" nothing unknown_pages

# --- messages: xl-snapshot-recovery(7) and -refusals(7) are found by them. "..." stands there for
# what differs.
quotes() {
    cat "$manual/xl-snapshot-recovery.7.pod" "$manual/xl-snapshot-refusals.7.pod" | tr '\n' ' ' |
        grep -oE 'C<[^<>]*\.\.\.[^<>]*>' | sed 's/^C<//; s/>$//' |
        awk '{ gsub(/\.\.\./, "\n"); print }' |
        sed 's/^[^A-Za-z]*//; s/[^A-Za-z]*$//' | grep ' ' | sort -u
}
# Those that are in no string of the code; one may go over several lines there.
not_said() {
    said=$(find "$srcdir/tools" -name '*.c' -exec cat {} + | tr '\n' ' ' |
        sed 's/" *"//g')
    quotes | while read -r quote; do
        case $quote in "No such file") continue ;; esac
        case $said in *"$quote"*) ;; *) echo "$quote" ;; esac
    done
}
ok "they quote messages" test -n "$(quotes)"
ok "which the code has" nothing not_said

# --- pod and man
# Warnings of man for $1, and what does not fit on a terminal.
man_complaints() {
    { MANWIDTH=80 man --warnings -E ascii -l "$1" 2>&1 >&3 |
        sed 's/^/warning: /' >&2; } 3>&1 2>&1 |
        awk '/^warning: / { print; next }
            length > 80 { print "wider than 80 columns: " $0 }
            { lines++ }
            END { if (lines > 320) print lines " lines, more than 320" }'
}
has_man() {
    command -v groff > /dev/null && man --version 2>&1 | grep -q '^man [0-9]'
}
for page in $pages; do
    if command -v podchecker > /dev/null; then
        ok "$page: is good pod" podchecker -warnings "$manual/$page.pod"
    else
        skip "$page: is good pod" "no podchecker"
    fi
    ok "$page: is made" test -s "$builddir/docs/snapshot/$page"
    if has_man; then
        ok "$page: man shows it, without a warning" \
            nothing man_complaints "$builddir/docs/snapshot/$page"
    else
        skip "$page: man shows it, without a warning" "no man-db, or no groff"
    fi
done
finished
