/** The part of http-proxy's interface that the bench uses; the package has no types. */
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http'

  interface Options {
    target: string
    agent: Agent
    xfwd: boolean
  }
  interface Proxy {
    web(
      request: IncomingMessage,
      response: ServerResponse,
      options: object,
      failed: (cause: Error) => void,
    ): void
  }
  const httpProxy: { createProxyServer(options: Options): Proxy }
  export default httpProxy
}
