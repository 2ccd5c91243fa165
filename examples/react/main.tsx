import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Trainer } from './Trainer.js';

const x = Array.from({ length: 400 }, (_, i) => [Math.sin(i * 12.9), Math.cos(i * 4.1)]);
const y = x.map(([a = 0, b = 0]) => (a * b > 0 ? 1 : 0));

function App() {
  const [shown, setShown] = useState(true);
  return (
    <>
      <h1>A network that learns a chessboard</h1>
      <button type="button" onClick={() => setShown(!shown)}>
        {shown ? 'Stop' : 'Train'}
      </button>
      {shown && <Trainer x={x} y={y} epochs={300} />}
    </>
  );
}

createRoot(document.querySelector('#root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
