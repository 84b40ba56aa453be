/** Words and names that must not be in the project. */
import { posix } from 'node:path'
import { test } from 'node:test'
import { assertNone } from './assert-none.ts'
import { filesUnder, read } from './tree.ts'

const OWN = 'test/tidy/words.test.ts'
const TEXT =
  /\.(?:ts|js|mjs|json|md|ya?ml|sh|env|toml|case|service|conf)$|^(?:\.ci\/run|Dockerfile|\.gitignore)$/

const banned: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\b(?:TODO|FIXME|XXX|HACK)\b/, 'do it, or write it down where work is planned'],
  [/\butils?\b(?![:/.']|-linux)/, 'name what it does'],
  [/(?:^|[\s'"`(=])\/(?:work|root|home\/\w+)\//, 'no path of one machine'],
  [/\/tmp\/(?:bash|brief)/, 'no path of one machine'],
  [
    /\b(?:this|that|another|an earlier|a later|previous|next) session\b/i,
    'the project does not tell how it is made',
  ],
  [/\b(?:the brief|the lead|other helpers?|a helper's|sub-?agents?|my task)\b/i, 'the same'],
  [/\b(?:issue|ticket|PR|pull request) #?\d+/i, 'say the rule, not where it was talked about'],
  [/\bwe (?:were|have been) asked to\b|\bclient (?:asked|wants) us\b/i, 'the same'],
  [
    /https?:\/\/(?!registry\.npmjs\.org)[\w.-]*(?:registry|npm-proxy|artifactory|nexus|verdaccio)[\w.-]*/,
    'no registry',
  ],
]

const files = filesUnder('.').filter((path) => TEXT.test(path))

test('no file holds a left-over marker, a path of one machine, or talk about how the project is made', () => {
  const wrong: string[] = []
  for (const path of files) {
    if (path === OWN || path === 'package-lock.json') continue
    for (const [i, line] of read(path).split('\n').entries())
      for (const [pattern, instead] of banned)
        if (pattern.test(line)) wrong.push(`${path}:${i + 1}: ${line.trim()} (${instead})`)
  }
  assertNone(wrong)
})

test('the lock file names no registry but the public one', () => {
  const hosts = [...read('package-lock.json').matchAll(/"resolved": "(https?:\/\/[^/]+)/g)].map(
    (match) => match[1]!,
  )
  assertNone([...new Set(hosts)].filter((host) => host !== 'https://registry.npmjs.org'))
})

test('no file or folder of code is named after nothing in particular', () => {
  const vague = /^(?:index|utils?|helpers?|common|misc|types|shared|lib|stuff|temp)$/
  const wrong = files.filter(
    (path) => path.endsWith('.ts') && path.split('/').some((part) => vague.test(part.replace(/\.ts$/, ''))),
  )
  assertNone(wrong)
})

test('names of code files are in kebab-case', () => {
  const wrong = files.filter(
    (path) =>
      path.endsWith('.ts') &&
      !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.(?:test|bench|d))?\.ts$/.test(posix.basename(path)),
  )
  assertNone(wrong)
})

test('every code file opens with a comment that says what it is', () => {
  const wrong = files.filter(
    (path) => path.endsWith('.ts') && !/^(?:#!.*\n)?\/\*\*[\s*]+\S.{10,}/.test(read(path)),
  )
  assertNone(wrong)
})
