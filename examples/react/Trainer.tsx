import { adam, dense } from 'myelin';
import { sequential, wasm } from 'myelin/worker';
import { useEffect, useState } from 'react';

interface TrainerProps {
  readonly x: readonly number[][];
  readonly y: readonly number[];
  readonly epochs: number;
}

/** Trains in a worker, and calls back after each epoch. The signal stops it; the worker ends in any case. */
async function train({ x, y, epochs }: TrainerProps, signal: AbortSignal, tell: (epoch: number, loss: number) => void) {
  const network = await sequential({
    layers: [dense({ units: 32, activation: 'tanh', inputShape: 2 }), dense({ units: 1, activation: 'sigmoid' })],
    seed: 1,
    backend: wasm(),
  });
  try {
    const model = await network.compile({
      optimizer: adam({ learningRate: 0.01 }),
      loss: 'binaryCrossentropy',
      metrics: ['accuracy'],
    });
    await model.fit(x, y, {
      epochs,
      signal,
      callbacks: [{ onEpochEnd: (epoch, { loss }) => tell(epoch + 1, loss ?? NaN) }],
    });
    return (await model.evaluate(x, y)).accuracy;
  } finally {
    await network.dispose();
  }
}

/** Trains a network on the rows while it is on the page, and shows how far it is. */
export function Trainer({ x, y, epochs }: TrainerProps) {
  const [state, setState] = useState({ epoch: 0, text: 'Starting a worker ...' });

  useEffect(() => {
    const unmount = new AbortController();
    train({ x, y, epochs }, unmount.signal, (epoch, loss) => {
      setState({ epoch, text: `Epoch ${epoch} of ${epochs}: loss ${loss.toFixed(4)}` });
    }).then(
      (accuracy) =>
        setState({ epoch: epochs, text: `Trained: ${(100 * accuracy).toFixed(0)}% of the rows are right.` }),
      (error) => {
        if (!unmount.signal.aborted) setState({ epoch: 0, text: String(error) });
      },
    );
    return () => unmount.abort();
  }, [x, y, epochs]);

  return (
    <>
      <progress max={epochs} value={state.epoch} aria-label="Training" />
      <p role="status">{state.text}</p>
    </>
  );
}
