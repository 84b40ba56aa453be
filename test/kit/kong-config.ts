/** Small configurations for tests, written as objects. JSON is YAML, so their text is a valid kong.yml. */

type Fields = Readonly<Record<string, unknown>>

export interface KongConfig {
  readonly services?: readonly Fields[]
  readonly routes?: readonly Fields[]
  readonly upstreams?: readonly Fields[]
  readonly plugins?: readonly Fields[]
  readonly consumers?: readonly Fields[]
  readonly certificates?: readonly Fields[]
  readonly ca_certificates?: readonly Fields[]
}

export function kongYml(config: KongConfig): string {
  return JSON.stringify({ _format_version: '3.0', ...config }, null, 2)
}

/** Everything goes to one port of 127.0.0.1; `service` and `route` fields on top. */
export function catchAll(port: number, service: Fields = {}, route: Fields = {}): string {
  const routes = [{ name: 'all', paths: ['/'], strip_path: false, ...route }]
  return kongYml({
    services: [{ name: 'target', host: '127.0.0.1', port, protocol: 'http', ...service, routes }],
  })
}
