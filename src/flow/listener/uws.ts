/**
 * uws — loads uWebSockets.js, the engine that is not part of this package, or says why it can't.
 *
 * It is an optional peer: official releases come from their own repository, with one binary per platform and Node
 * ABI. Loaded as CommonJS only; one republication falls back to an implementation in JavaScript, which is never taken
 * for the engine.
 */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { faults, GatewayError } from '../../base/faults.ts'
import type { Uws } from './uws/uws-api.ts'

export const UWS_PACKAGE = 'uWebSockets.js'
export const UWS_HEAD_VARIABLE = 'UWS_HTTP_MAX_HEADERS_SIZE'

/**
 * A setting of the library that leaves out its `uWebSockets: 20` field: an answer is the target's, not the
 * engine's.
 */
const WITHOUT_OWN_FIELD = '999999990007'

/**
 * To be called in the main thread before any thread loads the engine: it reads its bound of a head from the process's
 * environment once. What the operator has set stands.
 */
export function prepareUws(env: NodeJS.ProcessEnv, headBytesMax: number): void {
  env[UWS_HEAD_VARIABLE] ??= String(headBytesMax)
}

/** Throws ENGINE_UNAVAILABLE with the reason and what to do. */
export function loadUws(): Uws {
  const load = createRequire(import.meta.url)
  let uws: Uws
  try {
    uws = load(UWS_PACKAGE) as Uws
  } catch (cause) {
    throw unavailable(messageOf(cause), cause)
  }
  if (!isNative(load, uws)) throw unavailable(whyNotNative(load))
  uws._cfg?.(WITHOUT_OWN_FIELD)
  return uws
}

/** What the package answers is what a binary of its own has exported. */
function isNative(load: NodeJS.Require, uws: Uws): boolean {
  return Object.values(load.cache).some(
    (module) => module?.filename.endsWith('.node') === true && module.exports === uws,
  )
}

/** The package has swallowed the reason, so its binary is asked for directly. */
function whyNotNative(load: NodeJS.Require): string {
  if (/^(?:1|true)$/i.test(process.env['UWS_USE_FALLBACK'] ?? ''))
    return 'UWS_USE_FALLBACK asks for its fallback'
  const { platform, arch, versions } = process
  const name = `uws_${platform}_${arch}_${versions.modules}.node`
  try {
    load(join(dirname(load.resolve(UWS_PACKAGE)), '../binaries', name))
    return 'it fell back to its implementation in JavaScript'
  } catch (cause) {
    return messageOf(cause)
  }
}

function unavailable(message: string, cause?: unknown): GatewayError {
  const { node, modules } = process.versions
  const facts = { node, abi: modules, platform: process.platform, arch: process.arch, glibc: readGlibc() }
  return new GatewayError(faults.ENGINE_UNAVAILABLE, explainUnavailable(message, facts), cause)
}

export interface PlatformFacts {
  readonly node: string
  readonly abi: string
  readonly platform: string
  readonly arch: string
  /** '' where there is none. */
  readonly glibc: string
}

const OTHERWISE = 'or set SLUICE_ENGINE=node'
const RELEASE = 'see docs/engines.md for which release fits which Node'
const ANOTHER = `install another release (${RELEASE}), ${OTHERWISE}`
const NEWER = `use a newer system (Debian 13, Ubuntu 24.04), ${OTHERWISE}`

/** One line for the operator, from what the loader said. */
export function explainUnavailable(message: string, facts: PlatformFacts): string {
  const { node, abi, platform, arch, glibc } = facts
  const needed = /GLIBC_(\d+\.\d+)' not found/.exec(message)?.[1]
  const own = `Node ${node} (ABI ${abi}) on ${platform} ${arch}`
  if (needed !== undefined) return `its binary needs glibc ${needed} and this system has ${glibc}: ${NEWER}`
  if (message.includes(`Cannot find module '${UWS_PACKAGE}'`))
    return `${UWS_PACKAGE} is not installed: install it beside this package (${RELEASE}), ${OTHERWISE}`
  if (platform === 'linux' && glibc === '')
    return `its binaries need glibc, which this system (musl) does not have: use an image with glibc, ${OTHERWISE}`
  if (/Cannot find module '[^']*\.node'/.test(message) || message.includes('NODE_MODULE_VERSION'))
    return `the ${UWS_PACKAGE} that is installed has no binary for ${own}: ${ANOTHER}`
  return `${message.split('\n').filter(Boolean).join(' ')} (${own}): ${ANOTHER}`
}

function readGlibc(): string {
  // Typed as a bare object.
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } }
  return report.header?.glibcVersionRuntime ?? ''
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
