import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchUtilityProcess, Sidecar, type UtilityProcess } from '../../clients/typescript/index.ts';
import { defaultLaunch, type Surroundings, wayOf } from '../../clients/typescript/launch/default.ts';
import { sidecarFile, unpacked } from '../../clients/typescript/launch/files.ts';
import { fusedBinary, readRunAsNodeFuse } from '../../clients/typescript/launch/fuses.ts';
import { onLinux } from '../harness/only.ts';
import { until } from '../harness/until.ts';

/*
 * How the sidecar is started in what surrounds us. Electron is a fake `process`, files with fuses in them, and a fake utilityProcess
 * that starts a real sidecar: its binary is not part of these tests.
 */

let directory: string;
const fused = (name: string) => join(directory, name);
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'sidewarden-launch-'));
  const filler = Buffer.alloc(5_000_000, 7);
  const wire = (fuses: string) =>
    Buffer.concat([Buffer.from('dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'), Buffer.from([1, fuses.length]), Buffer.from(fuses)]);
  writeFileSync(fused('on'), Buffer.concat([filler, wire('101100010'), filler]));
  writeFileSync(fused('off'), Buffer.concat([filler, wire('001100010')]));
  writeFileSync(fused('removed'), Buffer.concat([wire('r01100010'), filler]));
  writeFileSync(fused('none'), filler);
  writeFileSync(fused('cut'), Buffer.concat([filler, wire('').subarray(0, 33)]));
  // Over the end of what is read at once.
  for (const before of [4_194_303, 4_194_304 - 34, 4_194_304 - 20]) {
    writeFileSync(fused(`off behind ${before}`), Buffer.concat([Buffer.alloc(before), wire('00')]));
  }
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const env = { HOME: '/home/ada' };
const node = { versions: { node: '24.1.0' }, execPath: '/usr/bin/node', env, platform: 'linux' };
const electron = (over: Partial<Surroundings> = {}): Surroundings => ({
  versions: { node: '22.14.0', electron: '35.0.0' },
  execPath: fused('on'),
  env,
  platform: 'linux',
  type: 'browser',
  ...over,
});
const asNode = (execPath: string) => ({ kind: 'node', node: execPath, env: { ...env, ELECTRON_RUN_AS_NODE: '1' } });

describe('what runs the sidecar', () => {
  test('is our own Node.js', async () => {
    expect(await wayOf(node)).toEqual({ kind: 'node', node: '/usr/bin/node' });
  });

  test('is Electron as Node.js, and not the app a second time', async () => {
    expect(await wayOf(electron())).toEqual(asNode(fused('on')));
  });

  test.each(['off', 'removed', 'none', 'absent'])('is a utility process, where the fuse runAsNode is %s', async (fuse) => {
    expect(await wayOf(electron({ execPath: fused(fuse) }))).toEqual({ kind: 'utilityProcess' });
  });

  test("is, in an editor's extension host, that program as Node.js", async () => {
    // The desktop's is a utility process, an older one and a remote one run as Node.js.
    expect(await wayOf(electron({ type: 'utility' }))).toEqual(asNode(fused('on')));
    expect(await wayOf(electron({ type: undefined, execPath: '/usr/share/code/code' }))).toEqual(asNode('/usr/share/code/code'));
    expect(await wayOf({ ...node, execPath: '/srv/editor-server/node' })).toEqual({ kind: 'node', node: '/srv/editor-server/node' });
  });

  test.each(['off', 'none'])('is nothing in a utility process of an app whose fuse is %s, which is said', async (fuse) => {
    await expect(wayOf(electron({ type: 'utility', execPath: fused(fuse) }))).rejects.toThrow(
      'only its main process has utilityProcess: start the sidecar there',
    );
  });

  test.each(['20.18.0', '22.11.0'])('is not the Node.js %s of an old Electron, which is said', async (version) => {
    await expect(wayOf(electron({ versions: { node: version, electron: '30.0.0' } }))).rejects.toThrow(
      `Electron 30.0.0 brings Node.js ${version}, and the sidecar needs 22.12`,
    );
  });
});

test.each(['18.20.4', '22.11.0'])('an old Node.js %s is said to be too old', async (version) => {
  await expect(wayOf({ ...node, versions: { node: version } })).rejects.toThrow(
    `This is Node.js ${version}, and the sidecar needs 22.12: run it on a newer one, or use launchNode({ node }) with another Node.js.`,
  );
});

describe('a fuse', () => {
  test.each([
    ['on', 'on'],
    ['off', 'off'],
    ['removed', 'off'],
    ['none', 'unknown'],
    ['cut', 'unknown'],
    ['absent', 'unknown'],
    ['off behind 4194303', 'off'],
    ['off behind 4194270', 'off'],
    ['off behind 4194284', 'off'],
  ])('of the binary "%s" is %s', async (name, expected) => {
    expect(await readRunAsNodeFuse(fused(name))).toBe(expected);
  });

  test('stands in the framework on macOS, for the app and its helpers', () => {
    const framework = '/Applications/My App.app/Contents/Frameworks/Electron Framework.framework/Electron Framework';
    expect(fusedBinary('/Applications/My App.app/Contents/MacOS/My App', 'darwin')).toBe(framework);
    expect(fusedBinary('/Applications/My App.app/Contents/Frameworks/My App Helper.app/Contents/MacOS/My App Helper', 'darwin')).toBe(
      framework,
    );
    expect(fusedBinary('/opt/my.app/app', 'linux')).toBe('/opt/my.app/app');
  });
});

