# SPDX-License-Identifier: LGPL-2.1-only
# The program itself, as far as it comes without a Xen: what it makes of its
# command line, and where it prints.
. "$srcdir/tests/tap.sh"

tool=$builddir/tools/xl/xl-snapshot

# exits STATUS TEXT ARGUMENT...: TEXT is among what is said
exits() {
    status=$1 text=$2
    shift 2
    said=$("$tool" "$@" 2>&1)
    same "$?" "$status" && case $said in
    *"$text"*) ;;
    *) echo "'$text' is not in: $said"; false ;;
    esac
}

# Words for the operands of command $1, the names that the usage gives them.
operands() {
    "$tool" help "$1" | sed -n 's/|.*//; s/^Usage: .*\[options\]//p' | tr -d '[]<>'
}
# The options of command $1 that an end of the line refuses, though they come behind a
# global option and all operands: one by one, each with an argument if the help has one.
refused_behind() {
    "$tool" help "$1" | grep -oE '^(-.[ ,]|--[a-z-]+)[ =]?([A-Z]+)?' | tr ',' ' ' |
        while read -r option; do
            # shellcheck disable=SC2046,SC2086
            "$tool" -v "$1" $(operands "$1") $option 2>&1 </dev/null |
                grep -E 'too many arg|requires at least|not supported' && echo "$option"
        done
}
for command in $("$tool" --help-rows | awk '{ print $1 }'); do
    ok "$command: an option may stand behind all that is no option" \
        same "$("$tool" "$command" one two three four --help 2>&1)" \
        "$("$tool" help "$command")"
    ok "$command: also behind global options" \
        same "$("$tool" -v -t "$command" one two three four --help 2>&1)" \
        "$("$tool" help "$command")"
    ok "$command: so may each that it has" nothing refused_behind "$command"
    ok "$command: but not behind --" \
        exits 2 "$command: " "$command" -- one two three four --help
    ok "$command: an unknown option is named" \
        exits 2 "option \`--no-such' not supported" "$command" one --no-such two
done
ok "an option that lacks its argument is named, too" \
    exits 2 "option \`n' not supported, or its argument is missing" \
    snapshot-create web -n
ok "--help, -h and help are the same" \
    same "$("$tool" --help 2>&1) $("$tool" -h)" "$("$tool" help) $("$tool" help)"

full=': cannot write to standard output: No space left on device'
full="$full; but for that, the command succeeded"
# cannot_print WHO ARGUMENT...: to a device that is full
cannot_print() {
    who=$1
    shift
    said=$("$tool" "$@" 2>&1 >/dev/full)
    same "$? $said" "1 $who$full"
}
for argument in --version --help --help-rows -h help; do
    ok "$argument fails if it cannot print" cannot_print xl-snapshot $argument
done
ok "so does the help of a command" \
    cannot_print snapshot-list snapshot-list --help
ok "and to an output that is closed" \
    same "$("$tool" --version 2>&1 >&-; echo $?)" "xl-snapshot: cannot write to\
 standard output: Bad file descriptor; but for that, the command succeeded
1"
ok "a command that failed keeps its status" \
    same "$("$tool" snapshot-list >/dev/full 2>&1; echo $?)" 2

front=$builddir/tools/xl/xl
ok "the list of all commands fails if ours is not printed" \
    not env XL_SNAPSHOT_XL=/bin/true sh -c '"$1" help >/dev/full' - "$front"
ok "nor is an xl run from the folder that one is in" same \
    "$(XL_SNAPSHOT_XL=bin/true "$front" list 2>&1)" "xl: XL_SNAPSHOT_XL in the environment\
 is not an absolute path; it must be that of Xen's own xl"
finished
