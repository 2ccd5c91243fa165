import * as ort from 'onnxruntime-web/wasm';
import protobuf from 'protobufjs';
import { batchLoss, timeAsyncSteps, Unsupported } from '../steps.js';

ort.env.wasm.numThreads = 1;

// What a network of dense layers needs of onnx.proto.
const { root } = protobuf.parse(
  `
  syntax = "proto3";
  message Attribute { string name = 1; int64 i = 3; int32 type = 20; }
  message Node { repeated string input = 1; repeated string output = 2; string op_type = 4; repeated Attribute attribute = 5; }
  message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; }
  message Dimension { int64 dim_value = 1; }
  message Shape { repeated Dimension dim = 1; }
  message TensorType { int32 elem_type = 1; Shape shape = 2; }
  message Type { TensorType tensor_type = 1; }
  message ValueInfo { string name = 1; Type type = 2; }
  message Graph {
    repeated Node node = 1; string name = 2; repeated Tensor initializer = 5;
    repeated ValueInfo input = 11; repeated ValueInfo output = 12;
  }
  message Opset { string domain = 1; int64 version = 2; }
  message Model { int64 ir_version = 1; Graph graph = 7; repeated Opset opset_import = 8; }
`,
  { keepCase: true },
);
const FLOAT = 1;
const INT = 2;

const describe = (name, ...dims) => ({
  name,
  type: { tensor_type: { elem_type: FLOAT, shape: { dim: dims.map((dim_value) => ({ dim_value })) } } },
});
const tensor = (name, data, ...dims) => ({
  name,
  dims,
  data_type: FLOAT,
  raw_data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
});

/** Bytes of an ONNX file with Gemm and Relu per layer and Softmax at the end. */
function makeModel({ widths, batch }, kernels) {
  const node = [];
  const initializer = [];
  let x = 'x';
  kernels.forEach((kernel, i) => {
    const last = i === kernels.length - 1;
    initializer.push(tensor(`w${i}`, kernel, widths[i], widths[i + 1]));
    initializer.push(tensor(`b${i}`, new Float32Array(widths[i + 1]), widths[i + 1]));
    node.push({ op_type: 'Gemm', input: [x, `w${i}`, `b${i}`], output: [`z${i}`] });
    x = last ? 'y' : `a${i}`;
    node.push({
      op_type: last ? 'Softmax' : 'Relu',
      input: [`z${i}`],
      output: [x],
      attribute: last ? [{ name: 'axis', type: INT, i: 1 }] : [],
    });
  });
  const graph = {
    name: 'net',
    node,
    initializer,
    input: [describe('x', batch, widths[0])],
    output: [describe('y', batch, widths.at(-1))],
  };
  const Model = root.lookupType('Model');
  return Model.encode(Model.create({ ir_version: 8, opset_import: [{ domain: '', version: 17 }], graph })).finish();
}

/** @type {import('../steps.js').Prepare} */
export async function prepare(problem) {
  const { workload, batches, kernels } = problem;
  if (workload.kind !== 'predict') throw new Unsupported('inference only');
  const session = await ort.InferenceSession.create(makeModel(workload, kernels), { executionProviders: ['wasm'] });
  const x = new ort.Tensor('float32', batches[0].x, [workload.batch, workload.widths[0]]);
  let probabilities;
  return {
    differs: [],
    steps: (count) =>
      timeAsyncSteps(count, async () => {
        probabilities = (await session.run({ x })).y.data;
      }),
    loss: () => batchLoss(problem, probabilities),
  };
}
