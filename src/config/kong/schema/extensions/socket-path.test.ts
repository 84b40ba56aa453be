/** Sockets of this machine as hosts and targets: what is taken, and what is said of the rest. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { normalTarget, serviceHostRule, targetRule } from '../hosts.ts'

test('an absolute path behind unix: is a host of a service and a target, and stays as it is', () => {
  for (const rule of [serviceHostRule, targetRule]) assert.equal(rule('unix:/run/app.sock'), null)
  assert.equal(normalTarget('unix:/run/app.sock'), 'unix:/run/app.sock')
  assert.equal(normalTarget('unix:/run/app.sock:80'), 'unix:/run/app.sock:80')
  assert.equal(serviceHostRule('unix'), null)
})

test('a path that no socket can have is refused with the reason', () => {
  const cases = [
    ['unix:run/app.sock', /absolute path/],
    ['unix:', /absolute path/],
    ['unix:/run/', /directory/],
    ['unix:/run/a b', /without spaces/],
    ['unix:/run/a\n', /without spaces/],
    [`unix:/${'a'.repeat(107)}`, /108 bytes, and the system allows 107/],
  ] as const
  for (const [text, says] of cases)
    for (const rule of [serviceHostRule, targetRule]) assert.match(rule(text) ?? 'taken', says, text)
})
