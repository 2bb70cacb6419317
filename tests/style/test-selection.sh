# SPDX-License-Identifier: LGPL-2.1-only
# What says which tests there are, and when they are run, fits to the tests: the
# sequence of the system tests, the table of "./dev check --since", guarantees.md.
. "$srcdir/tests/tap.sh"
command -v bash >/dev/null || { echo "1..0 # SKIP no bash"; exit 0; }
cd "$srcdir/tests" || exit 1
# a release has neither system tests nor ./dev
[ -e system/order ] || { echo "1..0 # SKIP no git checkout"; exit 0; }

listed=$(grep -v '^#' system/order | sed 's/ .*//')

# A script that another one names is no test: lib.sh and the like.
unlisted() {
    for script in system/*.sh; do
        name=$(basename "$script" .sh)
        case " $(echo $listed) " in *" $name "*) continue ;; esac
        grep -lE "[/ ]$name\.sh" system/*.sh | grep -qvxF "$script" ||
            echo "$script is not in system/order"
    done
}
missing() {
    for name in $listed; do
        [ -e "system/$name.sh" ] || echo "system/order has $name, which is missing"
    done
}
twice() { printf '%s\n' $listed | sort | uniq -d; }

ok "every system test has its place in the sequence" nothing unlisted
ok "every place has a test" nothing missing
ok "no system test has two places" nothing twice
ok "the sequence begins with smoke tests" \
    same "$(grep -v '^#' system/order | sed -n '1s/.* //p')" smoke

# A test that guarantees.md cites: `NAME` in the last column, or a path.
cited() {
    sed -n 's/^|.*|\([^|]*\)|$/\1/p' ../docs/snapshot/guarantees.md
}
ok "guarantees.md cites system tests" test -n "$(cited | grep '`')"
not_there() {
    cited | grep -o '`[^`]*`' | tr -d '`' | while read -r name; do
        [ -e "system/$name.sh" ] || echo "guarantees.md: no test $name"
    done
    cited | grep -oE 'tests/[a-z/.-]*[a-z]' | while read -r path; do
        [ -e "../$path" ] || echo "guarantees.md: no $path"
    done
}
ok "they are there" nothing not_there

# The table of since.
unknown_folders() {
    (cd .. && find tools tests -type f ! -path '*/fuzz/corpus/*' \
        ! -name '*.o' ! -name '*.l[oa]' ! -path '*/.*') |
        sed 's,[^/]*$,,' | sort -u | while read -r folder; do
        [ "$folder" != tests/ ] || continue
        printf '%s\n' "$folder"x | ./since | grep 'does not know'
    done
}
# a folder of tools/ needs a line of its own, not only one above it
without_line() {
    (cd .. && find tools -type f -name '*.[ch]') | sed 's,[^/]*$,,' | sort -u |
        while read -r folder; do
            ./since --places | grep -qxF "$folder" ||
                echo "tests/since has no line for $folder"
        done
}
gone() {
    ./since --places | while read -r place; do
        ls -d "../$place"* >/dev/null 2>&1 || echo "tests/since: no $place"
    done
}
bad_words() {
    ./since --words | while read -r word; do
        case $word in
        all | none | unit | block | command | fuzz | system) ;;
        unit/*) [ -d "$word" ] || echo "$word" ;;
        fuzz/*) [ -d "fuzz/corpus/${word#*/}" ] || echo "$word" ;;
        system/*) system/run --list "${word#*/}" >/dev/null || echo "$word" ;;
        *) echo "$word" ;;
        esac
    done
}
ok "every folder is known to tests/since" nothing unknown_folders
ok "every folder of code has its line" nothing without_line
ok "every line has its folder" nothing gone
ok "every word means tests" nothing bad_words

# selects WORDS PATH...
selects() {
    wanted=$1
    shift
    same "$(printf '%s\n' "$@" | ./since | grep -v '^#' | tr '\n' ' ')" \
        "$wanted${wanted:+ }"
}
ok "no change: no tests" same "$(./since < /dev/null)" ""
ok "a page: none but those of style" selects "" docs/snapshot/xl-snapshot.1.pod
ok "a system test: itself" selects "system/hvm" tests/system/hvm.sh
ok "what they share: all of them" selects "system" tests/system/hvm.sh \
    tests/system/lib.sh
ok "a unit test: its folder" selects "unit/plan" tests/unit/plan/test-engine.c
ok "golden files: all unit tests" selects "unit" tests/unit/golden/plan.json \
    tests/unit/plan/test-engine.c
ok "an input of a fuzzer: that" selects "fuzz/qmp" tests/fuzz/corpus/qmp/new
ok "code that all build on: all" selects all tools/libxl/base/ctx.c docs/x
ok "a driver: what it can touch" selects "block command fuzz/hook \
system/external system/hooks system/internal system/skip-unsupported system/zfs \
unit/ops unit/storage" tools/libxl/storage/hook/driver.c
ok "a driver that is new: all" selects all tools/libxl/storage/rbd/look.c
ok "the build: all" selects all Makefile.am tests/system/hvm.sh
ok "what nobody knows: all" selects all "new folder/new file"
ok "what touches the build machine alone: none" selects "" tests/demo/demo.sh
finished
