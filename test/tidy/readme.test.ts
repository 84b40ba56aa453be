/** The commands a reader copies out of README.md and CONTRIBUTING.md are there to be run. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone } from './assert-none.ts'
import { exists, read, readPackage, sources } from './tree.ts'

const PAGES = ['README.md', 'CONTRIBUTING.md']
const scripts = readPackage().scripts

/** The command lines of a page: the lines of its blocks that call a program of ours, without prompts and comments. */
function commands(page: string): string[] {
  const blocks = [...read(page).matchAll(/^```(?:sh|bash|shell|console)?\n([\s\S]*?)^```/gm)]
  return blocks
    .flatMap((block) => block[1]!.split(/\n|&&/))
    .map((line) =>
      line
        .replace(/^\s*\$ /, '')
        .replace(/\s+#.*$/, '')
        .trim(),
    )
    .filter((line) => /^(?:npm|npx|node|sluice|\.\/|\.ci\/)/.test(line))
}

for (const page of PAGES) {
  test(`every command in ${page} exists`, () => {
    assert.ok(commands(page).length > 0, `${page} shows how to run something`)
    for (const line of commands(page)) assert.equal(problem(line), '', `${page}: ${line}`)
  })
}

test('every link from README.md and CONTRIBUTING.md to a file leads somewhere', () => {
  const dead: string[] = []
  for (const page of PAGES)
    for (const link of read(page).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g))
      if (!exists(link[1]!)) dead.push(`${page}: ${link[1]}`)
  assertNone(dead)
})

function problem(line: string): string {
  const script = /\bnpm (?:run )?(?!ci\b|i\b|install\b|run\b|link\b)([\w:-]+)/.exec(line)?.[1]
  if (script !== undefined && !(script in scripts)) return `package.json has no script ${script}`
  const file = /(?:^|\s)(?:node |\.\/)((?:dist\/|\.ci\/|deploy\/)[\w./-]+)/.exec(line)?.[1]
  if (file !== undefined && !exists(sourceOf(file))) return `${sourceOf(file)} is missing`
  const command = /\bsluice (?!-)([a-z][\w-]*)/.exec(line)?.[1]
  if (command !== undefined && !subcommands().has(command)) return `there is no command sluice ${command}`
  return ''
}

function sourceOf(file: string): string {
  return file.replace(/^dist\/(.*)\.js$/, '$1.ts')
}

/** What the command line declares with `.command('name …')`. */
function subcommands(): Set<string> {
  const cold = sources({ tests: false }).filter((path) => /^src\/(?:main\.ts|boot\/|control\/)/.test(path))
  return new Set(
    cold.flatMap((path) => [...read(path).matchAll(/\.command\('([\w-]+)/g)].map((match) => match[1]!)),
  )
}
