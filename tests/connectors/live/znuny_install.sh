#!/bin/sh
# A real Znuny 6.5 (Debian trixie, non-free) in a folder, reachable on loopback only.
#
#   znuny_install.sh WORK install   build WORK/root (once, about five minutes)
#   znuny_install.sh WORK seed      empty it, add agents, customers, tickets, bookings
#   znuny_install.sh WORK start     start MariaDB (socket only) and Apache
#   znuny_install.sh WORK stop      stop both
#
# Environment: ZNUNY_PORT (8181), ZNUNY_PASSWORD (of every seeded agent).
# Needs: Debian, root. debootstrap is fetched into WORK if it is not installed.
set -eu

usage="usage: $0 WORK install|seed|start|stop"
work=${1:?$usage}
step=${2:?$usage}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work"
root=$(cd "$work" && pwd)/root
port=${ZNUNY_PORT:-8181}
password=${ZNUNY_PASSWORD:-nordlicht-demo}
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

in_root() { chroot "$root" "$@"; }
as_otrs() { in_root setpriv --reuid=otrs --regid=www-data --init-groups "$@"; }
# A pid file may be stale and its number taken: the process must live in our root.
running() { [ -s "$1" ] && [ "$(readlink "/proc/$(cat "$1")/root")" = "$root" ]; }

wait_until() { # seconds, command...
    left=$1
    shift
    until "$@" >/dev/null 2>&1; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || { echo "gave up waiting for: $*" >&2; exit 1; }
        sleep 1
    done
}

stop_pid() { # pid file inside the root
    running "$root$1" || return 0
    kill "$(cat "$root$1")"
    wait_until 30 test ! -s "$root$1"
}

find_debootstrap() {
    debootstrap=$(command -v debootstrap) && return
    debootstrap=$work/tools/usr/sbin/debootstrap
    export DEBOOTSTRAP_DIR=$work/tools/usr/share/debootstrap
    [ -x "$debootstrap" ] && return
    (cd "$work" && apt-get download debootstrap && dpkg -x debootstrap_*.deb tools)
}

bootstrap() {
    [ -e "$work/bootstrapped" ] && return
    # The machine's own mirror, so that nothing is fetched from elsewhere.
    mirror=$(apt-get indextargets --format '$(CREATED_BY) $(REPO_URI)' |
        awk '$1 == "Packages" && $2 !~ /security/ {print $2; exit}')
    find_debootstrap
    "$debootstrap" --variant=minbase --components=main,non-free \
        trixie "$root" "$mirror"
    # Services are started by this script, never by dpkg.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    touch "$work/bootstrapped"
}

packages() {
    in_root apt-get update
    in_root apt-get install -y --no-install-recommends mariadb-server
    start_database # Znuny's package creates its database while it is configured
    echo "otrs2 otrs2/dbconfig-install boolean true" | in_root debconf-set-selections
    # REST::Client and SOAP::Lite are missing from the package's dependencies.
    in_root apt-get install -y --no-install-recommends znuny apache2 \
        libapache2-mod-perl2 libdbd-mysql-perl librest-client-perl libsoap-lite-perl
}

start_database() {
    running "$root/run/mysqld/mysqld.pid" && return
    mkdir -p "$root/run/mysqld"
    in_root chown mysql:mysql /run/mysqld
    in_root setsid mariadbd --user=mysql --skip-networking \
        --pid-file=/run/mysqld/mysqld.pid </dev/null >"$work/mariadb.log" 2>&1 &
    wait_until 60 in_root mariadb-admin ping
}

start_apache() {
    running "$root/run/apache2/apache2.pid" && return
    echo "Listen 127.0.0.1:$port" >"$root/etc/apache2/ports.conf"
    echo "ServerName localhost" >"$root/etc/apache2/conf-enabled/servername.conf"
    mkdir -p "$root/run/apache2"
    in_root apachectl start
    wait_until 60 test -s "$root/run/apache2/apache2.pid"
}

dump_empty() {
    [ -e "$work/empty.sql" ] || in_root mariadb-dump --databases otrs2 >"$work/empty.sql"
}

seed() {
    { echo "DROP DATABASE IF EXISTS otrs2;"; cat "$work/empty.sql"; } | in_root mariadb
    rm -rf "$root/var/lib/otrs/tmp/CacheFileStorable" # of the previous content
    cp "$here/znuny_seed.pl" "$here/znuny_story.json" "$here"/znuny_webservice*.yml \
        "$root/tmp/"
    as_otrs env ZNUNY_PASSWORD="$password" perl /tmp/znuny_seed.pl /tmp
}

case $step in
install)
    bootstrap
    packages
    dump_empty
    stop_pid /run/mysqld/mysqld.pid
    ;;
seed)
    start_database
    seed
    ;;
start)
    start_database
    start_apache
    ;;
stop)
    stop_pid /run/apache2/apache2.pid
    stop_pid /run/mysqld/mysqld.pid
    ;;
*)
    echo "$usage" >&2
    exit 2
    ;;
esac
