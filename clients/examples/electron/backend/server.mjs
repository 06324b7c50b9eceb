import { createServer } from 'node:http';

let saved = 0;
createServer(({ method, url }, response) => {
  if (method === 'POST' && url === '/save') saved += 1;
  response.end(`Notes, saved ${saved} times`);
}).listen(Number(process.env.PORT), '127.0.0.1', () => process.stdout.write('listening\n'));
