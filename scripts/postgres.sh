#!/usr/bin/env bash
# Have PostgreSQL for the tests of the queue; on Debian as root install it when there is none. The tests start it
# themselves, in a temporary folder. Without it they are skipped, and this says how to get it.
set -euo pipefail
there() { command -v initdb >/dev/null 2>&1 || compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; }
there && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  { apt-get update -q && apt-get install -y -q --no-install-recommends postgresql; } >&2 || true
  there && exit 0
fi
echo "Without PostgreSQL the tests of queues in it are skipped. Install it (Debian, Ubuntu: apt-get install postgresql)." >&2
