/** The name of a class: a text, or true and false for the two classes of a yes or no. */
export type ClassName = string | boolean;

/**
 * The names of classes in the order of the output's columns, or for one column those of the classes 0 and 1; of several outputs
 * by the output's name.
 */
export type ClassNames = readonly ClassName[] | Readonly<Record<string, readonly ClassName[]>>;

/** One label for each row, or for an output of several yes or no the labels that a row has. */
export type Labels = readonly ClassName[] | readonly (readonly ClassName[])[];
