#!/usr/bin/env bash
# Copies the command, its man pages, completions and documents into a folder tree.
# usage: stage.sh BINARY ROOT PREFIX SWIFT   (PREFIX: /usr/local, or /usr for a package)
set -euo pipefail

binary=$1 root=$2 prefix=$3 swift=$4
tools=$(cd "$(dirname "$0")" && pwd)
share=$root$prefix/share
install -D -m 755 "$binary" "$root$prefix/bin/tessera"

pages=$(mktemp -d)
trap 'rm -rf "$pages"' EXIT
python3 "$tools/manual.py" "$binary" "$pages"
install -d "$share/man/man1"
for page in "$pages"/*.1; do
  gzip -9n "$page"
  install -m 644 "$page.gz" "$share/man/man1/"
done

# usage: completion SHELL FILE
completion() {
  # A completion is read, not run.
  "$binary" --generate-completion-script "$1" | sed '1{/^#!/d}' >"$pages/completion"
  install -D -m 644 "$pages/completion" "$share/$2"
}
completion bash bash-completion/completions/tessera
completion zsh zsh/vendor-completions/_tessera
completion fish fish/vendor_completions.d/tessera.fish

for document in LICENSE NOTICE README.md CHANGELOG.md; do
  install -D -m 644 "$tools/../../$document" "$share/doc/tessera/$document"
done

bash "$tools/licences.sh" "$swift" "$share/doc/tessera/libraries"
