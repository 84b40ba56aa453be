/** Kong's declarative format: plain values in, the model or every reason against it out. */
import type { AnyPlugin } from '../../../contract/plugin.ts'
import type { Value } from '../../../contract/schema.ts'
import type { Config } from '../../model.ts'
import { type Finding, warning } from '../../problems.ts'
import type { RawRecord } from '../schema/entity.ts'
import { assemble } from './assemble.ts'
import { checkValidity, nameCertificates } from './certificate-checks.ts'
import { DraftCheck } from './check-draft.ts'
import {
  checkAuthorities,
  checkFallbacks,
  checkLifetimes,
  checkPluginProtocols,
  checkUdp,
} from './cross-checks.ts'
import { readDocument } from './document.ts'
import { type Draft, Findings } from './draft.ts'
import { flatten } from './flatten.ts'
import { identify } from './identity.ts'
import { References } from './references.ts'
import { checkUniqueness } from './uniqueness.ts'
import { type Environment, openVaults } from './vault.ts'

export interface KongTools {
  readonly environment: Environment
  /** By name. */
  readonly plugins: ReadonlyMap<string, AnyPlugin>
  /** Seconds since 1970. */
  now(): number
  /** `count` random bytes. */
  random(count: number): Uint8Array
}

export interface LoadedKong {
  /** Null when a finding is an error. Its hash is for the caller to set. */
  readonly config: Config | null
  readonly findings: readonly Finding[]
}

export function loadKong(value: Value, tools: KongTools): LoadedKong {
  const findings = new Findings()
  const document = readDocument(value, findings)
  if (document === null) return { config: null, findings: findings.all }
  const drafts = flatten(document, findings)
  const random = (count: number): Uint8Array => tools.random(count)
  identify(drafts)
  for (const draft of drafts) dropOrdering(draft.raw, draft, findings)
  const now = tools.now()
  const check = new DraftCheck({
    findings,
    now,
    references: new References(drafts),
    vaults: openVaults(tools.environment, document.sections.get('vaults') ?? []),
    plugins: tools.plugins,
    transform: document.transform,
    random,
  })
  for (const draft of drafts) check.check(draft)
  checkUniqueness(drafts, findings)
  checkPluginProtocols(drafts, findings)
  checkFallbacks(drafts, findings)
  checkAuthorities(drafts, findings)
  checkValidity(drafts, now, findings)
  checkLifetimes(drafts, findings)
  checkUdp(drafts, findings)
  nameCertificates(drafts, findings)
  const config = findings.errors > 0 ? null : assemble(drafts, check.vaultReferences)
  return { config, findings: findings.all }
}

/** Kong Enterprise's: plugins run in the order of their priorities here, so it is said and passed over. */
function dropOrdering(raw: RawRecord, draft: Draft, findings: Findings): void {
  if (draft.definition.name !== 'plugins' || !Object.hasOwn(raw, 'ordering')) return
  const ordering = raw['ordering'] ?? null
  delete raw['ordering']
  if (ordering !== null)
    findings.add(warning([...draft.path, 'ordering'], 'ignored: plugins run by priority'))
}
