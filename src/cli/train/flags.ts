import type { TabularOptions } from '../../data/index.js';
import type { CheckpointEvery } from '../../data/tabular/pauses.js';
import { say, sayOver } from '../console.js';
import type { ReadFlags } from '../read-flags.js';
import { quoted } from '../terminal.js';

export interface TrainFlags extends ReadFlags, Omit<TabularOptions, 'target' | 'preprocess' | 'backend'> {
  readonly target: string;
  readonly out: string;
  readonly test?: string;
  readonly testShare?: number;
  /** The path of a page with curves and tables to write; default: none. */
  readonly report?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** A checkpoint that an interrupted run left. */
  readonly resume?: string;
  readonly checkpointEvery?: CheckpointEvery;
}

/** Returns the path of the checkpoint from which an interrupted run can be resumed. */
export const checkpointOf = ({ out }: TrainFlags) => `${out}.checkpoint`;

/** Returns this command as a line for a shell. */
export const commandGiven = () => ['npx myelin', ...process.argv.slice(2).map(quoted)].join(' ');

/** Returns the command that resumes this one, as a line for a shell. */
export function commandToResume(checkpoint: string): string {
  const given = process.argv.slice(2);
  const kept = given.filter((text, i) => !/^--resume(=|$)/.test(text) && given[i - 1] !== '--resume');
  return ['npx myelin', ...[...kept, '--resume', checkpoint].map(quoted)].join(' ');
}

/** Writes progress to standard error: lines, and on a terminal one line that is overwritten. */
export interface Talk {
  readonly terminal: boolean;
  tell(text: string): void;
  /** Replaces the line on a terminal; elsewhere does nothing. */
  line(text: string): void;
  /** Ends the line that is written over. */
  endLine(): void;
}

export function talkOf({ json = false, quiet = false }: TrainFlags): Talk {
  const silent = json || quiet;
  const { stderr } = process;
  const terminal = stderr.isTTY === true && !silent;
  const width = stderr.columns || 80;
  return {
    terminal,
    tell: (text) => {
      if (!silent) say(text);
    },
    line: (text) => {
      if (terminal) sayOver(text, width);
    },
    endLine: () => {
      if (terminal) stderr.write('\n');
    },
  };
}
