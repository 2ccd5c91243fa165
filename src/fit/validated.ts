import type { Callback } from '../callbacks/interfaces.js';
import { internalsOf } from '../engine/internals.js';
import { INFERENCE_ROWS } from '../engine/training-plan.js';
import { copyRows } from '../program/copy.js';
import type { Tensor } from '../program/plan.js';
import { link, run } from '../program/run.js';

/** Keeps what validation predicts of its rows, which `predict` would compute once more to the same bits. */
export class Validated {
  /** The outputs of all rows, once validation has ended. */
  outputs = new Float32Array(0);

  constructor(
    private readonly rows: number,
    private readonly columns: number,
  ) {}

  readonly callback: Callback = {
    onTestBegin: () => {
      // The outputs of the epoch before may still be compared.
      this.outputs = new Float32Array(this.rows * this.columns);
    },
    onTestBatchEnd: (batch, _, model) => {
      const { engine } = internalsOf(model);
      const first = batch * INFERENCE_ROWS;
      const rows = Math.min(INFERENCE_ROWS, this.rows - first);
      const program = engine.program('validate', rows);
      const output = program.outputs[0] as Tensor;
      const { offset, stride } = output;
      const { columns } = this;
      // The loss has computed its softmax along with itself, and left the logits.
      if (engine.training.targets[0]?.objective.fuses === 'softmax') {
        const [whole, backend] = engine.withBackend(program);
        const kernel = 'softmaxForward';
        const symbolic = [{ kernel, args: [output, output, rows, columns, stride] }] as const;
        run(link({ ...whole, calls: [[kernel, offset, offset, rows, columns, stride]], symbolic }, backend));
      }
      copyRows(engine.heap, offset, stride, this.outputs, first * columns, columns, rows, columns);
    },
  };
}
