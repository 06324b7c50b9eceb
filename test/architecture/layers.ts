/*
 * Who may import whom: the table of the architecture page (src/README.md), as data. A file belongs to the first layer
 * whose `files` it starts with. `may` names layers, packages and `node:*`; with `type:` before it, types only. A layer
 * may always import itself.
 */

export interface Layer {
  name: string;
  files: string[];
  may: string[];
}

const server = 'src/server/';
const platform = 'src/workers/platform/';
const systems = ['linux', 'darwin', 'win32'] as const;
const kernel = ['protocol', 'outcome'];
/** What app.ts hands to the domains of the server, and what they may know of the workers. */
const domain = [
  'protocol',
  'outcome',
  'type:context',
  'type:clock',
  'type:log',
  'limits',
  'jsonDepth',
  'type:pool',
  'type:waiter',
  'type:platform',
  'candidates',
  'signalRecord',
  'sharedCount',
  'protection',
  'type:evidence',
  'type:tasks',
  'os',
  'node:*',
];

export const layers: Layer[] = [
  { name: 'publishWriter', files: ['src/protocol/publish/generate.ts', 'src/protocol/publish/files.ts'], may: ['publish', 'node:*'] },
  { name: 'publish', files: ['src/protocol/publish/'], may: ['protocol', 'zod/mini'] },
  { name: 'protocol', files: ['src/protocol/'], may: ['zod/mini'] },
  { name: 'outcome', files: ['src/outcome.ts'], may: ['protocol'] },
  { name: 'clock', files: ['src/clock.ts'], may: ['node:*'] },
  { name: 'log', files: ['src/log.ts'], may: ['pino', 'node:*'] },

  ...systems.map((system) => ({
    name: `native/${system}`,
    files: [`src/native/${system}/`],
    may: ['koffi', 'native', 'native/posix', 'node:*'],
  })),
  { name: 'native/posix', files: ['src/native/posix/'], may: ['koffi', 'native', 'node:*'] },
  { name: 'native', files: ['src/native/'], may: ['koffi', 'node:*'] },

  { name: 'parse', files: [`${platform}parse/`], may: ['type:platform', 'type:protocol'] },
  { name: 'posix', files: [`${platform}posix/`], may: [...kernel, 'type:platform', 'sockets', 'parse', 'native/posix', 'exec', 'node:*'] },
  ...systems.map((system) => ({
    name: `platform/${system}`,
    files: [`${platform}${system}/`],
    may: [
      ...kernel,
      'type:platform',
      'waits',
      'sockets',
      'parse',
      'posix',
      'native',
      'native/posix',
      `native/${system}`,
      'exec',
      'processRef',
      'type:clock',
      'node:*',
    ],
  })),
  {
    name: 'platformChoice',
    files: [`${platform}index.ts`],
    may: [...kernel, 'type:platform', ...systems.map((system) => `platform/${system}`)],
  },
  {
    name: 'waits',
    files: ['waits', 'watchedHandles', 'sharedReading', 'pacedLooks', 'toldProcesses'].map((name) => `${platform}${name}.ts`),
    may: [...kernel, 'type:platform', 'type:clock'],
  },
  { name: 'sockets', files: [`${platform}closingSockets.ts`, `${platform}localAddresses.ts`], may: ['type:platform', 'parse', 'node:*'] },
  { name: 'platform', files: [platform], may: ['protocol'] },

  {
    name: 'tasks',
    files: ['src/workers/tasks/'],
    may: [...kernel, 'type:platform', 'parse', 'candidates', 'processRef', 'signalRecord', 'sharedCount', 'protection', 'evidence'],
  },
  { name: 'evidence', files: ['src/workers/evidence.ts'], may: ['sharedCount', 'node:*'] },
  { name: 'candidates', files: ['src/workers/candidates.ts'], may: [] },
  { name: 'signalRecord', files: ['src/workers/signalRecord.ts'], may: [] },
  { name: 'sharedCount', files: ['src/workers/sharedCount.ts'], may: [] },
  {
    name: 'protection',
    files: ['src/workers/protection.ts', 'src/workers/shellCommand.ts'],
    may: ['type:protocol', 'type:platform', 'type:evidence'],
  },
  { name: 'processRef', files: ['src/workers/processRef.ts'], may: [...kernel, 'type:platform'] },
  { name: 'exec', files: ['src/workers/exec.ts'], may: [...kernel, 'node:*'] },
  { name: 'pool', files: ['src/workers/pool.ts'], may: [...kernel, 'piscina', 'type:clock', 'type:log', 'type:tasks', 'node:*'] },
  { name: 'threadEntry', files: ['src/workers/entry.ts'], may: [...kernel, 'tasks', 'platformChoice', 'type:pool', 'node:*'] },
  // It runs on the event loop’s thread and blocks nothing: the kernel’s readiness comes by a call of its own.
  {
    name: 'waiter',
    files: ['src/workers/waiter.ts'],
    may: [...kernel, 'platform/linux', 'platform/darwin', 'platform/win32', 'clock', 'type:log', 'type:platform', 'node:*'],
  },

  {
    name: 'os',
    files: [`${server}os/`],
    may: [
      ...kernel,
      'native',
      'native/linux',
      'native/darwin',
      'native/win32',
      'native/posix',
      'parse',
      'type:waiter',
      'type:log',
      'type:clock',
      'node:*',
    ],
  },
  { name: 'limits', files: [`${server}transport/limits.ts`], may: ['protocol'] },
  { name: 'jsonDepth', files: [`${server}transport/framing/jsonDepth.ts`], may: [] },
  { name: 'context', files: [`${server}context.ts`], may: ['type:protocol', 'type:clock', 'type:log'] },
  // Downwards only: events and ledger < processes < ports < supervisor < shutdown; instance beside them.
  { name: 'events', files: [`${server}events/`], may: domain },
  { name: 'ledger', files: [`${server}ledger/`], may: domain },
  { name: 'processes', files: [`${server}processes/`], may: [...domain, 'events', 'ledger'] },
  { name: 'ports', files: [`${server}ports/`], may: [...domain, 'events', 'ledger', 'processes'] },
  { name: 'diagnostics', files: [`${server}diagnostics/`], may: domain },
  {
    name: 'metrics',
    files: [`${server}metrics/`],
    may: ['prom-client', 'type:clock', 'type:protocol', 'type:pool', 'type:tasks', 'node:*'],
  },
  { name: 'instance', files: [`${server}instance/`], may: [...domain, 'events', 'ledger'] },
  { name: 'supervisor', files: [`${server}supervisor/`], may: [...domain, 'events', 'ledger', 'ports', 'processes'] },
  { name: 'shutdown', files: [`${server}shutdown/`], may: [...domain, 'events', 'ledger', 'ports', 'processes', 'supervisor', 'instance'] },

  {
    name: 'handlers',
    files: [`${server}handlers/`],
    may: [
      'protocol',
      'limits',
      'type:context',
      'type:clock',
      ...['diagnostics', 'events', 'metrics', 'ports', 'processes', 'instance', 'supervisor', 'shutdown', 'pool'].map(
        (one) => `type:${one}`,
      ),
    ],
  },
  {
    name: 'transport',
    files: [`${server}transport/`],
    may: [...kernel, 'limits', 'jsonDepth', 'vscode-jsonrpc/node', 'type:clock', 'type:log', 'node:*'],
  },
  {
    name: 'rpc',
    files: [`${server}rpc/`],
    may: [...kernel, 'limits', 'transport', 'vscode-jsonrpc/node', 'type:context', 'type:clock', 'type:log', 'node:*'],
  },
  { name: 'config', files: [`${server}config.ts`], may: ['log', 'type:protocol', 'type:log', 'node:*'] },
  {
    name: 'app',
    files: [`${server}app.ts`, `${server}composition/`],
    may: [
      ...domain.map((one) => one.replace('type:', '')),
      ...[
        'events',
        'ledger',
        'diagnostics',
        'metrics',
        'ports',
        'processes',
        'instance',
        'supervisor',
        'shutdown',
        'handlers',
        'transport',
        'rpc',
        'type:config',
        'platformChoice',
      ],
    ],
  },
  { name: 'logSink', files: [`${server}logSink.ts`], may: ['type:config', 'clock', 'os', 'node:*'] },
  {
    name: 'main',
    files: [`${server}main.ts`],
    may: ['app', 'builtFiles', 'os', 'logSink', 'config', 'log', 'clock', 'transport', 'shutdown', 'package.json', 'node:*'],
  },
  {
    name: 'run',
    files: [`${server}run/`],
    may: [...domain.map((one) => one.replace('type:', '')), 'builtFiles', 'app', 'ledger', 'processes', 'supervisor'],
  },
  { name: 'builtFiles', files: [`${server}builtFiles.ts`], may: [] },
  { name: 'bin', files: ['src/bin.ts'], may: ['main', 'run', 'cli', 'node:*'] },

  { name: 'cli', files: ['clients/cli/'], may: ['clients', 'typescriptClient', 'type:protocol', 'package.json', 'node:*'] },
  { name: 'typescriptClient', files: ['clients/typescript/'], may: ['clients', 'type:protocol', 'node:*'] },
  { name: 'examples', files: ['clients/examples/'], may: ['sidewarden/client', 'electron', 'vscode', 'node:*'] },
  { name: 'clients', files: ['clients/'], may: ['node:*'] },
];

