// This is a module of its own because builds replace it by what they bundle of the packages.
export { nice, ticks } from 'd3-array';
export { format, precisionFixed } from 'd3-format';
