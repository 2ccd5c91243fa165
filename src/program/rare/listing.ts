import type { Program } from '../emitter.js';
import type { Tensor } from '../plan.js';

/** Returns a program as text: its tensors, then a call a line with tensors by name. */
export function formatProgram(program: Program): string {
  const shape = (t: Tensor) => `${t.rows}x${t.columns}${t.stride === t.columns ? '' : ` (stride ${t.stride})`}`;
  const lines = [`program ${program.mode}, ${program.rows} ${program.rows === 1 ? 'row' : 'rows'}`];
  for (const t of program.workspace) lines.push(`  %${t.name}: ${shape(t)} at ${t.offset}`);
  for (const { kernel, args } of program.symbolic) {
    lines.push(`  ${kernel} ${args.map((arg) => (typeof arg === 'number' ? arg : `%${arg.name}`)).join(' ')}`);
  }
  return lines.join('\n');
}
