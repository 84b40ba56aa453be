/** collector — takes traces and throws them away: `node collector.js PORT`. */
import { createServer } from 'node:http'

createServer((request, response) => {
  request.resume()
  request.on('end', () => response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end())
}).listen(Number(process.argv[2]), '127.0.0.1')
