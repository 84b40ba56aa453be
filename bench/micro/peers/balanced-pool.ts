/** The choice of undici's BalancedPool as a case of the balancer's bench. Nothing is connected to. */
import { createRequire } from 'node:module'
import { BalancedPool, type Dispatcher } from 'undici'
import type { Case } from '../frame/bench.ts'

const require = createRequire(import.meta.url)
// npm asks for it.
const { version } = require('undici/package.json') as { version: string }
// The choice has a private name. It is stable within the version that package.json pins.
const { kGetDispatcher } = require('undici/lib/dispatcher/pool-base.js') as { kGetDispatcher: symbol }

interface Chooser {
  [choice: symbol]: () => Dispatcher | undefined
}

export function openBalancedPool(count: number): Case {
  const origins = Array.from({ length: count }, (_, i) => `http://10.0.${i >> 8}.${i & 255}`)
  const pool = new BalancedPool(origins)
  const chooser = pool as unknown as Chooser // see kGetDispatcher
  const run = (times: number): number => {
    let chosen = 0
    for (let i = 0; i < times; i++) if (chooser[kGetDispatcher]!() !== undefined) chosen++
    if (chosen !== times) throw new Error('a pool was not chosen')
    return chosen
  }
  return { name: `undici's BalancedPool, ${count} origins`, peer: version, run, close: () => pool.destroy() }
}
