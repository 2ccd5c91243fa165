interface Item {
  readonly value: unknown;
  readonly taken: (goOn: boolean) => void;
}

/**
 * Returns a generator of the values that a call puts, one at a time: `put` resolves when the next is wanted, or to false
 * where none is.
 * @throws what the call rejects with.
 */
export async function* pulled(
  call: (put: (value: unknown) => Promise<boolean>) => Promise<unknown>,
): AsyncGenerator<unknown, void, undefined> {
  const items: Item[] = [];
  let over: { readonly error?: unknown } | undefined;
  let wake = () => {};
  const end = (outcome: { readonly error?: unknown }) => {
    over = outcome;
    wake();
  };
  const put = (value: unknown) =>
    new Promise<boolean>((taken) => {
      items.push({ value, taken });
      wake();
    });
  call(put).then(
    () => end({}),
    (error: unknown) => end({ error }),
  );
  let item: Item | undefined;
  try {
    for (;;) {
      while (items.length === 0 && !over) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      item = items.shift();
      if (!item) break;
      yield item.value;
      item.taken(true);
    }
    if (over && 'error' in over) throw over.error;
  } finally {
    item?.taken(false);
    for (const { taken } of items) taken(false);
  }
}
