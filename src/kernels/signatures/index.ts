// The operands of every kernel, in order, under the names that the AssemblyScript source gives them; test/backends/signatures.test.ts
// compares them. Calls are made from these lines (operands.ts), threads find in them what a cut moves (axis.ts), and
// docs/kernel-calls.md is written from them. Each is a string of its own, so that a program holds those that it uses.
//
//   x              a tensor, which a cut along the extent moves
//   @factor        a tensor that all parts of a call share
//   weights=-1     a tensor that may be left out
//   y.rows         the number `rows`, which is that of the tensor y unless it is given
//   units=y.columns  the same under another name; or a constant, as in first=0
//   #epsilon       a number that has to be given
//   states*        a list of tensors, #numbers* one of numbers
//
// A line that several kernels share begins with * in place of a name.

export * from './activations.js';
export * from './dense-products.js';
export * from './elementwise.js';
export * from './embedding.js';
export * from './expressions.js';
export * from './losses.js';
export * from './merging.js';
export * from './normalization.js';
export * from './random.js';
export * from './sparse.js';
export * from './updates.js';
