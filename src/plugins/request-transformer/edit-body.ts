/** edit-body — a request's body with the rules done to it; also the task of the offload thread for large ones. */
import type { BodyKind } from '../../transform/body-kind.ts'
import type { Edits, Pair } from '../../transform/edits.ts'
import { editForm } from '../../transform/form.ts'
import { editJson, jsonText } from '../../transform/json.ts'
import { editMultipart } from '../../transform/multipart.ts'

export interface BodyWork {
  readonly bytes: Uint8Array
  readonly kind: BodyKind
  readonly contentType: string
  readonly edits: Edits
}

/** Null: it stays as it is. Throws TemplateError where a value can't be put into it. */
export function editBody({ bytes, kind, contentType, edits }: BodyWork): Uint8Array | null {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (kind === 'multipart') return editMultipart(body, contentType, edits)
  if (kind === 'json') {
    const edited = editJson(body, asJson(edits))
    return typeof edited === 'string' ? null : edited
  }
  const form = editForm(body.toString('latin1'), edits)
  return form === null ? null : Buffer.from(form, 'latin1')
}

/** Values are strings in JSON, whatever they look like, as in Kong. */
function asJson(edits: Edits): Edits {
  const quote = (pairs: readonly Pair[]) => pairs.map(([name, value]): Pair => [name, jsonText(value)])
  return { ...edits, replace: quote(edits.replace), add: quote(edits.add), append: quote(edits.append) }
}
