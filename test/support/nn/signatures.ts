import { readFileSync } from 'node:fs';
import * as signatures from '../../../src/kernels/signatures/index.js';
import { activationKernels, constraintTable, lossTable, updateLoops } from '../../../src/kernels/tables.js';

/** A kernel as its AssemblyScript source declares it. */
export interface Declared {
  readonly kernel: string;
  readonly parameters: readonly { readonly name: string; readonly type: string }[];
}

/** All kernels, from what the compiler writes about the module. */
export function declaredKernels(): readonly Declared[] {
  const text = readFileSync(new URL('../../../build/kernels.d.ts', import.meta.url), 'utf8');
  return [...text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+export function (\w+)\(/g)].map(([, doc, kernel]) => ({
    kernel: kernel as string,
    parameters: [...(doc as string).matchAll(/@param (\w+) `(\w+)`/g)].map(([, name, type]) => ({
      name: (name as string).replace(/^_/, ''),
      type: type as string,
    })),
  }));
}

const flat = ['absForward', 'absBackward', 'squareBackward', 'sqrtForward', 'sqrtBackward', 'logForward'];
const comparisons = ['GreaterEqual', 'Greater', 'Equal'];
const broadcasts = ['Add', 'Subtract', 'Multiply', 'Divide', 'Maximum', 'Minimum', ...comparisons, 'Keep', 'Drop'];

function ofActivation({ backward, plan }: ReturnType<typeof activationKernels>[number]): string {
  if (plan.shape === 'rows') return backward ? signatures.activationRowsBackward : signatures.activationRowsForward;
  if (plan.shape === 'units') return backward ? signatures.activationUnitsBackward : signatures.activationUnitsForward;
  if (plan.shape === 'random') return signatures.activationRandomForward;
  return backward ? signatures.activationBackward : signatures.activationForward;
}

/** The signature of every kernel by its name. */
export function signatureTable(): Readonly<Record<string, string>> {
  const every = (names: readonly string[], signature: string) => names.map((name) => [name, signature] as const);
  const own = Object.entries(signatures).filter(([name, signature]) => signature.startsWith(`${name} `));
  const families = [
    ...activationKernels().map((item) => [item.kernel, ofActivation(item)] as const),
    ...every(Object.keys(lossTable), signatures.loss),
    ...every(Object.keys(updateLoops), signatures.update),
    ...every(Object.keys(constraintTable), signatures.constraint),
    ...every(['denseForwardRelu'], signatures.denseForward),
    ...every(['sparseForwardRelu'], signatures.sparseForward),
    ...every(['l1Penalty', 'l2Penalty'], signatures.penalty),
    ...every(['l1Gradient', 'l2Gradient'], signatures.penaltyGradient),
    ...every(flat, signatures.flat),
    ...every(
      broadcasts.map((name) => `broadcast${name}`),
      signatures.broadcast,
    ),
  ];
  const known = new Set(declaredKernels().map(({ kernel }) => kernel));
  return Object.fromEntries([...own, ...families].filter(([name]) => known.has(name)));
}
