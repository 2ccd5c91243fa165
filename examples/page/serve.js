// A web server for the page: this folder, and the files of the package as /myelin/. Any other server of files does as well, with the
// folder `build` of the package copied into this one as `myelin`. Run: npm run build, node examples/page/serve.js [folder of the package]
import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const build = join(process.argv[2] ?? join(here, '../..'), 'build');
const types = { '.html': 'text/html', '.js': 'text/javascript' };

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost'); // without any `..`
  const file = pathname.startsWith('/myelin/') ? join(build, pathname.slice(8)) : join(here, pathname);
  const path = pathname.endsWith('/') ? join(file, 'index.html') : file;
  const stream = createReadStream(path);
  stream.once('error', () => response.writeHead(404).end());
  stream.once('open', () => {
    response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream');
    stream.pipe(response);
  });
});
server.listen(Number(process.env.PORT ?? 8080), '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  console.log(`http://127.0.0.1:${port}/`);
});
