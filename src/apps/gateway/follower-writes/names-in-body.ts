// The indexes that a call names in its body: actions of `_aliases` and the like, and the destination of `_reindex`.
import type { JsonValue } from '../../../model/json.ts'
import { entryOf, type LocatedValue, locateJson } from '../reindex/located-json.ts'
import { bodyForm, jsonTextOf } from '../reindex/request-body.ts'
import type { GatewayCall } from '../route.ts'

/** Whether it is told here what the body means: not of SMILE, nor of JSON in UTF-16, which servers read as well. */
export async function isReadable(call: GatewayCall): Promise<boolean> {
  return (await call.body()).length === 0 || (await readBody(call)) !== undefined
}

/** Expressions. None where it cannot be read. */
export async function namesInActions(call: GatewayCall): Promise<string[]> {
  const root = await readBody(call)
  const actions = entryOf(root, 'actions')?.value
  const of = (value: LocatedValue | undefined) =>
    ['index', 'indices', 'data_stream'].flatMap((name) => textsOf(entryOf(value, name)?.value))
  const inActions =
    actions?.kind === 'array'
      ? actions.items.flatMap((action) =>
          action.kind === 'object' ? action.entries.flatMap(({ value }) => of(value)) : [],
        )
      : []
  // Elasticsearch before 7 also takes one action as the body of `PUT /_alias`.
  return [...of(root), ...inActions]
}

export async function namesInDestination(call: GatewayCall): Promise<string[]> {
  return textsOf(entryOf(entryOf(await readBody(call), 'dest')?.value, 'index')?.value)
}

/** Where `_reindex` may write: anywhere (`*`) with a script or a pipeline, which may name another index for each document. */
export async function namesOfReindex(call: GatewayCall): Promise<string[]> {
  const root = await readBody(call)
  const dest = entryOf(root, 'dest')?.value
  const mayBeAny = entryOf(root, 'script') !== undefined || entryOf(dest, 'pipeline') !== undefined
  return mayBeAny ? ['*'] : textsOf(entryOf(dest, 'index')?.value)
}

async function readBody(call: GatewayCall): Promise<LocatedValue | undefined> {
  const form = bodyForm(call.headers['content-type'] ?? 'application/json')
  const text = form === undefined || form === 'smile' ? undefined : jsonTextOf(form, await call.body())
  return text === undefined ? undefined : locateJson(text)
}

function textsOf(value: LocatedValue | undefined): string[] {
  if (value?.kind === 'array') return value.items.flatMap(textsOf)
  const text: JsonValue | undefined = value && 'value' in value ? value.value : undefined
  return typeof text === 'string' ? [text] : []
}
