/** Milliseconds that this thread has computed, whoever else has kept it from a core; by the clock where no one tells. */
export function computed(): number;
