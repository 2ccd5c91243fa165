import { checkNumber, checkOptions, ShapeError } from '../../errors.js';
import { cos, exp } from '../../kernels/lib/elementary.js';
import type { Generator } from '../../kernels/lib/philox.js';
import type { Matrix } from '../../matrix.js';
import type { Augmentation } from './augmented.js';

/** Describes how a row holds an image: line by line, with the channels of a pixel together. */
export interface ImageShape {
  /** Lines of the image, in pixels. */
  readonly height: number;
  /** Pixels of a line. */
  readonly width: number;
  /** Numbers of a pixel, such as 3 for red, green and blue; default 1. */
  readonly channels?: number;
}

/** Options of `distort`. Each image draws its own distortion within these bounds. */
export interface DistortOptions extends ImageShape {
  /** Pixels, at most, up, down, left or right; default 0. */
  readonly shift?: number;
  /** Degrees at most, either way; default 0. */
  readonly rotate?: number;
  /** Larger or smaller by this share at most; default 0. */
  readonly scale?: number;
  /**
   * Displacements that differ from place to place: noise smoothed over `sigma` pixels, times `alpha`. Default: none.
   */
  readonly elastic?: {
    /** Multiplies the smoothed noise, in pixels; default 34. */
    readonly alpha?: number;
    /** Standard deviation of the Gaussian that smooths the noise, in pixels; default 4. */
    readonly sigma?: number;
  };
  /** The value of pixels that move in from outside; default 0. */
  readonly fill?: number;
}

interface Shape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

function shapeOf({ height, width, channels = 1 }: ImageShape): Shape {
  checkNumber(height, 'height', { min: 1, integer: true });
  checkNumber(width, 'width', { min: 1, integer: true });
  checkNumber(channels, 'channels', { min: 1, integer: true });
  return { height, width, channels };
}

function checkImages({ columns }: Matrix, { height, width, channels }: Shape): void {
  if (columns === height * width * channels) return;
  throw new ShapeError({
    argument: 'x',
    given: `${columns} columns`,
    expected: `${height} x ${width} x ${channels} = ${height * width * channels}`,
  });
}

