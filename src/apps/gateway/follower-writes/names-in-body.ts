// The indexes that a call names in its body: actions of `_aliases` and the like, and the destination of `_reindex`.
import type { JsonValue } from '../../../model/json.ts'
import { entryOf, type LocatedValue, locateJson } from '../reindex/located-json.ts'
import { bodyForm, jsonTextOf } from '../reindex/request-body.ts'
import type { GatewayCall } from '../route.ts'

/** Expressions. None where it cannot be read: the cluster refuses it then. */
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
