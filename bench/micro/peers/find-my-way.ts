/** find-my-way as a case of the router's bench. */
import { createRequire } from 'node:module'
import findMyWay from 'find-my-way'
import type { Case } from '../frame/bench.ts'

// npm asks for it.
const { version } = createRequire(import.meta.url)('find-my-way/package.json') as { version: string }

export interface FindMyWayAsk {
  readonly routes: readonly string[]
  readonly asked: readonly string[]
  readonly isFound: boolean
  /** By code made of the routes in place of a walk through its tree. */
  readonly compiled: boolean
}

export interface FindMyWayCase extends Case {
  /** As `run`: all routes, so many times over. */
  build(times: number): number
}

export function openFindMyWay(ask: FindMyWayAsk): FindMyWayCase {
  const { asked, isFound, compiled } = ask
  const router = build(ask.routes)
  if (compiled) router.compile()
  for (const path of asked)
    if ((router.find('GET', path) !== null) !== isFound)
      throw new Error(`find-my-way: ${path} should be ${isFound}`)
  return {
    name: compiled ? 'find-my-way, compiled' : 'find-my-way',
    peer: version,
    run: (times) => {
      let found = 0
      for (let i = 0; i < times; i++) if (router.find('GET', asked[i % asked.length]!) !== null) found++
      return found
    },
    build: (times) => {
      let built = 0
      for (let i = 0; i < times; i++) if (build(ask.routes) !== undefined) built++
      return built
    },
  }
}

function build(routes: readonly string[]) {
  const router = findMyWay()
  for (const path of routes) router.on('GET', path, () => {})
  return router
}
