/** Stands for both services: says which one it is, and who the gateway says is asking. */
import { createServer } from 'node:http'

for (const [name, port] of [
  ['user-service', 9101],
  ['product-service', 9102],
])
  createServer((request, response) => {
    const { 'x-consumer-username': who = 'nobody', apikey } = request.headers
    const key = apikey === undefined ? '' : ', with a key'
    response.end(`${name}: ${request.method} ${request.url} for ${who}${key}\n`)
  }).listen(port, '127.0.0.1')
