/**
 * ask-issuer — one question over HTTP to an issuer, answered by a JSON object of bounded size in bounded time.
 *
 * Redirects are not followed: where keys come from is configured, or said by who is configured.
 */
import type { Agent } from 'undici'
import type { Machine } from '../../contract/plugin.ts'
import { type Members, readJsonObject } from '../../identity/jose/strict-json.ts'

const BODY_BYTES_MAX = 512 * 1024
const HEAD_BYTES_MAX = 16 * 1024
const CONNECTIONS_MAX = 16
const USER_AGENT = 'sluice'

export interface Question {
  readonly url: string
  /** A form to POST; null: GET. */
  readonly form: string | null
  readonly authorization: string | null
  readonly limitMs: number
  readonly verifiesTls: boolean
}

/** Rejects with what the operator should know; it names the URL, and no secret. */
export type Ask = (question: Question) => Promise<Members>

type Undici = typeof import('undici')

const agents = new Map<boolean, Agent>()

function agentFor(verifiesTls: boolean, undici: Undici): Agent {
  let agent = agents.get(verifiesTls)
  if (agent === undefined) {
    const connect = { rejectUnauthorized: verifiesTls }
    agent = new undici.Agent({
      connections: CONNECTIONS_MAX,
      pipelining: 1,
      maxHeaderSize: HEAD_BYTES_MAX,
      connect,
    })
    agents.set(verifiesTls, agent)
  }
  return agent
}

export function makeAsk(machine: Machine): Ask {
  return async (question) => {
    const late = new AbortController()
    const callOff = machine.later(question.limitMs, () => {
      late.abort(new Error(`no answer within ${question.limitMs} ms`))
    })
    try {
      return await ask(question, late.signal)
    } catch (cause) {
      throw new Error(`${question.url}: ${reasonOf(cause)}`, { cause })
    } finally {
      callOff()
    }
  }
}

async function ask(question: Question, signal: AbortSignal): Promise<Members> {
  // Loaded only here: most gateways have no such issuer.
  const undici = await import('undici')
  const { statusCode, body } = await undici.request(question.url, {
    dispatcher: agentFor(question.verifiesTls, undici),
    method: question.form === null ? 'GET' : 'POST',
    headers: headersOf(question),
    body: question.form,
    signal,
  })
  const bytes = await readBody(body)
  if (statusCode !== 200) throw new Error(`it answered ${statusCode}`)
  const object = readJsonObject(bytes, bytes.length)
  if (typeof object === 'string') throw new Error('the answer is no JSON object')
  return object
}

function headersOf({ form, authorization }: Question): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json', 'user-agent': USER_AGENT }
  if (form !== null) headers['content-type'] = 'application/x-www-form-urlencoded'
  if (authorization !== null) headers['authorization'] = authorization
  return headers
}

async function readBody(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    // Leaving the loop ends the connection.
    if (length > BODY_BYTES_MAX) throw new Error(`the answer has more than ${BODY_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return cause.message === '' ? cause.name : cause.message
}
