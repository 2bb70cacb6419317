# SPDX-License-Identifier: LGPL-2.1-only
# What a machine can tell of the house style.
. "$srcdir/tests/tap.sh"
cd "$srcdir" || exit 1

c_files=$(find tools tests/unit tests/block tests/command \
    tests/fuzz -name '*.[ch]' | sort)
library=$(find tools/libxl -name '*.c')
code=$(find tools -name '*.c')
all_files=$(find tools completion tests/unit tests/block tests/command \
    tests/fuzz tests/style \
    tests/*.* -type f \( -name '*.[ch]' \
    -o -name '*.sh' -o -name '*.am' -o -name '*.sym' \
    -o -name '*.supp' \) 2>/dev/null; echo configure.ac Makefile.am)

# The house style is 75 columns, as libxl's; to 79 where a string would be torn.
# Text of the help has its own width.
max_columns=79

long_files() { wc -l $c_files | awk '$2 != "total" && $1 > 500'; }

# A function begins with "{" in the first column and ends with "}" there.
long_functions() {
    awk 'FNR == 1 { start = 0 }
        /^[a-z].*\(/ { name = $0; sub(/\(.*/, "", name) }
        /^{/ { start = FNR }
        /^}/ && start {
            if (FNR - start + 1 > 80) print FILENAME ": " name, FNR - start + 1
            start = 0
        }' $c_files
}

# A backtrace with such a name says little.
functions_twice() {
    awk '/^[A-Za-z].*\(/ { name = $0; sub(/\(.*/, "", name); sub(/.*[ *]/, "", name) }
        /^{/ && name != "main" { print name }' \
        $code | sort | uniq -d
}

ok "no file is longer than 500 lines" nothing long_files
ok "no function is longer than 80 lines" nothing long_functions
ok "no line of C is longer than $max_columns columns" \
    nothing grep -nE "^.{$((max_columns + 1))}" \
    $(echo "$c_files" | grep -v xl_cmdtable.c)
ok "no line of tools/xl is longer than 75 columns" nothing grep -nE '^.{76}' \
    $(find tools/xl -name '*.[ch]' ! -name xl_cmdtable.c)
ok "no two files of tools/ have a function of the same name" \
    nothing functions_twice
ok "C has no tabs" nothing grep -n "$(printf '\t')" $c_files
ok "no line ends with a blank" nothing grep -nE '[[:blank:]]$' $c_files
ok "comments are /* */" nothing grep -nE '^[[:blank:]]*//|[;{}] *//' $c_files
ok "every file names its licence" nothing grep -L SPDX-License-Identifier \
    $all_files
# All ways to print; what is printed to a file, in memory or beside an xl.cfg, is not.
prints='(^|[^[:alnum:]_])(v?printf|puts|putchar|perror|psignal|v?(err|warn)x?) ?\(|STD(OUT|ERR)_FILENO|dprintf|[(,] *std(out|err) *[,)]|write ?\([12],'
ok "the library does not print" nothing grep -nE "$prints" $library
# It makes plain what others have named and said.
ok "of the command xl_output.c alone does" nothing grep -nE "$prints" \
    $(find tools/xl -name '*.c' ! -name xl_output.c)
# Only exec.c has a process of its own to end.
ok "nor does it end the process" nothing grep -nE '(^|[^[:alnum:]_])_?exit ?\(' \
    $(echo "$library" | grep -v seams/exec.c)
ok "nobody uses a shell or a buffer without length" nothing grep -nE \
    '(^|[^[:alnum:]_])(system|popen|wordexp|gets|sprintf|vsprintf|strcat|tmpnam|mktemp|alloca) ?\(' \
    $code
ok "nor runs one by its name" nothing grep -nE '"([^"]*/)?(ba|da)?sh"' \
    $code
ok "no variable-length buffers on the stack" nothing grep -nE \
    'char [a-z_]+\[PATH_MAX' $code
finished
