// The body of a replication call, with the place of everything in it. Absent bodies and bodies in a parameter are the servers' custom.
import { type LocatedValue, locateJson } from '../reindex/located-json.ts'
import { RefusedCall, refuse } from '../reindex/refused-call.ts'
import { type BodyForm, bodyForm, jsonTextOf } from '../reindex/request-body.ts'
import type { GatewayCall } from '../route.ts'

export interface ReadBody {
  readonly text: string
  readonly root: LocatedValue
}

/** Undefined: there is none. */
export async function readBody(call: GatewayCall): Promise<ReadBody | undefined> {
  const body = await call.body()
  if (body.length > 0) return locate(formOf(call.headers['content-type']), body)
  const source = call.query.get('source')
  if (source === null) return undefined
  const type = call.query.get('source_content_type')
  if (type === null) throw parseException('source and source_content_type parameters are required')
  return locate(formOf(type), Buffer.from(source))
}

/** Where the plugin has to have one. `isSourceTaken`: it would also take it from the parameter. */
export async function requireBody(call: GatewayCall, isSourceTaken: boolean): Promise<ReadBody> {
  const body = await readBody(call)
  if (body) return body
  throw parseException(isSourceTaken ? 'request body or source parameter is required' : 'request body is required')
}

function formOf(contentType: string | undefined): Exclude<BodyForm, 'smile'> {
  const form = bodyForm(contentType)
  if (form !== undefined && form !== 'smile') return form
  throw new RefusedCall(406, {
    type: 'media_type_header_exception',
    reason: `Content-Type header [${contentType ?? ''}] is not supported`,
  })
}

function locate(form: Exclude<BodyForm, 'smile'>, body: Buffer): ReadBody {
  const text = jsonTextOf(form, body)
  const root = text === undefined ? undefined : locateJson(text)
  if (text === undefined || !root) throw parseException(`the body cannot be read as ${form.toUpperCase()}`)
  return { text, root }
}

const parseException = (reason: string): RefusedCall => refuse({ type: 'parse_exception', reason })
