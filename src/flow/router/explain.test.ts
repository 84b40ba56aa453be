/** What an operator reads when a request goes where they did not expect. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeAsking, makeRouteInput } from '../../../test/kit/routing.ts'
import { explainRoutes } from './explain.ts'

test('every route says, in order of precedence, why it is or is not the one', () => {
  const routes = [
    makeRouteInput({ id: 'root', paths: ['/'] }),
    makeRouteInput({ id: 'host', hosts: ['b.com', '*.c.com:81'], paths: ['/'], methods: ['GET'] }),
    makeRouteInput({ id: 'header', headers: { v: ['1'] }, paths: ['/'], methods: ['GET'] }),
    makeRouteInput({ id: 'sni', snis: ['d.com'], paths: ['/'], methods: ['GET'] }),
    makeRouteInput({ id: 'post', paths: ['/'], methods: ['POST'] }),
    makeRouteInput({ id: 'paths', paths: ['/x', '~/y$', '/a'] }),
  ]
  const x = makeAsking({ host: 'a.com', path: '/abc', scheme: 'https', sni: 'a.com' })
  const rows = explainRoutes(routes, 'traditional_compatible', x)
  assert.deepEqual(
    rows.map(({ route, matched, reason, rank }) => [rank, route.id, matched, reason]),
    [
      [0, 'header', false, 'path /: header v has none of the values asked for'],
      [1, 'host', false, 'path /: host a.com port 443 is not among b.com, *.c.com:81'],
      [2, 'sni', false, 'path /: SNI a.com is not among d.com'],
      [3, 'post', false, 'path /: method GET is not among POST'],
      [4, 'paths', false, 'path ~/y$: the path /abc does not match it'],
      [5, 'paths', false, 'path /x: the path /abc does not begin with it'],
      [6, 'paths', true, 'path /a: serves the request'],
      [7, 'root', true, 'path /: fits too, but rank 6 goes before'],
    ],
  )
})
