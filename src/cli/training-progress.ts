import type { Callback } from '../callbacks/interfaces.js';
import type { Design } from '../data/tabular/design.js';
import { spreadOf } from './spread.js';
import { short } from './terminal.js';

/** Epochs that are told of where lines are not written over. */
const TOLD = 5;

/**
 * Returns one line for all networks, which train by turns: the means of those that trained in an epoch, once the last of
 * them has. `line` gets it after each epoch, `say` after a few of them.
 */
export function progressOf(say: (text: string) => void, line: (text: string) => void) {
  let epochOf = -1;
  let losses: number[] = [];
  let held: number[] = [];
  return (member: number, design: Pick<Design, 'members' | 'epochs' | 'moreEpochs'>): readonly Callback[] => [
    {
      onEpochEnd(epoch, logs) {
        if (epoch !== epochOf) [epochOf, losses, held] = [epoch, [], []];
        losses.push(logs.loss ?? Number.NaN);
        held.push(logs.valLoss ?? Number.NaN);
        const { members, epochs, moreEpochs } = design;
        if (member !== members - 1) return;
        const more = epoch >= epochs;
        const until = more ? epochs + moreEpochs : epochs;
        const text = `epoch ${epoch + 1} of ${until}  ${figures(losses, held)}`;
        line(text);
        const stride = Math.ceil((more ? moreEpochs : epochs) / TOLD);
        const done = more ? epoch + 1 - epochs : epoch + 1;
        if (epoch + 1 === until || done % stride === 0) say(text);
      },
    },
  ];
}

function figures(losses: readonly number[], held: readonly number[]): string {
  if (losses.length === 1) return `loss ${short(losses[0]!)}  validation ${short(held[0]!)}`;
  const column = (values: readonly number[]) => spreadOf(values.map((value) => [value]));
  const [trained, left] = [column(losses), column(held)];
  const text = ([value]: readonly (number | null)[]) => short(value ?? Number.NaN, 3);
  const range = `${text(left.low)} to ${text(left.high)}`;
  return `loss ${text(trained.mean)}  validation ${text(left.mean)} (${range}, ${losses.length} networks)`;
}
