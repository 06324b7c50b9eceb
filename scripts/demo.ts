/* `npm run demo`: builds, then plays a host. */
import './build.ts';

const { main } = await import('../clients/cli/demo.ts');
await main();
