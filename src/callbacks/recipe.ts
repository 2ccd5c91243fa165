import type { Callback } from './interfaces.js';

/** Describes how to make a callback anew: its factory's name and arguments. Spreading a callback loses it. */
export interface Recipe {
  readonly name: string;
  readonly args: readonly unknown[];
  /** Its state lasts from one `fit` to the next, so that one made anew is to be given it. */
  readonly lasts?: boolean;
}

const RECIPE = Symbol('recipe');

/** Notes how the callback was made, so that a worker can have one like it next to its model. */
export function withRecipe<C extends Callback>(callback: C, recipe: Recipe): C {
  return Object.defineProperty(callback, RECIPE, { value: recipe });
}

export function recipeOf(callback: object): Recipe | undefined {
  return (callback as { [RECIPE]?: Recipe })[RECIPE];
}
