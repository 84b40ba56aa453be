/** Writes docs/config.md from the table of variables. */
import { groups } from './env.ts'
import { withoutEffect } from './env-kong.ts'
import type { Variable } from './env-row.ts'

const OPENING = `# Settings

Everything that is not routes, services and plugins is set by environment variables. This page is
made from the table in \`src/config/env.ts\` by \`npm run gen\`; change it there.

Each name below is written with \`SLUICE_\` in front: \`SLUICE_PROXY_LISTEN=0.0.0.0:80\`. Names are
Kong's wherever Kong has the setting, and the same name with \`KONG_\` in front counts where the
\`SLUICE_\` one is absent, so the environment of an existing deployment works as it is. An empty
value means "not set".

- An unknown \`SLUICE_\` name stops the start and names the one that was likely meant: a typo must
  not become a default.
- An unknown \`KONG_\` name is said once in the log and passed over.
- All problems are told in one run. \`sluice check\` tells them without starting.
- Variables are read once, at the start. A reload (\`SIGHUP\`) reads the configuration file again,
  not the environment: a process can't be given new variables. To change a setting, restart.
`

const KONG_ONLY = `## Kong's settings without effect

These are accepted with \`KONG_\` in front so that an existing environment starts. What they tune
does not exist here (nginx, Lua, a database, the manager) or is not built yet (certificates of the
admin and status listeners, error templates). Each one that is set to something other than
Kong's way of saying "off" is named once in the log.
`

export function renderEnvironmentDocs(): string {
  const parts = [OPENING]
  for (const [title, rows] of Object.entries(groups)) parts.push(section(title, Object.values(rows)))
  const names = [...withoutEffect].sort().map((name) => `\`${name}\``)
  parts.push(`${KONG_ONLY}\n${names.join(', ')}\n`)
  return parts.join('\n')
}

function section(title: string, rows: readonly Variable<unknown>[]): string {
  const lines = [`## ${title}`, '', '| name | default | what it does | written as |', '|---|---|---|---|']
  for (const variable of rows) {
    const also = variable.aliases.map((alias) => `\`${alias}\``).join(', ')
    const name = also === '' ? `\`${variable.name}\`` : `\`${variable.name}\` (also ${also})`
    const fallback = variable.fallback === '' ? '' : `\`${variable.fallback}\``
    const written = variable.kind.says.replaceAll('|', '\\|')
    lines.push(`| ${name} | ${fallback} | ${variable.says} | ${written} |`)
  }
  return `${lines.join('\n')}\n`
}
