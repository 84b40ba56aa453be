/** areas — which part of the gateway a function belongs to, by the file it is in. */

/** Kinds of time, in the order in which a table shows them. */
export const KINDS = [
  'kernel',
  'Node and libuv, native',
  'JavaScript of Node',
  'JavaScript of Sluice',
  'JavaScript of others',
  'V8',
  'other threads',
] as const
export type Kind = (typeof KINDS)[number]

export interface Area {
  readonly kind: Kind
  readonly name: string
}

/** `share` is of the CPU time that is looked at. */
export interface AreaRow extends Area {
  readonly share: number
}

/** Shares of what was counted by area, the most first. */
export class AreaSums {
  readonly #sums = new Map<string, { readonly area: Area; amount: number }>()
  #total = 0

  add(area: Area, amount: number): void {
    const key = `${area.kind}/${area.name}`
    const sum = this.#sums.get(key) ?? { area, amount: 0 }
    sum.amount += amount
    this.#sums.set(key, sum)
    this.#total += amount
  }

  rows(): AreaRow[] {
    const sums = [...this.#sums.values()].sort((a, b) => b.amount - a.amount)
    return sums.map(({ area, amount }) => ({ ...area, share: amount / this.#total }))
  }
}

/** The first that fits counts. */
const FOLDERS: readonly (readonly [prefix: string, name: string])[] = [
  ['native-free/', 'listener'],
  ['src/flow/listener/', 'listener'],
  ['src/http1/', 'codec'],
  ['src/flow/router/', 'router'],
  ['src/flow/chain/', 'chain'],
  ['src/flow/balancer/', 'balancer'],
  ['src/state/', 'shared state'],
  ['src/flow/transport/', 'transport'],
  ['src/flow/response/', 'response'],
  ['src/flow/', 'flow'],
  ['src/socket/', 'gathering and sending'],
  ['src/base/outbox', 'gathering and sending'],
  ['src/base/turn', 'gathering and sending'],
  ['src/base/source-memory', 'gathering and sending'],
  ['src/base/', 'base'],
  ['src/contract/', 'exchange'],
  ['src/limits/', 'limits'],
  ['src/redis/', 'redis'],
  ['src/observe/', 'logs and metrics'],
  ['src/', 'boot and control'],
]

/** `src/http1/head.js` of `file:///…/dist/src/http1/head.js`, and `undici/lib/core.js` of a package. */
export function fileOf(url: string): string {
  const inPackage = /^.*\/node_modules\/((?!sluice\/).+)$/.exec(url)?.[1]
  return inPackage ?? /^.*\/((?:src|native-free|bench)\/.+)$/.exec(url)?.[1] ?? url.replace(/^file:\/\//, '')
}

/** Null for what is in no file: native functions belong to who calls them. */
export function areaOf(url: string): Area | null {
  if (url === '') return null
  if (url.startsWith('node:')) return { kind: 'JavaScript of Node', name: 'streams and timers' }
  const file = fileOf(url)
  const plugin = /^src\/plugins\/([^/]+)\//.exec(file)?.[1]
  if (plugin !== undefined) return { kind: 'JavaScript of Sluice', name: `plugin ${plugin}` }
  const folder = FOLDERS.find(([prefix]) => file.startsWith(prefix))
  if (folder !== undefined) return { kind: 'JavaScript of Sluice', name: folder[1] }
  const isScoped = file.startsWith('@')
  return {
    kind: 'JavaScript of others',
    name:
      file
        .split('/')
        .slice(0, isScoped ? 2 : 1)
        .join('/') || file,
  }
}
