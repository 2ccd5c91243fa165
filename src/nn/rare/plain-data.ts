import { ValueError } from '../../errors.js';

/** Returns the error for plain data of what users write themselves, in place of what their functions return. */
export function plainData(argument: string): ValueError {
  return new ValueError({
    argument,
    given: "plain data with the name 'custom'",
    expected: 'what a function such as customOptimizer returns',
    hint: 'compileOptionsFromSpec and modelFromSpec take plain data.',
  });
}

declare module '../../rare.js' {
  interface RareParts {
    readonly plainData: typeof plainData;
  }
}
