/** Each package the project stands on is pinned, has a reason, and is imported only where it is declared. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertNone } from './assert-none.ts'
import { importsOf, read, readPackage, sources } from './tree.ts'

const manifest = readPackage()
const declared = [
  ...Object.keys(manifest.dependencies),
  ...Object.keys(manifest.peerDependencies),
  ...Object.keys(manifest.optionalDependencies),
  ...Object.keys(manifest.devDependencies),
]

test('every dependency has its line in docs/dependencies.md, and no line is left over', () => {
  const rows = [...read('docs/dependencies.md').matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]!)
  assert.deepEqual([...rows].sort(), [...new Set(declared)].sort())
})

test('every dependency is pinned to one version', () => {
  const pinned = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.devDependencies }
  for (const [name, version] of Object.entries(pinned))
    assert.match(version, /^(?:npm:@?[\w./-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/, name)
})

test('what is shipped imports only packages that are installed with it', () => {
  const shipped = new Set([...Object.keys(manifest.dependencies), ...Object.keys(manifest.peerDependencies)])
  const wrong: string[] = []
  for (const path of sources({ tests: false })) {
    if (!/^(?:src|native-free)\//.test(path)) continue
    for (const name of importsOf(path))
      if (isPackage(name) && !shipped.has(packageOf(name))) wrong.push(`${path}: ${name}`)
  }
  assertNone(wrong)
})

function isPackage(name: string): boolean {
  return !name.startsWith('node:') && !name.endsWith('.ts')
}

function packageOf(name: string): string {
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/')
}
