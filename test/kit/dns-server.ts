/** dns-server — a name server on a UDP port of the loopback that answers, fails, stalls and changes on order. */
import { createSocket, type RemoteInfo } from 'node:dgram'
import { once } from 'node:events'

export type DnsType = 'A' | 'AAAA' | 'SRV'

export interface SrvData {
  readonly priority: number
  readonly weight: number
  readonly port: number
  readonly name: string
}

export interface DnsServer {
  /** "ip:port", as dns_resolver takes it. */
  readonly address: string
  /** Questions received so far, as "A name". */
  readonly asked: readonly string[]
  /** Replaces the records of one type of a name. A name with none of any type does not exist. */
  set(name: string, type: DnsType, ttlS: number, records: readonly (string | SrvData)[]): void
  /** From now on: 'answer', 'fail' with SERVFAIL, or 'stall' and say nothing. */
  behave(mode: 'answer' | 'fail' | 'stall'): void
  close(): Promise<void>
}

const TYPES: Readonly<Record<DnsType, number>> = { A: 1, AAAA: 28, SRV: 33 }
const HEADER_BYTES = 12
const NO_ERROR = 0
const SERVER_FAILURE = 2
const NAME_ERROR = 3
/** A pointer to the question's name. */
const SAME_NAME = Buffer.from([0xc0, HEADER_BYTES])

interface RecordSet {
  readonly ttlS: number
  readonly data: readonly Buffer[]
}

export async function openDnsServer(): Promise<DnsServer> {
  const zone = new Map<string, Map<number, RecordSet>>()
  const asked: string[] = []
  let mode: 'answer' | 'fail' | 'stall' = 'answer'
  const socket = createSocket('udp4')
  socket.on('message', (message: Buffer, from: RemoteInfo) => {
    const question = readQuestion(message)
    asked.push(`${nameOfType(question.type)} ${question.name}`)
    if (mode === 'stall') return
    const types = zone.get(question.name.toLowerCase())
    const records = types?.get(question.type) ?? { ttlS: 0, data: [] }
    const code = mode === 'fail' ? SERVER_FAILURE : types === undefined ? NAME_ERROR : NO_ERROR
    const answer = writeAnswer(message, question, code, code === NO_ERROR ? records : { ttlS: 0, data: [] })
    socket.send(answer, from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    set(name, type, ttlS, records) {
      const types = zone.get(name.toLowerCase()) ?? new Map<number, RecordSet>()
      zone.set(name.toLowerCase(), types)
      if (records.length === 0) types.delete(TYPES[type])
      else types.set(TYPES[type], { ttlS, data: records.map((record) => encode(type, record)) })
      if (types.size === 0) zone.delete(name.toLowerCase())
    },
    behave(next) {
      mode = next
    },
    async close() {
      socket.close()
      await once(socket, 'close')
    },
  }
}

interface Question {
  readonly name: string
  readonly type: number
  /** Where the question ends in the message. */
  readonly end: number
}

function readQuestion(message: Buffer): Question {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = message[at]!; length !== 0; length = message[at]!) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.'), type: message.readUInt16BE(at + 1), end: at + 5 }
}

function writeAnswer(message: Buffer, question: Question, code: number, records: RecordSet): Buffer {
  const head = Buffer.from(message.subarray(0, question.end))
  // A response, recursion desired and available (RFC 1035 §4.1.1).
  head.writeUInt16BE(0x8180 | code, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.data.length, 6)
  head.writeUInt32BE(0, 8)
  const lines = records.data.map((data) => {
    const fixed = Buffer.alloc(10)
    fixed.writeUInt16BE(question.type, 0)
    fixed.writeUInt16BE(1, 2)
    fixed.writeUInt32BE(records.ttlS, 4)
    fixed.writeUInt16BE(data.length, 8)
    return Buffer.concat([SAME_NAME, fixed, data])
  })
  return Buffer.concat([head, ...lines])
}

function encode(type: DnsType, record: string | SrvData): Buffer {
  if (typeof record !== 'string') {
    const fixed = Buffer.alloc(6)
    fixed.writeUInt16BE(record.priority, 0)
    fixed.writeUInt16BE(record.weight, 2)
    fixed.writeUInt16BE(record.port, 4)
    return Buffer.concat([fixed, encodeName(record.name)])
  }
  return type === 'A' ? Buffer.from(record.split('.').map(Number)) : encodeIpv6(record)
}

function encodeName(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  return Buffer.concat([...labels, Buffer.from([0])])
}

function encodeIpv6(text: string): Buffer {
  const [left = '', right] = text.split('::')
  const before = left === '' ? [] : left.split(':')
  const after = right === undefined || right === '' ? [] : right.split(':')
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0')
  const bytes = Buffer.alloc(16)
  for (const [i, group] of [...before, ...zeros, ...after].entries())
    bytes.writeUInt16BE(Number(`0x${group}`), i * 2)
  return bytes
}

function nameOfType(type: number): string {
  return Object.entries(TYPES).find(([, number]) => number === type)?.[0] ?? String(type)
}
