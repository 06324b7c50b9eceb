/* `npm run bench`: builds, then measures side by side what docs/benchmarks.md reports. */
import './build.ts';

const { main } = await import('../test/bench/main.ts');
await main(process.argv.slice(2));
