/** `npm run gen`: makes anew what is generated: docs/config.md, and the configuration table in each plugin's README. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../src/boot/machine.ts'
import { loadPlugins } from '../../src/boot/registry.ts'
import { renderEnvironmentDocs } from '../../src/config/env/env-docs.ts'
import { withConfigTable } from './plugin-readme.ts'

const root = packageRoot()

function update(path: string, make: (before: string) => string): void {
  const file = join(root, path)
  const before = readFileSync(file, 'utf8')
  const after = make(before)
  if (after === before) return
  writeFileSync(file, after)
  console.log(`made ${path} anew`)
}

update('docs/config.md', () => renderEnvironmentDocs())
for (const [name, plugin] of await loadPlugins([])) {
  update(`src/plugins/${name}/README.md`, (before) => withConfigTable(before, plugin))
}
