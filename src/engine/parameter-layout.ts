import { BLOCK_SIZE } from '../kernels/lib/update.js';
import type { NetworkNode } from '../program/network.js';
import type { Parameter, UpdateGroup } from '../program/parameter.js';
import { Arena, align, rangeTensor, type Tensor, vectorTensor } from '../program/plan.js';
import { type ActivityPenalty, PENALTY_KINDS, type PenaltyGroup, type Training } from '../program/training.js';

/** Tables lie apart from the flat parameters: a step touches few of their rows. */
export const isTable = ({ layout }: Parameter) => layout === 'table';

/**
 * Returns the trainable parameters in the order in which they lie side by side, without tables: those of one learning rate
 * together; of these kernels, then vectors, each by the strengths of their penalties.
 */
function flatOrder(parameters: readonly Parameter[]): readonly Parameter[] {
  const rank = ({ layout }: Parameter) => (layout === 'panels' ? 0 : 1);
  return parameters
    .filter((parameter) => parameter.trainable && !isTable(parameter))
    .sort(
      (a, b) =>
        b.learningRateMultiplier - a.learningRateMultiplier ||
        rank(a) - rank(b) ||
        b.penalty.l2 - a.penalty.l2 ||
        b.penalty.l1 - a.penalty.l1,
    );
}

const end = ({ offset, size }: Tensor) => offset + size;

/** Places the trainable parameters side by side, as one flat vector, then all others; returns the vector and where the last one
 * ends, always the same. */
export function placeParameters(
  parameters: readonly Parameter[],
  first: number,
): { flatParameters: Tensor; end: number } {
  const arena = new Arena(first);
  for (const { value } of flatOrder(parameters)) arena.take(value);
  const flatParameters = rangeTensor('parameters', first, arena.end);
  for (const parameter of parameters) if (!parameter.trainable || isTable(parameter)) arena.take(parameter.value);
  return { flatParameters, end: arena.end };
}

/** Groups of parameters with one learning rate each, and room for the numbers of their steps. */
export function updateGroups(
  parameters: readonly Parameter[],
  flatParameters: Tensor,
  gradients: Tensor,
  states: readonly Tensor[],
  arena: Arena,
  blockSize = BLOCK_SIZE,
): readonly UpdateGroup[] {
  const ordered = flatOrder(parameters);
  const runs: { readonly multiplier: number; readonly members: Parameter[] }[] = [];
  for (const parameter of ordered) {
    const { learningRateMultiplier: multiplier } = parameter;
    if (runs.at(-1)?.multiplier === multiplier) runs.at(-1)?.members.push(parameter);
    else runs.push({ multiplier, members: [parameter] });
  }
  const single = runs.length === 1;
  return runs.map(({ multiplier, members }, i) => {
    const start = (members[0] as Parameter).value.offset;
    const stop = runs[i + 1]?.members[0]?.value.offset ?? end(flatParameters);
    const part = (tensor: Tensor) => {
      const shift = tensor.offset - flatParameters.offset;
      return single ? tensor : rangeTensor(`${tensor.name}.${i}`, start + shift, stop + shift);
    };
    // Kernels come first.
    const kernel = members.findLast(({ layout }) => layout === 'panels');
    const label = (name: string) => (single ? name : `${name}.${i}`);
    const block = arena.take(vectorTensor(label('block'), blockSize));
    return {
      multiplier,
      parameters: part(flatParameters),
      kernels: rangeTensor(label('kernels'), start, kernel ? end(kernel.value) : start),
      gradients: part(gradients),
      states: states.map(part),
      block,
      decay: rangeTensor('decay', end(block) - 1, end(block)),
    };
  });
}

/** Sums are not cut where threads share a step, so that its bits stay; of many parameters several are taken, whatever shares it. */
const NORM_PART = 65_536;
const MOST_PARTS = 16;

/** Room for the norms that the norm of all gradients is made of: those of parts of a long vector, and of each table. */
export function takeNorms(arena: Arena, gradients: Tensor, tables: number): Training['norms'] {
  const { offset, size } = gradients;
  const step = align(Math.max(NORM_PART, Math.ceil(size / MOST_PARTS)));
  const starts = Array.from({ length: Math.ceil(size / step) }, (_, i) => i * step);
  const parts = starts.map((start, i) => {
    return rangeTensor(`gradients.part${i}`, offset + start, offset + Math.min(size, start + step));
  });
  const flat = parts.length > 1 ? parts : [gradients];
  const count = flat.length + tables;
  const all = arena.take(vectorTensor('norms', count > 1 ? count : 0));
  const norms = Array.from({ length: count }, (_, i) => rangeTensor(`norms.${i}`, all.offset + i, all.offset + i + 1));
  return { flat, all, norms };
}

/** Returns runs of neighbours with the same strength of a penalty, those without left out. */
function penaltyRuns(ordered: readonly Parameter[], kind: PenaltyGroup['kind']): readonly (readonly Parameter[])[] {
  const runs: Parameter[][] = [];
  ordered.forEach((parameter, i) => {
    const strength = parameter.penalty[kind];
    if (strength === 0) return;
    if (ordered[i - 1]?.penalty[kind] === strength) runs.at(-1)?.push(parameter);
    else runs.push([parameter]);
  });
  return runs;
}

/** Penalties of trainable parameters; those of frozen ones are constants, and left out as in Keras. */
export function penaltyGroups(
  parameters: readonly Parameter[],
  flatParameters: Tensor,
  gradients: Tensor,
  arena: Arena,
): readonly PenaltyGroup[] {
  return PENALTY_KINDS.flatMap((kind) => {
    return penaltyRuns(flatOrder(parameters), kind).map((members, i) => {
      const [first, last] = [members[0] as Parameter, members.at(-1) as Parameter];
      const values = rangeTensor(`${kind}.${i}`, first.value.offset, end(last.value));
      const from = gradients.offset + values.offset - flatParameters.offset;
      const penalty = arena.take(vectorTensor(`${kind}.${i}.penalty`, 1));
      return {
        kind,
        strength: first.penalty[kind],
        values,
        gradients: rangeTensor(`${kind}.${i}.gradients`, from, from + values.size),
        penalty,
      };
    });
  });
}

export function activityPenalties(nodes: readonly NetworkNode[], arena: Arena): readonly ActivityPenalty[] {
  return nodes.flatMap(({ layer }) => {
    const { name, activityPenalty } = layer;
    return PENALTY_KINDS.flatMap((kind) => {
      const strength = activityPenalty?.[kind] ?? 0;
      return strength > 0 ? [{ kind, strength, layer, penalty: arena.take(vectorTensor(`${name}.${kind}`, 1)) }] : [];
    });
  });
}
