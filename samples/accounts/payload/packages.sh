# Sourced by the steps beside it: packages of a repository in the payload, installed without a question.
# shellcheck shell=sh
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# install_from REPOSITORY APT-WORDS...
install_from() {
  place=/var/tmp/$1
  tar -xf "$MOULT_PAYLOAD/$1.tar" -C /var/tmp
  echo "deb [trusted=yes] file:$place ./" >"$place/sources.list"
  shift
  # The clone is thrown away if it dies half way, so dpkg need not sync every file.
  for step in update "$@"; do
    # shellcheck disable=SC2086
    apt-get -qq --yes -o Dir::Etc::sourcelist="$place/sources.list" -o Dir::Etc::sourceparts=/dev/null -o APT::Sandbox::User=root \
      -o APT::Install-Recommends=false -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef \
      -o Dpkg::Options::=--force-unsafe-io $step </dev/null
  done
  rm -rf "$place"
}