/**
 * What has one home. `of` is a package, or a global as readModule names it; a name that ends in `.` stands for all that
 * begin so. `homes` are the files, or folders, that may have it.
 */
export interface SingleHome {
  of: string[];
  homes: string[];
}

/** These hold for src/; a client has its own stdout and exit. */
export const singleHomes: SingleHome[] = [
  { of: ['piscina'], homes: ['src/workers/pool.ts'] },
  { of: ['koffi', 'createRequire'], homes: ['src/native/koffi.ts'] },
  { of: ['pino'], homes: ['src/log.ts'] },
  { of: ['prom-client'], homes: ['src/server/metrics/exposition.ts'] },
  { of: ['vscode-jsonrpc', 'vscode-jsonrpc/node'], homes: ['src/server/transport/', 'src/server/rpc/'] },
  { of: ['zod'], homes: [] },
  { of: ['zod/mini'], homes: ['src/protocol/'] },
  { of: ['process.exit', 'process.abort', 'process.reallyExit'], homes: ['src/server/main.ts', 'src/server/run/main.ts'] },
  // Both put something else in its place, so that nothing but the wire reaches it.
  {
    of: ['process.stdout', 'console', 'node:console'],
    homes: ['src/server/transport/stdio.ts', 'src/server/transport/output.ts', 'src/workers/entry.ts'],
  },
  // main.ts reads it once and hands it to config.ts, which is tested with any other.
  { of: ['process.env'], homes: ['src/server/config.ts', 'src/server/main.ts', 'src/server/run/main.ts'] },
  {
    of: ['setTimeout', 'setInterval', 'node:timers', 'node:timers/promises', 'Date.now', 'AbortSignal.timeout', 'Atomics.wait'],
    homes: ['src/clock.ts', 'src/workers/exec.ts', 'src/workers/waiter.ts', 'src/workers/tasks/standstill.ts'],
  },
  { of: ['process.platform'], homes: ['src/server/main.ts', 'src/server/run/main.ts'] },
];

/** Longer than this, a file has two ideas; nobody reads generated ones from top to bottom. */
export const mostLines = 300;
export const mayBeLonger: string[] = ['clients/typescript/generated/'];
