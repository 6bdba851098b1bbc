// Aliases of an index for the target's version, with their filters.
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import { type Availability, isAvailable, isBefore } from './availability.ts'
import type { RewriteContext } from './rewrite-context.ts'

const parameters: Readonly<Record<string, Availability>> = {
  is_write_index: { es: [604], os: [100] },
  is_hidden: { es: [707], os: [100] },
}

export function rewriteAliases(aliases: JsonObject, context: RewriteContext): JsonObject {
  const made: JsonObject = {}
  for (const [name, alias] of Object.entries(aliases)) {
    const path = `aliases.${name}`
    const kept: JsonObject = {}
    for (const [parameter, value] of Object.entries(isJsonObject(alias) ? alias : {})) {
      const available = parameters[parameter]
      if (available && !isAvailable(available, context.target)) {
        context.log.removed(`${path}.${parameter}`, value, 'it is not known there', 'warning')
      } else if (parameter === 'is_write_index' && context.options.readOnlyAliases) kept[parameter] = false
      else kept[parameter] = parameter === 'filter' ? rewriteFilter(value, `${path}.filter`, context) : value
    }
    made[name] = kept
  }
  return made
}

function rewriteFilter(filter: JsonValue, path: string, context: RewriteContext): JsonValue {
  if (isBefore(context.target, 5)) return filter
  const made = rewriteQuery(filter)
  if (JSON.stringify(made) !== JSON.stringify(filter)) {
    context.log.changed(path, filter, made, 'filters are written as queries since 5.0')
  }
  return made
}

const list = (value: JsonValue | undefined): readonly JsonValue[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value]

// The filters of 1.x that 5.0 took away, each as the query that does the same.
const respellings: Readonly<Record<string, (body: JsonValue) => JsonValue>> = {
  and: (body) => ({ bool: { filter: filtersOf(body).map(rewriteQuery) } }),
  or: (body) => ({ bool: { should: filtersOf(body).map(rewriteQuery), minimum_should_match: 1 } }),
  not: (body) => ({
    bool: { must_not: [rewriteQuery(isJsonObject(body) && body.filter !== undefined ? body.filter : body)] },
  }),
  missing: (body) => ({
    bool: { must_not: [{ exists: { field: isJsonObject(body) ? (body.field ?? null) : body } }] },
  }),
  query: (body) => rewriteQuery(body),
  fquery: (body) => rewriteQuery(isJsonObject(body) ? (body.query ?? null) : body),
  in: (body) => ({ terms: withoutCache(body) }),
  filtered: (body) => {
    const { query, filter } = isJsonObject(body) ? body : {}
    return {
      bool: { ...(query === undefined ? {} : { must: [rewriteQuery(query)] }), filter: list(filter).map(rewriteQuery) },
    }
  },
  bool: (body) =>
    Object.fromEntries([
      [
        'bool',
        isJsonObject(body)
          ? Object.fromEntries(
              Object.entries(body)
                .filter(([name]) => !name.startsWith('_'))
                .map(([name, value]) => [
                  name,
                  ['must', 'should', 'must_not', 'filter'].includes(name) ? list(value).map(rewriteQuery) : value,
                ]),
            )
          : body,
      ],
    ]),
}

const filtersOf = (body: JsonValue): readonly JsonValue[] => list(isJsonObject(body) ? (body.filters ?? body) : body)

const withoutCache = (body: JsonValue): JsonValue =>
  isJsonObject(body)
    ? Object.fromEntries(Object.entries(body).filter(([name]) => !['_cache', '_cache_key', 'execution'].includes(name)))
    : body

function rewriteQuery(query: JsonValue): JsonValue {
  if (!isJsonObject(query)) return query
  const [name, ...more] = Object.keys(query)
  if (name === undefined || more.length) return query
  const body = query[name] ?? null
  const respell = respellings[name]
  return respell ? respell(body) : { [name]: withoutCache(body) }
}