/** Returns the weights of a Gaussian to three deviations. */
function gaussian(sigma: number): Float64Array {
  const reach = Math.ceil(3 * sigma);
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    exp(-((i - reach) ** 2) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Smooths along one direction; outside is nothing. */
function smooth(
  from: Float64Array,
  to: Float64Array,
  lines: number,
  length: number,
  weights: Float64Array,
  across: boolean,
): void {
  const reach = (weights.length - 1) / 2;
  const [line, step] = across ? [1, lines] : [length, 1];
  for (let l = 0; l < lines; l++) {
    for (let i = 0; i < length; i++) {
      let sum = 0;
      const first = Math.max(0, i - reach);
      const last = Math.min(length - 1, i + reach);
      for (let j = first; j <= last; j++) sum += weights[j - i + reach]! * from[l * line + j * step]!;
      to[l * line + i * step] = sum;
    }
  }
}

/** Draws displacement fields. */
class Field {
  readonly values: Float64Array;
  readonly #noise: Float64Array;

  constructor(
    private readonly shape: Shape,
    private readonly weights: Float64Array,
    private readonly alpha: number,
  ) {
    this.values = new Float64Array(shape.height * shape.width);
    this.#noise = new Float64Array(this.values.length);
  }

  draw(random: Generator): void {
    const { height, width } = this.shape;
    const { values } = this;
    for (let i = 0; i < values.length; i++) values[i] = this.alpha * (2 * random.uniform() - 1);
    smooth(values, this.#noise, height, width, this.weights, false);
    smooth(this.#noise, values, width, height, this.weights, true);
  }
}

/**
 * Shifts, rotates, scales and bends images that are rows, in one go and with linear interpolation, each drawn anew. Elastic
 * as Simard, Steinkraus and Platt 2003.
 */
export function distort(options: DistortOptions): Augmentation {
  checkOptions(options, ['height', 'width', 'channels', 'shift', 'rotate', 'scale', 'elastic', 'fill'], 'distort');
  const shape = shapeOf(options);
  const { height, width, channels } = shape;
  const shift = checkNumber(options.shift ?? 0, 'shift', { min: 0 });
  const rotate = checkNumber(options.rotate ?? 0, 'rotate', { min: 0, max: 180 });
  const scale = checkNumber(options.scale ?? 0, 'scale', { min: 0, below: 1 });
  const fill = checkNumber(options.fill ?? 0, 'fill');
  let fields: readonly [Field, Field] | undefined;
  if (options.elastic) {
    checkOptions(options.elastic, ['alpha', 'sigma'], 'elastic');
    const alpha = checkNumber(options.elastic.alpha ?? 34, 'elastic.alpha', { min: 0 });
    const weights = gaussian(checkNumber(options.elastic.sigma ?? 4, 'elastic.sigma', { above: 0 }));
    fields = [new Field(shape, weights, alpha), new Field(shape, weights, alpha)];
  }
  const image = new Float32Array(height * width * channels);
  return ({ x }, random) => {
    checkImages(x, shape);
    const either = (most: number) => (most === 0 ? 0 : most * (2 * random.uniform() - 1));
    for (let r = 0; r < x.rows; r++) {
      const row = x.data.subarray(r * image.length, (r + 1) * image.length);
      image.set(row);
      const [down, right] = [either(shift), either(shift)];
      const angle = (either(rotate) * Math.PI) / 180;
      const size = 1 / (1 + either(scale));
      const [c, s] = [cos(angle) * size, (angle === 0 ? 0 : cos(angle - Math.PI / 2)) * size];
      for (const field of fields ?? []) field.draw(random);
      for (let i = 0, pixel = 0; i < height; i++) {
        const v = i - (height - 1) / 2 - down;
        for (let j = 0; j < width; j++, pixel++) {
          const u = j - (width - 1) / 2 - right;
          let from = c * v - s * u + (height - 1) / 2;
          let at = s * v + c * u + (width - 1) / 2;
          if (fields) {
            from += fields[0].values[pixel]!;
            at += fields[1].values[pixel]!;
          }
          sample(image, shape, from, at, fill, row, pixel * channels);
        }
      }
    }
  };
}

/** Writes what lies at a place between pixels. */
function sample(
  image: Float32Array,
  { height, width, channels }: Shape,
  y: number,
  x: number,
  fill: number,
  out: Float32Array,
  to: number,
): void {
  const top = Math.floor(y);
  const left = Math.floor(x);
  const fy = y - top;
  const fx = x - left;
  for (let channel = 0; channel < channels; channel++) {
    const pixel = (i: number, j: number) =>
      i < 0 || j < 0 || i >= height || j >= width ? fill : image[(i * width + j) * channels + channel]!;
    const upper = pixel(top, left) + fx * (pixel(top, left + 1) - pixel(top, left));
    const lower = pixel(top + 1, left) + fx * (pixel(top + 1, left + 1) - pixel(top + 1, left));
    out[to + channel] = upper + fy * (lower - upper);
  }
}

/** Options of `erase`. */
export interface EraseOptions extends ImageShape {
  /** Share of the images; default 0.5. */
  readonly probability?: number;
  /** Height and width of the rectangle at most, as a share of the image's; default 0.4. */
  readonly size?: number;
  /** The value of the pixels in the rectangle; default 0. */
  readonly value?: number;
}

/** Puts a rectangle of one value somewhere into images (Zhong et al. 2017; DeVries and Taylor 2017). */
export function erase(options: EraseOptions): Augmentation {
  checkOptions(options, ['height', 'width', 'channels', 'probability', 'size', 'value'], 'erase');
  const shape = shapeOf(options);
  const { height, width, channels } = shape;
  const probability = checkNumber(options.probability ?? 0.5, 'probability', { min: 0, max: 1 });
  const size = checkNumber(options.size ?? 0.4, 'size', { above: 0, max: 1 });
  const value = checkNumber(options.value ?? 0, 'value');
  return ({ x }, random) => {
    checkImages(x, shape);
    for (let r = 0; r < x.rows; r++) {
      if (random.uniform() >= probability) continue;
      const tall = 1 + random.integer(Math.max(1, Math.round(size * height)));
      const wide = 1 + random.integer(Math.max(1, Math.round(size * width)));
      const top = random.integer(height - tall + 1);
      const left = random.integer(width - wide + 1);
      for (let i = top; i < top + tall; i++) {
        const start = r * x.columns + (i * width + left) * channels;
        x.data.fill(value, start, start + wide * channels);
      }
    }
  };
}
