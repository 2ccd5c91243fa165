// This is a module of its own because builds replace it by what they bundle of the package.
export { instantiate, instantiateStreaming } from '@assemblyscript/loader';
