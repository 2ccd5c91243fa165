import { makeCall } from '../kernels/call-arrays.js';
import type { Call, KernelName } from '../kernels/contract.js';
import { kernelOf, type Operands, placesOf, positional, type Shared, type Single } from '../kernels/operands.js';
import type { Composed } from '../kernels/own/composed.js';
import * as signatures from '../kernels/signatures/index.js';
import type { Parameter, RowGradients } from './parameter.js';
import { matrixTensor, type Tensor, vectorTensor } from './plan.js';
import type { Slots } from './slots.js';
import { type Lifetime, planWorkspace } from './workspace.js';

/** A call whose offsets are still tensors. */
export interface SymbolicCall {
  readonly kernel: KernelName;
  readonly args: readonly (number | Tensor)[];
}

/**
 * 'accumulate' is 'train' that adds its gradient to those of batches before it instead of updating; 'moments' counts
 * batch normalization's moments and nothing else; 'validate' is 'evaluate' in the training workspace, for use within `fit`;
 * 'inspect' is 'gradients' that keeps every layer's output and its gradient.
 */
export type Mode = (typeof MODES)[number];

/** Modes whose programs an engine compiles by name. */
export type ProgramName = Exclude<Mode, 'moments' | 'inspect'>;

export const MODES = [
  'train',
  'accumulate',
  'gradients',
  'inspect',
  'moments',
  'validate',
  'evaluate',
  'predict',
] as const;

/** An output whose activation is computed together with its loss. */
export interface Fusion {
  /** The index of the program's targets that the loss compares it with. */
  readonly target: number;
  /** The output of the activation, of which the logits are the input. */
  readonly output: Tensor;
  readonly logits: Tensor;
  /** The gradient of the loss by the logits. */
  readonly gradient: Tensor;
  /** The gradient that comes from other layers which the output feeds. */
  readonly others?: Tensor | undefined;
}

/**
 * A value of the graph and the gradient of the loss by it, where there is one; where an activation is computed together
 * with the loss, what comes in.
 */
export interface KeptValue {
  readonly name: string;
  readonly value: Tensor;
  readonly gradient: Tensor | undefined;
  readonly fusion?: Fusion;
}

/** A flat list of kernel calls for one number of rows. Plain data: it prints, diffs and can be sent elsewhere. */
export interface Program {
  readonly mode: Mode | 'own';
  readonly rows: number;
  readonly calls: readonly Call[];
  readonly symbolic: readonly SymbolicCall[];
  readonly inputs: readonly Tensor[];
  /** One per output, then the weights of the rows, if any; none in prediction. */
  readonly targets: readonly Tensor[];
  /** Rows have weights. */
  readonly weighted: boolean;
  /** In training and evaluation without an activation that the loss computes, unless metrics need it. */
  readonly outputs: readonly Tensor[];
  /** The values that its keeper has kept. */
  readonly kept: readonly KeptValue[];
  /** Gradients of tables, one entry for each. */
  readonly rowGradients: readonly RowGradients[];
  /** Its kernels that are optimizers' loops, and what those do that are made of others. */
  readonly updates: ReadonlyMap<string, Composed | undefined>;
  /** The first of the calls that update, with the factor that is there. */
  readonly update: number;
  readonly workspace: readonly Tensor[];
  /** First element past the workspace. */
  readonly end: number;
  /** Floating point operations of the dense products. */
  readonly flops: number;
  /** It draws random numbers, and so needs to be told the step. */
  readonly stochastic: boolean;
}

/** Emits calls that keep what is not finite out of updates. */
export interface Guard {
  /** Is called when the gradient of a kernel has been taken: x transposed times dy. */
  product(kernel: Parameter, x: Tensor, dy: Tensor): void;
  /** Is called when all gradients are there, and clipping has said by which factor to scale them. */
  finish(parameters: readonly Parameter[]): void;
}

/** Keeps values and gradients of a program beyond the calls that need them. */
export interface Keeper {
  /** The values it has kept so far, from the last node to the first. */
  readonly kept: readonly KeptValue[];
  /** Tensors that nothing may overwrite. */
  readonly lasting: readonly (Tensor | undefined)[];
  /** The gradient of an input is kept, and so is computed. */
  wants(input: number): boolean;
  /** Is told of an output whose activation its loss computes, once the gradient by the logits is there. */
  fused(target: number, node: number, logits: Tensor, values: readonly (Tensor | undefined)[], gradient: Tensor): void;
  /** Is told of each node, from the last to the first, before its backward pass; one that a loss computes may not be computed. */
  node(node: number, computed: boolean, value: Tensor | undefined, gradient: Tensor | undefined): void;
  /** Is told of the inputs at the end. */
  inputs(values: readonly (Tensor | undefined)[], gradientOf: (input: number) => Tensor | undefined): void;
}

/** Lists what goes into a program and what must be there at its end. */
interface Ends {
  readonly inputs: readonly Tensor[];
  readonly targets?: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Others that nothing may overwrite. */
  readonly lasting?: readonly Tensor[];
  readonly weighted?: boolean;
}

/** Comes after every call; infinity would have V8 keep the numbers of calls in float64. */
const LAST = 2 ** 30 - 1;

