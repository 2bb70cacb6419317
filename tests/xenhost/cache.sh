# shellcheck shell=bash
# What is built once and kept, keyed by what it is made of. Several callers may run
# at once; each piece is built by one and moved in place only when it is whole.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/xl-snapshot
suite=bookworm

say() {
    local script
    script=$(readlink -f "$0")
    echo "${script#"${script%/*/*}"/}: $*" >&2
}

# hash_of FILE...: a key.
hash_of() { cat "$@" | sha256sum | cut -c1-12; }

# apt_all_sources: URI and suite of each of this machine's.
apt_all_sources() {
    command -v apt-get >/dev/null || return 0
    # shellcheck disable=SC2016
    apt-get indextargets --no-release-info \
        --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        sort -u | sed -n 's/ main$//p'
}

# apt_sources deb|deb-src: the apt sources of this machine that serve the suite, so
# that all comes from the mirror that everything else here comes from. Nothing
# printed: none does.
apt_sources() {
    apt_all_sources |
        awk -v s="$suite" -v kind="$1" '$2 == s || index($2, s "-") == 1 {
            print kind, $1, $2, "main" }'
}

# apt_source_beside: for a suite that none serves, the place that has Debian's others.
apt_source_beside() {
    apt_all_sources |
        awk -v s="$suite" '$1 ~ "/debian/?$" && !n++ { print "deb", $1, s, "main" }'
}

# debian TARGET OPTION...: mmdebstrap of the suite, from the mirror that this machine
# has, into TARGET: a folder, or /dev/null.
debian() {
    local target=$1 keyring=/usr/share/keyrings/debian-archive-keyring.gpg dir
    local -a opt=(--quiet --variant=apt "${@:2}") mirror=()

    dir=$(mktemp -d)
    [ ! -e "$keyring" ] || opt+=("--keyring=$keyring")
    if command -v apt-config >/dev/null; then
        apt-config dump --no-empty Acquire::http Acquire::https > "$dir/apt.conf"
        opt+=("--aptopt=$dir/apt.conf")
    fi
    apt_sources deb > "$dir/sources.list"
    [ -s "$dir/sources.list" ] || apt_source_beside > "$dir/sources.list"
    [ ! -s "$dir/sources.list" ] || mirror=("$dir/sources.list")
    mmdebstrap "${opt[@]}" "$suite" "$target" "${mirror[@]}" >&2
    rm -r "$dir"
}

# apt_in DIR deb|deb-src ARG...: apt-get in DIR, with the sources of this kind that
# apt_sources finds, and lists of them that are DIR's own.
apt_in() {
    local dir=$1 kind=$2
    shift 2
    local -a apt=(apt-get -qq -o Dir::Etc::SourceList=/dev/null
        -o "Dir::Etc::SourceParts=$dir/apt/parts" -o "Dir::State::Lists=$dir/apt/lists"
        -o APT::Sandbox::User=root)

    mkdir -p "$dir/apt/parts" "$dir/apt/lists/partial"
    apt_sources "$kind" > "$dir/apt/parts/$kind.list"
    [ -s "$dir/apt/parts/$kind.list" ]
    "${apt[@]}" update
    (cd "$dir" && "${apt[@]}" "$@")
}

apt_install() {
    DEBIAN_FRONTEND=noninteractive flock /run/lock/xl-snapshot-apt \
        apt-get -qq install --no-install-recommends "$@" > /dev/null
}

# build_apart HOW BUILDER DIR ELSE: for a script that takes --build and --built as HOW:
# the builder runs in a process of its own, where set -e counts; if it fails, says
# what is taken instead. With --built nothing is built.
build_apart() {
    case $1 in
    --build) cached "$2" "$3"; exit ;;
    --built) ;;
    *) "$0" --build || say "$4" ;;
    esac
}

# Runs builder $1 for cached folder $2 unless that is there.
cached() {
    local builder=$1 dir=$2
    mkdir -p "$cache"
    exec 9> "$dir.lock"
    flock 9
    if [ ! -d "$dir" ]; then
        say "building $(basename "$dir")"
        new=$(mktemp -d "$dir.XXXXXX")
        trap 'rm -rf "$new"' EXIT
        "$builder" "$new"
        mv "$new" "$dir"
        trap - EXIT
    fi
    exec 9>&-
}
