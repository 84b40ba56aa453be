/**
 * propagation — what it costs a request to have its trace looked for, read and told to the target.
 *
 *     node dist/bench/micro/plugins/propagation.bench.js
 *
 * The first case of `telling` resets the head and reads it anew, as between requests: telling costs what is over it.
 */
import { findRow } from '../../../src/http1/fields.ts'
import { Head, KIND_REQUEST } from '../../../src/http1/head.ts'
import { REQUEST_LIMITS } from '../../../src/http1/limits.ts'
import { EXTRACT_NAMES, type FormatName } from '../../../src/tracing/propagation/format.ts'
import { Propagation } from '../../../src/tracing/propagation/propagation.ts'
import type { SpanIds } from '../../../src/tracing/propagation/trace-context.ts'
import type { Bench, Case } from '../frame/bench.ts'
import { runAlone } from '../frame/run.ts'

/** Ten fields, as a browser sends them, five of which the gateway has no use of its own for. */
const PLAIN =
  'GET /orders HTTP/1.1\r\nHost: api.example.com\r\nUser-Agent: Mozilla/5.0\r\nAccept: */*\r\nCookie: a=b\r\n' +
  'Accept-Encoding: gzip\r\nAccept-Language: en\r\nReferer: https://app.example.com/\r\nX-Client: shop\r\n' +
  'Content-Type: application/json\r\nOrigin: https://app.example.com\r\n'
const TRACE = '463ac35c9f6413ad48485a3953bb6124'
const SPAN = 'a2fb4a1d1a96d312'
const W3C = `traceparent: 00-${TRACE}-${SPAN}-01\r\n`
const B3 = `X-B3-TraceId: ${TRACE}\r\nX-B3-SpanId: ${SPAN}\r\nX-B3-Sampled: 1\r\n`

const IDS: SpanIds = {
  traceId: Buffer.from(TRACE, 'hex'),
  spanId: Buffer.from(SPAN, 'hex'),
  parentId: Buffer.from(SPAN, 'hex'),
  sampled: true,
}

export const bench: Bench = {
  name: 'propagation',
  says: 'what it costs to look for a trace in ten header fields, to read it and to tell the target',
  groups: [
    { name: 'looking', open: openLooking },
    { name: 'telling', open: openTelling },
  ],
}

function openLooking(): Case[] {
  const row = headOf('')
  return [
    {
      name: 'one field by its name, not there',
      run: (times) => {
        let found = 0
        for (let i = 0; i < times; i++) found += findRow(row, 'traceparent', 0)
        return found
      },
    },
    lookCase('all formats, none there', ''),
    lookCase('all formats, traceparent', W3C),
    lookCase('all formats, x-b3-…', B3),
  ]
}

function openTelling(): Case[] {
  return [
    tellCase('the head alone', null, ''),
    tellCase('w3c, none there', 'w3c', ''),
    tellCase('w3c, in place of one', 'w3c', W3C),
    tellCase('b3, none there', 'b3', ''),
    tellCase('datadog, none there', 'datadog', ''),
  ]
}

function headOf(fields: string): Head {
  const bytes = Buffer.from(`${PLAIN}${fields}\r\n`, 'latin1')
  const head = new Head(KIND_REQUEST, REQUEST_LIMITS)
  if (head.feed(bytes, 0, bytes.length) !== bytes.length) throw new Error('a bench with a bad request')
  return head
}

function lookCase(name: string, fields: string): Case {
  const head = headOf(fields)
  const propagation = makePropagation('w3c')
  const run = (times: number) => {
    let found = 0
    for (let i = 0; i < times; i++) if (propagation.extract(head) !== null) found++
    return found
  }
  return { name, run }
}

function tellCase(name: string, format: FormatName | null, fields: string): Case {
  const bytes = Buffer.from(`${PLAIN}${fields}\r\n`, 'latin1')
  const head = new Head(KIND_REQUEST, REQUEST_LIMITS)
  const propagation = format === null ? null : makePropagation(format)
  const run = (times: number) => {
    let added = 0
    for (let i = 0; i < times; i++) {
      head.reset()
      head.feed(bytes, 0, bytes.length)
      if (propagation !== null) propagation.inject(head, IDS, propagation.extract(head))
      added += head.added.length
    }
    return added
  }
  return { name, run }
}

function makePropagation(defaultFormat: FormatName): Propagation {
  return new Propagation({ extract: EXTRACT_NAMES, clear: [], inject: ['preserve'], defaultFormat })
}

await runAlone(bench, import.meta.url)
