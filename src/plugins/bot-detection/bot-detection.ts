/**
 * bot-detection — refuses programs that say of themselves that they are robots.
 *
 * It keeps away who is honest: a User-Agent is what a client says it is, and no more.
 *
 * HOT     `onRequest` runs once a request. Patterns are looked at once a User-Agent, and then remembered.
 */
import { faults } from '../../base/faults.ts'
import { refuse } from '../../contract/answer.ts'
import type { Exchange } from '../../contract/exchange.ts'
import { DONE, definePlugin, type Handler, NEXT, type Verdict } from '../../contract/plugin.ts'
import { type Infer, s } from '../../contract/schema.ts'
import { findRow } from '../../http1/fields.ts'
import { STRIDE } from '../../http1/head.ts'
import { isKnownBot } from './known-bots.ts'
import { type AgentPattern, makePatterns, patternRule } from './patterns.ts'
import { SeenAgents } from './seen-agents.ts'

const pattern = s.string({ custom: patternRule })

const schema = s.record({
  allow: s.array(pattern, {
    default: [],
    says: 'Regular expressions (RE2). A User-Agent that has one passes, whatever else it has.',
  }),
  deny: s.array(pattern, {
    default: [],
    says: 'Regular expressions (RE2). A User-Agent that has one is refused, in addition to the known robots.',
  }),
})

type Config = Infer<typeof schema>

export default definePlugin({
  name: 'bot-detection',
  summary: 'Refuses robots by their User-Agent.',
  priority: 2500, // before anything is asked or counted
  schema,
  build: (config) => new BotDetection(config),
})

class BotDetection implements Handler {
  readonly #allow: readonly AgentPattern[]
  readonly #deny: readonly AgentPattern[]
  readonly #seen: SeenAgents

  constructor(config: Config) {
    this.#allow = makePatterns(config.allow)
    this.#deny = makePatterns(config.deny)
    this.#seen = new SeenAgents()
  }

  onRequest(x: Exchange): Verdict {
    const head = x.request
    const row = findRow(head, 'user-agent', 0)
    if (row < 0) return NEXT
    if (findRow(head, 'user-agent', row + 1) >= 0) {
      refuse(x, faults.FORBIDDEN, 400, 'Only one User-Agent header allowed')
      return DONE
    }
    const at = row * STRIDE
    const agent = head.bytes.latin1Slice(head.spans[at + 2]!, head.spans[at + 3]!)
    let isRefused = this.#seen.get(agent)
    if (isRefused === undefined) {
      isRefused = this.#judge(Buffer.from(agent, 'latin1').toString('utf8'))
      this.#seen.set(agent, isRefused)
    }
    if (!isRefused) return NEXT
    x.fault = faults.FORBIDDEN
    return DONE
  }

  #judge(agent: string): boolean {
    for (let i = 0; i < this.#allow.length; i++) if (this.#allow[i]!.test(agent)) return false
    for (let i = 0; i < this.#deny.length; i++) if (this.#deny[i]!.test(agent)) return true
    return isKnownBot(agent)
  }
}
