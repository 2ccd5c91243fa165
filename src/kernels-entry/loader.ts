// A module of its own, which builds replace by what they bundle of the package.
export { instantiate, instantiateStreaming } from '@assemblyscript/loader';
