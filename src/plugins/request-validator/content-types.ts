/**
 * content-types — which Content-Type a request may have. Kong's rules: type, subtype, the parameter's name and a
 * charset know no case, and of several parameters the first one counts.
 */

interface ContentType {
  /** 'application/json'. */
  readonly type: string
  /** 'charset=utf-8', '' without one. */
  readonly parameter: string
}

export const JSON_TYPE = 'application/json'

export class ContentTypes {
  readonly #allowed: readonly ContentType[]
  readonly #countsParameter: boolean

  constructor(allowed: readonly string[], countsParameter: boolean) {
    this.#allowed = allowed.map(readContentType)
    this.#countsParameter = countsParameter
  }

  allows(given: ContentType): boolean {
    return this.#allowed.some(
      ({ type, parameter }) =>
        type === given.type && (!this.#countsParameter || parameter === given.parameter),
    )
  }
}

export function readContentType(text: string): ContentType {
  const [type = '', parameter = ''] = text.split(';', 2)
  return { type: type.trim().toLowerCase(), parameter: readParameter(parameter.trim()) }
}

function readParameter(text: string): string {
  const equals = text.indexOf('=')
  if (equals < 0) return text.toLowerCase()
  const name = text.slice(0, equals).trim().toLowerCase()
  const value = text
    .slice(equals + 1)
    .trim()
    .replace(/^"([^"\\]*)"$/, '$1')
  return `${name}=${name === 'charset' ? value.toLowerCase() : value}`
}

/** Bodies are read as UTF-8, so one that says it is something else is not what would be checked. */
export function isUtf8({ parameter }: ContentType): boolean {
  return !parameter.startsWith('charset=') || /^charset=(?:utf-8|utf8|us-ascii)$/.test(parameter)
}
