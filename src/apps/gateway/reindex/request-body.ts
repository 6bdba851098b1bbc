// The body of a call as JSON text, in whichever form it came.
import { decode } from 'cborg'
import { parseDocument } from 'yaml'
import { printExactJson } from '../../../foundation/exact-json.ts'

export type BodyForm = 'json' | 'yaml' | 'cbor' | 'smile'

/** Undefined for what no server takes either. */
export function bodyForm(contentType: string | undefined): BodyForm | undefined {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? ''
  // `application/vnd.elasticsearch+json` is Elasticsearch 8's.
  const name = /^(?:application\/(?:vnd\.elasticsearch\+|x-)?)(json|ndjson|yaml|cbor|smile)$/.exec(type)?.[1]
  return name === 'ndjson' ? 'json' : (name as BodyForm | undefined)
}

/** Undefined for what cannot be read; SMILE is not read at all. */
export function jsonTextOf(form: Exclude<BodyForm, 'smile'>, body: Buffer): string | undefined {
  if (form === 'json') return body.toString()
  try {
    return printExactJson(form === 'yaml' ? fromYaml(body) : decode(body, { rejectDuplicateMapKeys: true }))
  } catch {
    // What is wrong with it the cluster says, in its own words.
    return undefined
  }
}

function fromYaml(body: Buffer): unknown {
  const document = parseDocument(body.toString(), { intAsBigInt: true })
  const [error] = document.errors
  if (error) throw error
  return document.toJS({ maxAliasCount: 100 })
}

/** Names stand in SMILE as they are: without this one there is no remote, and the cluster can do the call by itself. */
export const mayNameRemote = (body: Buffer): boolean => body.includes('remote')
