/** http-proxy over node:http. Its README: `agent`, for connections that are kept, and `xfwd`, for X-Forwarded-*. */
import http from 'node:http'
import httpProxy from 'http-proxy'
import { inEachWorker, listen, origin, POOL_SIZE } from './gateway-process.ts'

inEachWorker(() => {
  const agent = new http.Agent({ keepAlive: true, maxFreeSockets: POOL_SIZE })
  const proxy = httpProxy.createProxyServer({ target: origin, agent, xfwd: true })
  const server = http.createServer((request, response) =>
    proxy.web(request, response, {}, () => {
      if (response.headersSent) response.destroy()
      else response.writeHead(502).end()
    }),
  )
  listen(server)
})
