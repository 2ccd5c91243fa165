import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasFirefox, hasWebKit, openFirefox, openWebKit } from '../support/webdriver.js';

// What other tests take for granted of the two: what a page found is read under a strict policy as well.
describe.each([
  ['Firefox', hasFirefox, openFirefox, true],
  ['WebKitGTK', hasWebKit, openWebKit, false],
] as const)('%s', (_, has, open, sharesMemory) => {
  let server: Server;

  beforeAll(async () => {
    server = createServer((request, response) => {
      response.setHeader('content-security-policy', "script-src 'self'");
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
      const script = 'setTimeout(() => { window.result = [crossOriginIsolated, "SharedArrayBuffer" in window]; }, 50);';
      const isScript = request.url === '/page.js';
      response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
      response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterAll(() => server.close());

  test.skipIf(!has)('is driven', async () => {
    const browser = await open();
    try {
      await browser.open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      expect(await browser.waitFor('window.result')).toEqual([true, sharesMemory]);
    } finally {
      await browser.close();
    }
  });
});
