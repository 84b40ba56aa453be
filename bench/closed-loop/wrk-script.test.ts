/** The script that wrk is given. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClosedLoad } from './load-result.ts'
import { luaString, makeWrkScript } from './wrk-script.ts'

const LOAD: ClosedLoad = {
  origin: 'http://127.0.0.1:8000',
  method: 'GET',
  paths: ['/'],
  fields: { Accept: '*/*' },
  upload: 0,
  connections: 1,
  seconds: 1,
}

test('nothing in a value can end the Lua string it stands in', () => {
  assert.equal(luaString('a"b\\c\n]]'), '"a\\034b\\092c\\010\\093\\093"')
})

test('one path is sent without a call into Lua, many are taken in turn', () => {
  const one = makeWrkScript(LOAD)
  assert.match(one, /^wrk\.method = "GET"\nwrk\.headers\["Accept"\] = "\*\/\*"\n/)
  assert.doesNotMatch(one, /request = function/)
  const many = makeWrkScript({ ...LOAD, paths: ['/1', '/2'] })
  assert.match(many, /local paths = \{"\/1", "\/2"\}/)
  assert.match(many, /request = function/)
})

test('a body is filling of a size, or the bytes that are given', () => {
  assert.match(makeWrkScript({ ...LOAD, upload: 16 }), /wrk\.body = string\.rep\("x", 16\)/)
  const body = Buffer.from([0, 255, 65]).toString('base64')
  assert.match(makeWrkScript({ ...LOAD, upload: 3, body }), /wrk\.body = "\\000\\255A"/)
})
