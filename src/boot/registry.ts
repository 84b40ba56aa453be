/**
 * registry — finds the plugins: every folder of src/plugins, and every folder of the directories an operator names.
 *
 * There is no list to keep. A folder `<name>` holds `<name>.js` (or `.mjs`; `.ts` where this Node runs it) whose
 * default export is what `definePlugin` answers. Whatever is wrong stops the start with the file and the reason.
 */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { faults, GatewayError } from '../base/faults.ts'
import type { AnyPlugin } from '../contract/plugin.ts'

const here = fileURLToPath(import.meta.url)
/** Where the plugins lie that come with the gateway. */
export const BUNDLED = join(dirname(dirname(here)), 'plugins')
/** '.js' when built, '.ts' when Node runs the sources. */
const OWN_EXTENSION = extname(here)

/**
 * Plugins by name: the bundled ones, then those of `directories` (SLUICE_PLUGINS_DIR). All of them, or of `wanted`
 * those that there are: a worker has no use for what no configuration names, and loading a plugin costs milliseconds.
 */
export async function loadPlugins(
  directories: readonly string[],
  wanted: ReadonlySet<string> | null = null,
): Promise<Map<string, AnyPlugin>> {
  const plugins = new Map<string, AnyPlugin>()
  const origins = new Map<string, string>()
  for (const directory of [BUNDLED, ...directories.map((path) => resolve(path))]) {
    const extensions = directory === BUNDLED ? [OWN_EXTENSION] : customExtensions()
    for (const name of await pluginNames(directory)) {
      if (wanted !== null && !wanted.has(name)) continue
      const file = entryOf(join(directory, name), name, extensions)
      const other = origins.get(name)
      if (other !== undefined) refuse(file, `a plugin of the name ${name} is already there: ${other}`)
      plugins.set(name, await load(file, name))
      origins.set(name, file)
    }
  }
  return plugins
}

function customExtensions(): string[] {
  // Absent before Node 22.10, which the type package describes; 'strip' or 'transform' where TypeScript runs.
  const features: object = process.features
  return 'typescript' in features && features.typescript ? ['.js', '.mjs', '.ts'] : ['.js', '.mjs']
}

/** Of those in a directory, sorted. Rejects with GatewayError ENVIRONMENT_INVALID where it can't be read. */
export async function pluginNames(directory: string): Promise<string[]> {
  try {
    const entries = await readdir(directory, { withFileTypes: true })
    const folders = entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
    const names = folders.map((entry) => entry.name)
    return names.filter((name) => !name.startsWith('.') && name !== 'node_modules').sort()
  } catch (error) {
    throw new GatewayError(faults.ENVIRONMENT_INVALID, `plugins in ${directory}: ${reasonOf(error)}`, error)
  }
}

function entryOf(folder: string, name: string, extensions: readonly string[]): string {
  for (const extension of extensions) {
    const file = join(folder, name + extension)
    if (existsSync(file)) return file
  }
  return refuse(folder, `it holds none of ${extensions.map((extension) => name + extension).join(', ')}`)
}

async function load(file: string, name: string): Promise<AnyPlugin> {
  let module: { default?: unknown }
  try {
    module = await import(pathToFileURL(file).href)
  } catch (error) {
    return refuse(file, reasonOf(error), error)
  }
  const problem = problemOf(module.default, name)
  if (problem !== null) refuse(file, problem)
  return module.default as AnyPlugin // what problemOf has just established
}

/** What is wrong with a default export, or null. */
function problemOf(value: unknown, folder: string): string | null {
  if (typeof value !== 'object' || value === null) return 'it has no default export made by definePlugin'
  const parts = value as Partial<Record<keyof AnyPlugin, unknown>> // each is checked here
  const { name, summary, priority, schema, build } = parts
  if (typeof name !== 'string') return '"name" is not a string'
  if (name !== folder) return `"name" is '${name}', but the folder is '${folder}'; they must be equal`
  if (typeof summary !== 'string') return '"summary" is not a string'
  if (typeof priority !== 'number' || !Number.isFinite(priority)) return '"priority" is not a number'
  if (!isRecordField(schema)) return '"schema" is not a record; make it with s.record'
  if (typeof build !== 'function') return '"build" is not a function'
  return null
}

function isRecordField(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  const { type, fields } = schema as { type?: unknown; fields?: unknown } // checked on this line's next
  return type === 'record' && typeof fields === 'object' && fields !== null
}

function refuse(path: string, reason: string, cause?: unknown): never {
  throw new GatewayError(faults.ENVIRONMENT_INVALID, `plugin ${path}: ${reason}`, cause)
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
