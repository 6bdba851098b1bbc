// Values of `dynamic` that not all versions know: what new fields become.
import type { JsonObject, JsonValue } from '../model/json.ts'
import { type Availability, isAvailable } from './availability.ts'
import type { RewriteContext } from './rewrite-context.ts'

interface DynamicValue {
  readonly in: Availability
  readonly instead: JsonValue
  readonly reason: string
}

const values: Readonly<Record<string, DynamicValue>> = {
  runtime: { in: { es: [711] }, instead: true, reason: 'new fields are indexed instead of computed when searched' },
  strict_allow_templates: {
    in: { os: [216] },
    instead: 'strict',
    reason: 'new fields are refused even where a template fits',
  },
  false_allow_templates: {
    in: { os: [303] },
    instead: false,
    reason: 'new fields are ignored even where a template fits',
  },
}

export function rewriteDynamic(mapping: JsonObject, path: string, { target, log }: RewriteContext): void {
  const before = mapping.dynamic
  const value = values[String(before)]
  if (before === undefined || !value || isAvailable(value.in, target)) return
  mapping.dynamic = value.instead
  log.changed(`${path}.dynamic`, before, value.instead, value.reason, 'warning')
}
