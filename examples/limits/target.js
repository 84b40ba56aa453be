/** A target: says its port, takes 300 ms on port 9114, and ends when it is asked to. */
import { createServer } from 'node:http'

const port = Number(process.argv[2])
const delayMs = port === 9114 ? 300 : 0

createServer((request, response) => {
  if (request.url === '/die') process.exit(0)
  setTimeout(() => response.end(`from ${port}\n`), delayMs)
}).listen(port, '127.0.0.1')
