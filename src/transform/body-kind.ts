/** body-kind — which of the bodies that a transformer can edit a Content-Type speaks of: Kong's rule. */

export type BodyKind = 'json' | 'form' | 'multipart'

/** Null: none of them. */
export function bodyKind(contentType: string | null): BodyKind | null {
  const type = contentType?.toLowerCase() ?? ''
  if (type.includes('application/json')) return 'json'
  if (type.includes('multipart/form-data')) return 'multipart'
  return type.includes('application/x-www-form-urlencoded') ? 'form' : null
}

/** True where a Content-Encoding says that the bytes are not the text itself. */
export function isEncoded(contentEncoding: string | null): boolean {
  return contentEncoding !== null && contentEncoding !== '' && contentEncoding.toLowerCase() !== 'identity'
}
