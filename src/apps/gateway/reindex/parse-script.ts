// `script`, as far as the servers look into it before they compile it.
import type { JsonObject } from '../../../model/json.ts'
import { type LocatedValue, plainValue } from './located-json.ts'
import { atEnd, type Field, parseObject } from './object-parser.ts'
import { illegalArgument, refuse } from './refused-call.ts'

export function parseScript(text: string, node: LocatedValue): JsonObject {
  let kind: string | undefined
  const only = (name: string) => () => {
    if (kind !== undefined) throw refuse(illegalArgument('must only use one of [source, id] when specifying a script'))
    kind = name
  }
  const fields: Field[] = [
    { names: ['source', 'inline'], takes: ['string', 'object', 'number', 'boolean'], read: only('source') },
    { names: ['id', 'stored'], takes: ['string', 'number', 'boolean'], read: only('id') },
    { names: ['lang'], takes: ['string', 'number', 'boolean'], read: () => {} },
    { names: ['options'], takes: ['object'], read: () => {} },
    { names: ['params'], takes: ['object'], read: () => {} },
  ]
  parseObject(text, 'script', node, fields)
  atEnd(node, () => {
    if (kind !== undefined) return
    throw refuse(illegalArgument('must specify either [source] for an inline script or [id] for a stored script'))
  })
  return plainValue(node) as JsonObject
}
