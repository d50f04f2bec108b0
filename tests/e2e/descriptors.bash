# Sourced: descriptors for cases. The sample's own, and small ones about one machine, which cost one clone instead of two.
# shellcheck shell=bash

# The sample that the lab was started with.
sample=$(sed -n 's|.*<kernel>\(.*\)/vmlinuz</kernel>.*|\1|p' "$MOULT_LAB_DIR/notes-web.xml")
appliance=$sample/appliance.yaml
maintenance=$sample/payload/maintenance.yaml

# appliance_of MACHINE: an appliance of that machine alone, behind the sample's entry; prints the file.
appliance_of() {
  local other; other=$([ "$1" = web ] && echo app || echo web)
  grep -vE "^  $other: \{host|\{machine: $other," "$appliance" >"$case_dir/$1.yaml"
  echo "$case_dir/$1.yaml"
}

# help_by UPDATE [MORE]: a maintenance of one small component on `web`, updated by the YAML given; prints the file.
help_by() {
  cat >"$case_dir/help.yaml" <<YAML
moult: maintenance/v1
appliance: org.example.notes
release: 2.0.0
components:
  notes-help:
    machine: web
    level: {to: 1.1.0, scheme: semver}
    detect: {archive: /opt/notes-help/VERSION}
    update: $1
${2:-}
YAML
  echo "$case_dir/help.yaml"
}
becomes_current='[sh, -c, "echo 1.1.0 >/opt/notes-help/VERSION"]'

# notes_by COMMAND DATA: a maintenance of the schema on `app`, with the notes as its data set; prints the file.
notes_by() {
  cat >"$case_dir/notes.yaml" <<YAML
moult: maintenance/v1
appliance: org.example.notes
release: 2.0.0
components:
  notes-schema:
    machine: app
    level: {to: "2", scheme: numeric}
    detect: {command: [sh, -c, "cat /etc/notes/e2e-level 2>/dev/null || echo 1"]}
    update: $1
    data:
      notes: {files: /var/lib/notes, exclude: ["*.tmp", lost+found]$2}
YAML
  echo "$case_dir/notes.yaml"
}

# a_variant SED-EXPRESSION...: the sample's whole maintenance, edited, with its payload beside it; prints the file.
a_variant() {
  rm -rf "$case_dir/variant"
  cp -r "$sample/payload" "$case_dir/variant"
  sed -i -E "$@" "$case_dir/variant/maintenance.yaml"
  ! cmp -s "$case_dir/variant/maintenance.yaml" "$maintenance" || wrong "the variant $* is no variant"
  echo "$case_dir/variant/maintenance.yaml"
}
