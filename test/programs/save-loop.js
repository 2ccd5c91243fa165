// Saves two models in turn until it is killed. Arguments: the folder, in which a.safetensors and b.safetensors lie.
import { load, save, typescript } from '../../build/index.js';

const folder = process.argv[2];
const models = await Promise.all(
  ['a', 'b'].map((name) => load(`${folder}/${name}.safetensors`, { backend: typescript() })),
);
process.send('ready');
for (let i = 0; ; i++) await save(models[i % 2], `${folder}/model.safetensors`);
