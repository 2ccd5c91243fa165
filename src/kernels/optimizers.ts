import type { Arithmetic } from './arithmetic.js';
import type { Twins } from './contract.js';

type Family = Pick<Twins, 'sgd' | 'sgdMomentum' | 'adam'>;

export function optimizers(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;
  const SMALL = f(1e-15);
  const TINY = f(1e-33);

  return {
    sgd(h, w, g, n, rate, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = f(-h[rate]! * scale);
      for (let i = 0; i < n; i++) h[w + i] = f(h[g + i]! * step) + h[w + i]!;
    },

    sgdMomentum(h, w, g, v, n, rate, factor, momentum, nesterov) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = -h[rate]!;
      const mu = f(momentum);
      for (let i = 0; i < n; i++) {
        const gradient = f(h[g + i]! * scale);
        let velocity = f(f(h[v + i]! * mu) + gradient);
        velocity = Math.abs(velocity) < TINY ? 0 : velocity;
        const direction = nesterov ? f(f(velocity * mu) + gradient) : velocity;
        h[v + i] = velocity;
        h[w + i] = f(direction * step) + h[w + i]!;
      }
    },

    adam(h, w, g, m, v, n, step, correction, factor, beta1, beta2, epsilon) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const rate = -h[step]!;
      const unbias = h[correction]!;
      const b1 = f(beta1);
      const c1 = f(1 - beta1);
      const b2 = f(beta2);
      const c2 = f(1 - beta2);
      const eps = f(epsilon);
      for (let i = 0; i < n; i++) {
        let gradient = f(h[g + i]! * scale);
        gradient = Math.abs(gradient) < SMALL ? 0 : gradient;
        let m1 = f(f(h[m + i]! * b1) + f(gradient * c1));
        m1 = Math.abs(m1) < TINY ? 0 : m1;
        let v1 = f(f(h[v + i]! * b2) + f(f(gradient * gradient) * c2));
        v1 = Math.abs(v1) < TINY ? 0 : v1;
        const divisor = f(f(f(Math.sqrt(v1)) * unbias) + eps);
        h[m + i] = m1;
        h[v + i] = v1;
        h[w + i] = f(f(m1 / divisor) * rate) + h[w + i]!;
      }
    },
  };
}
