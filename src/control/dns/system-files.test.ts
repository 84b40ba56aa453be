/** What is read from the hosts file and resolv.conf. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { candidatesOf, parseHosts, parseResolvConf } from './system-files.ts'

test('a hosts file names each address once, with comments and zones left out', () => {
  const hosts = parseHosts(
    '127.0.0.1 localhost # me\n::1\tlocalhost ip6\n# 1.2.3.4 no\n10.0.0.1 Box.Test box\nfe80::1%lo0 z\n',
  )
  assert.deepEqual(hosts.get('localhost'), ['127.0.0.1', '::1'])
  assert.deepEqual(hosts.get('box.test'), ['10.0.0.1'])
  assert.equal(hosts.has('no'), false)
  assert.equal(hosts.has('z'), false)
})

test('resolv.conf gives the search list and ndots', () => {
  const text = 'nameserver 10.0.0.1\nsearch a.test. b.test\noptions timeout:1 ndots:5\n'
  assert.deepEqual(parseResolvConf(text), { search: ['a.test', 'b.test'], ndots: 5 })
  assert.deepEqual(parseResolvConf(''), { search: [], ndots: 1 })
  assert.deepEqual(parseResolvConf('domain c.test'), { search: ['c.test'], ndots: 1 })
})

test('the dots of a name decide whether the search list comes first', () => {
  const conf = { search: ['s.test'], ndots: 2 }
  assert.deepEqual(candidatesOf('a.b', conf), ['a.b.s.test', 'a.b'])
  assert.deepEqual(candidatesOf('a.b.c', conf), ['a.b.c', 'a.b.c.s.test'])
  assert.deepEqual(candidatesOf('a.', conf), ['a'])
})
