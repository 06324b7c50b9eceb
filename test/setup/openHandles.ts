import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect } from 'vitest';

/* After every test file: what it left open in this very process. Registered first, so it runs after the file’s own hooks. */

afterAll(async () => {
  const deadline = performance.now() + 3_000;
  while (listOpen().length > 0 && performance.now() < deadline) await sleep(20);
  expect(listOpen(), 'this file left servers, sockets or child processes open').toEqual([]);
});

/** Servers, UDP sockets and children; timers and pipes are vitest’s own as well, so they say nothing. */
function listOpen(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((resource) => ['TCPServerWrap', 'TCPSocketWrap', 'UDPWrap', 'UDPWRAP', 'ProcessWrap', 'PipeServerWrap'].includes(resource));
}
