/** wrk-script — the Lua script that has wrk send a load's requests, and tell what came of them as JSON. */
import type { ClosedLoad } from './load-result.ts'

/** Stands before the JSON in wrk's output. */
export const MARK = 'result of the load: '

export function makeWrkScript(load: ClosedLoad): string {
  const lines = [`wrk.method = ${luaString(load.method)}`]
  for (const [name, value] of Object.entries(load.fields))
    lines.push(`wrk.headers[${luaString(name)}] = ${luaString(value)}`)
  if (load.body !== undefined)
    lines.push(`wrk.body = ${luaString(Buffer.from(load.body, 'base64').toString('latin1'))}`)
  else if (load.upload > 0) lines.push(`wrk.body = string.rep("x", ${load.upload})`)
  lines.push(...requestLines(load.paths), ...DONE)
  return `${lines.join('\n')}\n`
}

/** One path needs no function: wrk then makes the request once and calls no Lua. */
function requestLines(paths: readonly string[]): string[] {
  if (paths.length === 1) return []
  return [
    `local paths = {${paths.map(luaString).join(', ')}}`,
    'local requests = {}',
    'local last = 0',
    'init = function(args)',
    '  for i, path in ipairs(paths) do requests[i] = wrk.format(nil, path) end',
    'end',
    'request = function()',
    '  last = last % #requests + 1',
    '  return requests[last]',
    'end',
  ]
}

const DONE = [
  'done = function(summary)',
  '  local e = summary.errors',
  `  io.write(string.format('${MARK}{"requests":%d,"us":%d,"errors":%d}\\n', summary.requests, summary.duration,`,
  '    e.connect + e.read + e.write + e.status + e.timeout))',
  'end',
]

/** Every character that is not plain as its number, so that nothing can end the string. */
export function luaString(text: string): string {
  const plain = /[A-Za-z0-9 _.,:;/?&=*+()<>@!'-]/
  let quoted = ''
  for (const char of text)
    quoted += plain.test(char) ? char : `\\${String(char.charCodeAt(0) & 0xff).padStart(3, '0')}`
  return `"${quoted}"`
}
