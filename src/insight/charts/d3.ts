// A module of its own, which builds replace by what they bundle of the packages.
export { nice, ticks } from 'd3-array';
export { format, precisionFixed } from 'd3-format';