describe("the sidecar's own file", () => {
  test.each([
    [
      '/opt/app/resources/app.asar/node_modules/sidewarden/dist/bin.js',
      '/opt/app/resources/app.asar.unpacked/node_modules/sidewarden/dist/bin.js',
    ],
    ['C:\\app\\app.asar\\dist\\bin.js', 'C:\\app\\app.asar.unpacked\\dist\\bin.js'],
    ['/opt/app.asar.unpacked/dist/bin.js', '/opt/app.asar.unpacked/dist/bin.js'],
    ['/srv/app/dist/bin.js', '/srv/app/dist/bin.js'],
  ])('%s is run as %s', (path, expected) => {
    expect(unpacked(path)).toBe(expected);
  });

  test('lies beside us, or, where a bundler has moved us, among the unpacked packages of the Electron app', () => {
    const resources = join(directory, 'resources');
    const dist = join(resources, 'app.asar.unpacked', 'node_modules', 'sidewarden', 'dist');
    mkdirSync(dist, { recursive: true });
    writeFileSync(join(dist, 'bin.js'), '');
    const inside = `file://${resources}/app.asar/node_modules/sidewarden/dist/client.js`;
    const bundled = `file://${resources}/app.asar/main.js`;
    for (const here of [inside, bundled, '']) expect(sidecarFile(here, resources)).toBe(join(dist, 'bin.js'));
    expect(sidecarFile()).toMatch(/src\/bin\.ts$/);
  });

  test('that is nowhere is asked for in a sentence', () => {
    expect(() => sidecarFile('file:///srv/bundle/main.js', undefined)).toThrow(
      "The sidecar's own file is not where it is looked for (/srv/bundle/bin.js): ship the package sidewarden",
    );
    expect(() => sidecarFile('', undefined)).toThrow('a bundler has taken away where we are');
  });
});

onLinux(describe)('a utility process', () => {
  const stateOf = (name: string) => ({ appId: `launch.test.${name}`, options: { stateDir: directory } });

  test('is a sidecar that connects to a socket of ours, dies, is started anew, and ends', async () => {
    const fake = fakeUtilityProcess();
    const launch = defaultLaunch(electron({ execPath: fused('off') }), fake);
    const sidecar = await Sidecar.spawn({ ...stateOf('utility'), launch });
    expect(sidecar.server.hostWatch).not.toBe('none');
    expect(existsSync(fake.forks[0]?.door as string)).toBe(false);
    const echo = 'ü'.repeat(500_000);
    expect(await sidecar.sidecar.ping({ echo })).toMatchObject({ echo });
    let restarts = 0;
    sidecar.on('restarted', () => {
      restarts += 1;
    });
    process.kill(sidecar.pid, 'SIGKILL');
    await until(() => restarts === 1, 'its restart');
    expect(await sidecar.sidecar.ping({ echo: 1 })).toMatchObject({ echo: 1 });
    expect(await sidecar.close()).toMatchObject({ ok: true });
    expect(fake.forks).toMatchObject([
      { code: null, killed: false },
      { code: 0, killed: false },
    ]);
  });

  test('that ends before it connects is told with its last words', async () => {
    const file = join(directory, 'broken.cjs');
    writeFileSync(file, `process.stderr.write('no such option'); process.exitCode = 9;`);
    const spawning = Sidecar.spawn({ ...stateOf('broken'), launch: launchUtilityProcess({ utilityProcess: fakeUtilityProcess(), file }) });
    await expect(spawning).rejects.toMatchObject({
      kind: 'Disconnected',
      message: expect.stringMatching(/could not be started: it has ended \(exit code 9\) before it connected .* no such option$/),
    });
  });

  test('that connects and says nothing is not left running', async () => {
    const file = join(directory, 'silent.cjs');
    writeFileSync(
      file,
      `require('node:net').connect(process.argv[2].replace('--pipe=', '')).on('error', () => {}); setInterval(() => {}, 1000);`,
    );
    const fake = fakeUtilityProcess();
    const spawning = Sidecar.spawn({
      ...stateOf('silent'),
      launch: launchUtilityProcess({ utilityProcess: fake, file }),
      startTimeoutMs: 500,
    });
    await expect(spawning).rejects.toMatchObject({ message: expect.stringMatching(/did not answer initialize within 500 ms/) });
    expect(fake.forks).toMatchObject([{ killed: true }]);
  });

  test('is not to be had outside Electron, which is said', async () => {
    await expect(Sidecar.spawn({ ...stateOf('none'), launch: launchUtilityProcess() })).rejects.toMatchObject({
      kind: 'Disconnected',
      message: 'The sidecar could not be started: There is no utilityProcess here: this is not Electron.',
    });
  });
});

interface Fork {
  /** The path of the socket that it was told. */
  door: string;
  code: number | null | undefined;
  killed: boolean;
}

/** What Electron's does, with a plain child: no stdin, a pid once it runs, `kill()` that asks first. */
function fakeUtilityProcess(): UtilityProcess & { forks: Fork[] } {
  const forks: Fork[] = [];
  return {
    forks,
    fork(path, args = [], options = {}) {
      const child = spawn(process.execPath, [path, ...args], { stdio: options.stdio ?? 'inherit', env: options.env });
      const fork: Fork = { door: args[0]?.replace('--pipe=', '') ?? '', code: undefined, killed: false };
      forks.push(fork);
      const events = new EventEmitter();
      child.on('exit', (code) => {
        fork.code = code;
        events.emit('exit', code ?? 1);
      });
      return Object.assign(events, {
        get pid() {
          return child.exitCode === null && child.signalCode === null ? child.pid : undefined;
        },
        stderr: child.stderr,
        kill() {
          fork.killed = true;
          return child.kill();
        },
      });
    },
  };
}
