/** What `sluice bench` takes, and what makes no sense. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readUrlOptions } from './options.ts'

test('a URL alone is enough', () => {
  const { body, ...rest } = readUrlOptions(['https://shop.test:8443/a?b=c#d'])
  assert.equal(body.length, 0)
  assert.deepEqual(rest, {
    urls: ['https://shop.test:8443/a?b=c'],
    rate: 0,
    connections: 64,
    seconds: 5,
    rounds: 3,
    method: 'GET',
    fields: {},
    json: '',
  })
})

test('fields are given as to curl, options before or behind the URLs', () => {
  const words = [
    '-H',
    'Host: a.test',
    'http://b.test',
    '--header',
    'X-Empty:',
    'http://c.test',
    '--rate',
    '10',
  ]
  const { urls, fields, rate } = readUrlOptions(words)
  assert.deepEqual(urls, ['http://b.test/', 'http://c.test/'])
  assert.deepEqual(fields, { Host: 'a.test', 'X-Empty': '' })
  assert.equal(rate, 10)
})

test('a body makes it a POST unless a method is named', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-options-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'body')
  writeFileSync(file, 'text')
  const { method, body } = readUrlOptions(['http://a.test', '--body', file])
  assert.deepEqual([method, body.toString()], ['POST', 'text'])
  assert.equal(readUrlOptions(['http://a.test', '--body', file, '--method', 'PUT']).method, 'PUT')
})

test('what makes no sense is refused with a sentence, before any load', (t) => {
  t.mock.method(process.stderr, 'write', () => true)
  const nonsense: Record<string, RegExp> = {
    '': /missing required argument/,
    shop: /not an http or https URL/,
    'ftp://a.test': /not an http or https URL/,
    'http://a.test --rate 0': /from 1 to 1000000/,
    'http://a.test --rate 1000001': /from 1 to 1000000/,
    'http://a.test --seconds 3601': /from 1 to 3600/,
    'http://a.test --connections none': /whole number/,
    'http://a.test --header plain': /Name: value/,
    'http://a.test --header Content-Length:5': /belongs to the load generator/,
    'http://a.test --header X-Name:é': /in ASCII/,
    'http://a.test -H X-One:1 -H x-one:2': /x-one is there already/,
    'http://user:secret@a.test': /belong into a field/,
    'http://user@a.test': /belong into a field/,
    'http://a.test --method get': /no method/,
    'http://a.test --body /nowhere/at/all': /ENOENT/,
    'http://a.test --fast': /unknown option/,
  }
  for (const [words, said] of Object.entries(nonsense))
    assert.throws(() => readUrlOptions(words.split(' ').filter(Boolean)), said, words)
})
