# What scripts/coach and scripts/test share: the virtual environment, and what must be installed.
# Sourced by bash with `set -euo pipefail`. Says what it does on stderr, so that stdout stays free.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
venv=$root/.venv

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# Run a command with its output kept back; shown, with the reason, only if it fails.
quietly() {
    local reason=$1 log
    shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1 </dev/null; then
        rm -f "$log"
    else
        cat "$log" >&2
        rm -f "$log"
        fail "$reason"
    fi
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -r /dev/tty ] && [ -t 2 ]; then
        sudo "$@"
    else
        sudo -n "$@"
    fi
}

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get "$@"
}

# The package lists of a fresh machine are empty, and those of an old one point at what is gone.
apt_install() {
    apt_get install -y --no-install-recommends "$@" ||
        { apt_get update && apt_get install -y --no-install-recommends "$@"; }
}

# install WHY PACKAGE...
install() {
    local why=$1
    shift
    local by_hand="apt-get install -y --no-install-recommends $*"
    command -v apt-get >/dev/null ||
        fail "Missing: $* ($why). There is no apt-get here: install them with this system's own tool."
    [ "$(id -u)" = 0 ] || command -v sudo >/dev/null ||
        fail "Missing: $* ($why). Run as root, once: $by_hand"
    say "Installing $* ($why) ..."
    quietly "Could not install $*. Run as root, and see what it says: $by_hand" apt_install "$@"
}

has_library() {
    local path
    for path in {/usr,/usr/local,}/lib{,64}{,/*-linux-gnu*}/"$1"; do
        [ -e "$path" ] && return 0
    done
    return 1
}

# Sound and voice come from the system on Linux; elsewhere the Python packages bring them along.
need_sound() {
    [ "$(uname -s)" = Linux ] || return 0
    local missing=()
    has_library libportaudio.so.2 || missing+=(libportaudio2)
    has_library alsa-lib/libasound_module_pcm_pulse.so || missing+=(libasound2-plugins)
    has_library libespeak-ng.so.1 || missing+=(espeak-ng)
    [ ${#missing[@]} = 0 ] || install "to hear, to play and to speak" "${missing[@]}"
}

need_virtual_card() {
    [ "$(uname -s)" = Linux ] || return 0
    local missing=()
    command -v pulseaudio >/dev/null || missing+=(pulseaudio)
    command -v pactl >/dev/null && command -v paplay >/dev/null && command -v parec >/dev/null ||
        missing+=(pulseaudio-utils)
    [ ${#missing[@]} = 0 ] || install "the virtual sound card of the tests" "${missing[@]}"
}

# The tests of the training code write graphs with OpenFst's tools, as training does, and the ear
# is tested with voices that training never heard.
need_training_tools() {
    [ "$(uname -s)" = Linux ] || return 0
    local missing=()
    command -v fstcompile >/dev/null || missing+=(libfst-tools)
    command -v flite >/dev/null || missing+=(flite)
    [ ${#missing[@]} = 0 ] || install "graphs and voices that the tests use" "${missing[@]}"
}

# The test that nothing is sent and nothing is recorded watches the program's system calls.
need_tracing() {
    [ "$(uname -s)" = Linux ] || return 0
    command -v strace >/dev/null || install "to prove that no network is used" strace
}

is_python() {
    command -v "$1" >/dev/null &&
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

find_python() {
    local name
    for name in python3 python3.13 python3.12 python3.11 python3.10; do
        if is_python "$name"; then
            python=$name
            return 0
        fi
    done
    return 1
}

make_venv() {
    local python=
    if ! find_python; then
        command -v python3 >/dev/null &&
            fail "Python 3.10 or newer is needed; python3 here is $(python3 -c \
                'import platform; print(platform.python_version())')."
        install "the language this is written in" python3 python3-venv
        find_python || fail "Python 3.10 or newer is needed, and this system has none."
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        install "to keep its Python packages apart" \
            "python$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')-venv"
    fi
    rm -rf "$venv"
    quietly "Could not make the virtual environment $venv." "$python" -m venv "$venv"
}

# need_project [EXTRA]: the project, editable, in .venv. Nothing happens unless pyproject.toml has
# changed, or the whole folder has moved, which breaks every path inside a virtual environment.
need_project() {
    local extra=${1:-} wanted
    wanted="$(cksum <"$root/pyproject.toml") $root"
    local stamp=$venv/.installed${extra:+-$extra}
    [ -x "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(<"$stamp")" = "$wanted" ] && return 0

    if ! [ -x "$venv/bin/pip" ] || ! [ -f "$venv/.root" ] || [ "$(<"$venv/.root")" != "$root" ]; then
        say "Making the virtual environment .venv ..."
        make_venv
        printf '%s\n' "$root" >"$venv/.root"
    fi
    say "Installing voice-coach${extra:+ with what its tests need} into .venv ..."
    quietly "pip could not install voice-coach: its message stands above." \
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
        --editable "$root${extra:+[$extra]}"
    printf '%s\n' "$wanted" >"$stamp"
    # With an extra comes everything that is installed without one.
    printf '%s\n' "$wanted" >"$venv/.installed"
}

# need_echo: the echo canceller, where there is a wheel of it for this machine. Without it the coach
# does not listen while it speaks; `voice-coach doctor` says so. Tried once for each pyproject.toml.
need_echo() {
    local wanted stamp=$venv/.tried-echo
    wanted="$(cksum <"$root/pyproject.toml") $root"
    [ -f "$stamp" ] && [ "$(<"$stamp")" = "$wanted" ] && return 0
    if ! "$venv/bin/python" -c 'import livekit.rtc' 2>/dev/null; then
        say "Installing the echo canceller, so that you can talk over the coach ..."
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input \
            --only-binary :all: --editable "$root[echo]" >/dev/null 2>&1 </dev/null ||
            say "There is none for this machine: the coach will not listen while it speaks."
    fi
    printf '%s\n' "$wanted" >"$stamp"
}
