/** Rules on certificates over time, and by which names people know the certificate that a message is about. */
import { X509Certificate } from 'node:crypto'
import type { Finding, Path } from '../../problems.ts'
import { parseCertificate } from '../schema/certificate-schema.ts'
import type { Draft, Findings } from './draft.ts'

/** Names of a certificate that a message shows; the rest is counted. */
const NAMES_SHOWN = 3

/** Nobody believes a certificate outside its time: it is refused before a client refuses it. `now` in seconds. */
export function checkValidity(drafts: readonly Draft[], now: number, findings: Findings): void {
  for (const { definition, entity, path } of drafts) {
    const isAuthority = definition.name === 'ca_certificates'
    if (!isAuthority && definition.name !== 'certificates') continue
    for (const field of isAuthority ? ['cert'] : ['cert', 'cert_alt']) {
      const pem = entity[field]
      const said = typeof pem === 'string' ? outsideItsTime(pem, now, isAuthority) : null
      if (said !== null) findings.say([...path, field], said)
    }
  }
}

function outsideItsTime(pem: string, now: number, isAuthority: boolean): string | null {
  const parsed = parseCertificate(pem)
  if (!(parsed instanceof X509Certificate)) return null
  if (Date.parse(parsed.validTo) < now * 1000) {
    const when = isAuthority ? '' : `: ${parsed.validTo}`
    return `certificate expired, "Not After" time is in the past${when}`
  }
  if (!isAuthority && Date.parse(parsed.validFrom) > now * 1000)
    return `certificate is not valid yet, "Not Before" time is in the future: ${parsed.validFrom}`
  return null
}

/** Ends each message about a certificate with its id and the names it serves. */
export function nameCertificates(drafts: readonly Draft[], findings: Findings): void {
  const faulty = findings.all.some(({ level, path }) => level === 'error' && path.includes('certificates'))
  if (!faulty) return
  for (const draft of drafts) {
    if (draft.definition.name !== 'certificates') continue
    const names = drafts.filter((sni) => isNameOf(sni, draft)).map((sni) => String(sni.raw['name']))
    const known = describe(draft.id, names)
    for (const [i, each] of findings.all.entries())
      if (isAbout(each, draft.path)) findings.all[i] = { ...each, message: `${each.message} (${known})` }
  }
}

function isNameOf(sni: Draft, certificate: Draft): boolean {
  if (sni.definition.name !== 'snis' || typeof sni.raw['name'] !== 'string') return false
  return sni.parent === certificate || sni.entity['certificate'] === certificate.id
}

function describe(id: string, names: readonly string[]): string {
  if (names.length === 0) return `certificate ${id}`
  const more = names.length > NAMES_SHOWN ? ` and ${names.length - NAMES_SHOWN} more` : ''
  return `certificate ${id}, sni ${names.slice(0, NAMES_SHOWN).join(', ')}${more}`
}

/** What is wrong with one of its names says so itself. */
function isAbout({ level, path }: Finding, of: Path): boolean {
  const isWithin = path.length > of.length && of.every((step, at) => path[at] === step)
  return level === 'error' && isWithin && path[of.length] !== 'snis'
}
