#!/bin/sh
# install-servers.sh PACKAGE...   the real servers, tokens and judges of the tests
# (Dovecot, Postfix, poppler, LibreOffice, SoftHSM, xmlsec1, qpdf, swaks, mutt, tesseract)
# As root: installs the Debian packages that are missing; starts no service, edits nothing in /etc.
# Not root: says which tests are left out and how to get them. With CI=true a missing package is a failure.
set -eu

missing=
for package in "$@"; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

leave_out() {
  cat >&2 <<TEXT

*** NOT INSTALLED:$missing
*** ($1)
*** The tests that need them (real mail servers, pdfsig, LibreOffice pages, tokens, xmlsec1, qpdf, scans) are LEFT OUT of this run.
*** To run them too:  sudo sh tests/install-servers.sh$missing

TEXT
  [ "${CI:-}" = true ] && exit 1
  exit 0
}

command -v apt-get >/dev/null 2>&1 || leave_out 'this is not a Debian system'
[ "$(id -u)" = 0 ] || leave_out 'only root can install them'

# Debian asks this file whether a freshly installed service may start. Somebody else's answer is left as it is.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ] && [ ! -L "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
fi

echo "Installing$missing (a few minutes the first time)" >&2
export DEBIAN_FRONTEND=noninteractive
case "$missing" in
  *postfix*) echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections ;;
esac
# shellcheck disable=SC2086  # one word per package
{ apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing >/dev/null; } \
  || leave_out 'apt-get could not install them'
