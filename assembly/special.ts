// Kernels of what few programs use, a third module over the same memory (assembly/pack/split.js). Their names begin as
// SPECIAL in src/backends/extras.ts says, so that a backend knows without compiling it which module has a kernel.
export * from './kernels/special/sparse';
