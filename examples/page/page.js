// Trains a network on two spirals, and draws what it expects at every place of the plane after each epoch.
import { adam, auto, dense, matrix, sequential } from 'myelin';

const GRID = 64; // places in each direction at which the network is asked
const find = (selector) => document.querySelector(selector);
const [canvas, button, choice, output] = ['canvas', '#train', '#class', 'output'].map(find);
const context = canvas.getContext('2d');
const heat = /** @type {OffscreenCanvasRenderingContext2D} */ (new OffscreenCanvas(GRID, GRID).getContext('2d'));

/** Points of two spirals, with coordinates from -1 to 1. */
const points = Array.from({ length: 200 }, (_, i) => {
  const [label, turn] = [i % 2, 0.1 + (0.85 * i) / 200];
  const angle = 9 * turn + Math.PI * label;
  return { x: turn * Math.cos(angle), y: turn * Math.sin(angle), label };
});
const places = matrix(
  Float32Array.from({ length: 2 * GRID * GRID }, (_, i) => {
    const place = i >> 1;
    return (((i % 2 ? Math.floor(place / GRID) : place % GRID) + 0.5) / GRID) * 2 - 1;
  }),
  GRID * GRID,
  2,
);

const model = sequential({
  layers: [
    dense({ units: 32, activation: 'relu', inputShape: 2 }),
    dense({ units: 32, activation: 'relu' }),
    dense({ units: 1, activation: 'sigmoid' }),
  ],
  seed: 1,
  backend: await auto(),
}).compile({ optimizer: adam({ learningRate: 0.01 }), loss: 'binaryCrossentropy', metrics: ['accuracy'] });

const image = heat.createImageData(GRID, GRID);
function draw() {
  // From blue, the first class, through white to orange, the second.
  model.predict(places).data.forEach((chance, i) => {
    const [strength, end] = [Math.abs(2 * chance - 1), chance < 0.5 ? [120, 170, 255] : [255, 180, 90]];
    image.data.set([...end.map((value) => 255 + (value - 255) * strength), 255], 4 * i);
  });
  heat.putImageData(image, 0, 0);
  context.drawImage(heat.canvas, 0, 0, canvas.width, canvas.height);
  for (const { x, y, label } of points) {
    context.beginPath();
    context.arc(((x + 1) / 2) * canvas.width, ((y + 1) / 2) * canvas.height, 5, 0, 2 * Math.PI);
    context.fillStyle = label ? '#b35900' : '#0b4fb3';
    context.fill();
    context.strokeStyle = '#fff';
    context.stroke();
  }
}

let training = false;
button.onclick = async () => {
  if (training) {
    model.stopTraining = true;
    return;
  }
  training = true;
  button.textContent = 'Stop';
  const x = points.map((point) => [point.x, point.y]);
  const y = points.map(({ label }) => label);
  /** @type {import('myelin').Callback} */
  const show = {
    async onEpochEnd(epoch, { loss, accuracy }) {
      output.value = `Epoch ${epoch + 1}: loss ${loss.toFixed(4)}, ${(100 * accuracy).toFixed(0)}% of the points are right.`;
      draw();
      await new Promise(requestAnimationFrame); // an epoch takes less than a millisecond: wait, so that each can be seen
    },
  };
  await model.fit(x, y, { epochs: 500, callbacks: [show], lint: false });
  training = false;
  button.textContent = 'Train';
};

let added = 0;
choice.onclick = () => {
  added = 1 - added;
  choice.textContent = `New points are ${added ? 'orange' : 'blue'}`;
};
canvas.onclick = ({ offsetX, offsetY }) => {
  points.push({ x: (2 * offsetX) / canvas.clientWidth - 1, y: (2 * offsetY) / canvas.clientHeight - 1, label: added });
  draw();
};
draw();