/** Collects calls and the workspace they need. */
export class Emitter {
  readonly #calls: SymbolicCall[] = [];
  readonly #last: SymbolicCall[] = [];
  readonly #lifetimes = new Map<Tensor, Lifetime>();
  /** Gradients of tables, one entry for each. */
  readonly rowGradients: RowGradients[] = [];
  /** Kernels that are optimizers' loops, and what those do that are made of others. */
  readonly updates = new Map<string, Composed | undefined>();
  #update = 0;
  /** Layers do what they do in prediction, though the program computes gradients. */
  readonly inference?: boolean;
  /** Keeps values and gradients until the program ends. */
  readonly keeper?: Keeper;
  /** Keeps what is not finite from updates. */
  guard: Guard | undefined;
  /** The vectors whose first columns an update counts along the way, and which so must be finite. */
  readonly watched: { readonly vector: Tensor; readonly columns: number }[] = [];

  constructor(
    readonly mode: Mode,
    readonly rows: number,
    readonly slots: Slots,
    /** Zeros, as many as the widest layer has units, for products without a bias. */
    readonly zeros: Tensor,
    readonly threads: number,
  ) {}

  get training(): boolean {
    return this.counts || this.mode === 'gradients' || this.mode === 'inspect';
  }

  /** Running values such as moving moments follow the batch. */
  get counts(): boolean {
    return this.mode === 'train' || this.mode === 'accumulate' || this.mode === 'moments';
  }

  /** Calls a kernel with the operands that its signature names; `kernel` is which, where several share it. */
  call<S extends string>(signature: Shared<S>, operands: Operands<S, Tensor>, kernel: KernelName): void;
  call<S extends string>(signature: Single<S>, operands: Operands<S, Tensor>, kernel?: KernelName): void;
  call(signature: string, operands: object, kernel = kernelOf(signature)): void {
    this.#calls.push({ kernel, args: positional(signature, operands as Operands<string, Tensor>) });
  }

  /** Emits a call to come after all others: updates that must not happen where a step is refused. */
  finally<S extends string>(signature: S, operands: Operands<S, Tensor>): void {
    this.#last.push({ kernel: kernelOf(signature), args: positional(signature, operands) });
  }

  /** Makes all calls from here on part of the update. */
  beginUpdate(): void {
    this.#update = this.#calls.length;
  }

  /** Allocates a workspace matrix, by default of this program's rows. */
  matrix(name: string, columns: number, rows = this.rows): Tensor {
    return this.#own(matrixTensor(name, rows, columns));
  }

  /** Emits a copy that nothing overwrites. */
  copy(x: Tensor, name: string): Tensor {
    const y = this.matrix(name, x.columns);
    this.call(signatures.copyColumns, { x, y });
    return y;
  }

  /** Allocates one element per row, without padding. */
  column(name: string, rows = this.rows): Tensor {
    return this.#own({ ...vectorTensor(name, rows), rows, columns: 1, stride: 1 });
  }

  vector(name: string, elements: number): Tensor {
    return this.#own(vectorTensor(name, elements));
  }

  /** Room for packed operands, of no use after the call; each thread has its own. */
  scratch(name: string, elements: number): Tensor {
    return this.vector(name, elements * this.threads);
  }

  #own(tensor: Tensor): Tensor {
    this.#lifetimes.set(tensor, { tensor, first: LAST, last: -1 });
    return tensor;
  }

  /** Plans the workspace from `base` on and resolves tensors to offsets. */
  finish({ inputs, targets = [], outputs, lasting = [], weighted = false }: Ends, base: number): Program {
    const symbolic = [...this.#calls, ...this.#last];
    const lifetimes = this.#lifetimes;
    const touch = (tensor: Tensor | undefined, at: number) => {
      const item = tensor && lifetimes.get(tensor);
      if (!item) return;
      item.first = Math.min(item.first, at);
      item.last = Math.max(item.last, at);
    };
    for (const tensor of [...inputs, ...targets]) {
      touch(tensor, 0);
      touch(tensor.nonZeros?.starts, 0);
      touch(tensor.nonZeros?.indices, 0);
    }
    symbolic.forEach(({ args }, i) => {
      for (const arg of args) if (typeof arg !== 'number') touch(arg, i);
    });
    const last = [
      ...outputs,
      ...lasting,
      ...(this.keeper?.lasting ?? []),
      ...this.rowGradients.flatMap(({ distinct, gradients }) => [distinct, gradients]),
    ];
    for (const tensor of last) touch(tensor, symbolic.length);
    const end = planWorkspace([...lifetimes.values()], base);
    return {
      mode: this.mode,
      rows: this.rows,
      calls: symbolic.map(({ kernel, args }) => makeCall(kernel, args)),
      symbolic,
      inputs,
      targets,
      weighted,
      outputs,
      kept: this.keeper?.kept ?? [],
      rowGradients: this.rowGradients,
      updates: this.updates,
      update: this.#update,
      workspace: [...lifetimes.keys()],
      end,
      stochastic: symbolic.some(({ args }) => args.includes(this.slots.random)),
      flops: symbolic.reduce((sum, { kernel, args }) => sum + productFlops(kernel, args), 0),
    };
  }
}

const products: Readonly<Record<string, string>> = {
  denseForward: signatures.denseForward,
  denseForwardRelu: signatures.denseForward,
  denseInputGradient: signatures.denseInputGradient,
  denseKernelGradient: signatures.denseKernelGradient,
};

/** The places of a product's sizes among its arguments, by kernel. */
const sizes: Record<string, readonly number[]> = {};

/** Multiplications and additions of a dense product, whose arguments begin at `first`; 0 for other kernels. */
export function productFlops(kernel: string, args: readonly unknown[], first = 0): number {
  const signature = products[kernel];
  if (!signature) return 0;
  sizes[kernel] ??= placesOf(signature, ['rows', 'inputs', 'units']);
  return (sizes[kernel] as readonly number[]).reduce((flops, place) => flops * (args[first + place] as number), 2);
}
