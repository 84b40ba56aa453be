/** Labels of sinks: they say where, hold no credentials, and have an end. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FigureBook, labelOf } from './figures.ts'

const label = (plugin: string, settings: object): string =>
  labelOf({ from: `file:///gateway/plugins/${plugin}/${plugin}.js`, name: 'ship', settings })

test('a label has the plugin and where it ships to, and nothing that gives access', () => {
  const url = 'https://ann:SECRET@logs.test:8443/in/SECRET?key=SECRET#SECRET'
  assert.equal(label('opentelemetry', { url }), 'opentelemetry logs.test:8443')
  const post = { url, headers: { authorization: 'SECRET' } }
  assert.equal(label('http-log', { place: 'https://logs.test:8443', post }), 'http-log logs.test:8443')
  assert.equal(label('http-log', { url: 'https://SECRET:@' }), 'http-log')
  assert.equal(label('tcp-log', { host: 'logs', port: 5000, tls: null }), 'tcp-log logs:5000')
  assert.equal(label('file-log', { path: '/var/log/a.log', reopen: false }), 'file-log /var/log/a.log')
})

test('labels have an end: those behind it share one', () => {
  const book = new FigureBook()
  for (let i = 0; i < 600; i++) book.of(`sink ${i}`).records++
  const all = book.all()
  assert.equal(all.length, 501)
  assert.deepEqual(all.at(-1)?.label, 'others')
  assert.equal(
    all.reduce((sum, { records }) => sum + records, 0),
    600,
  )
})
