# SPDX-License-Identifier: LGPL-2.1-only
# The program itself, as far as it comes without a Xen: what it makes of its
# command line.
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

for command in $("$tool" --help-rows | awk '{ print $1 }'); do
    ok "$command: an option may stand behind all that is no option" \
        same "$("$tool" "$command" one two three four --help 2>&1)" \
        "$("$tool" help "$command")"
    ok "$command: also behind global options" \
        same "$("$tool" -v -t "$command" one two three four --help 2>&1)" \
        "$("$tool" help "$command")"
    ok "$command: but not behind --" \
        exits 2 "$command: " "$command" -- one two three four --help
    ok "$command: an unknown option is named" \
        exits 2 "option \`--no-such' not supported" "$command" one --no-such two
done
ok "an option that lacks its argument is named, too" \
    exits 2 "option \`n' not supported, or its argument is missing" \
    snapshot-create web -n
finished
