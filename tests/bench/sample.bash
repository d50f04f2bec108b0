# Sourced: puts descriptors like the sample's into $out, with payloads that stand for the real ones, and their names into $appliance and
# $maintenance.
# shellcheck shell=bash

appliance=$out/sample/appliance.yaml maintenance=$out/sample/maintenance.yaml
mkdir -p "$out/sample/empty"
cp "$repo/samples/notes/appliance.yaml" "$appliance"
cp "$repo/samples/notes/maintenance.yaml" "$maintenance"
for payload in $(grep -oE '[a-z][a-z-]*[-_][0-9][^],} ]*\.(deb|json|tar\.zst)' "$repo/samples/notes/maintenance.yaml" | sort -u); do
  case $payload in
    *.tar.zst) tar -C "$out/sample/empty" --zstd -cf "$out/sample/$payload" . ;;
    *) echo "$payload" >"$out/sample/$payload" ;;
  esac
  printf '  %s: {sha256: %s, size: %s}\n' "$payload" "$(sha256sum "$out/sample/$payload" | cut -d' ' -f1)" \
    "$(stat -c %s "$out/sample/$payload")" >>"$maintenance"
done
