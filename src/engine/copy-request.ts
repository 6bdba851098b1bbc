// From option values to what a copy needs to know.
import { readFile } from 'node:fs/promises'
import { IndexferryError, isErrorOf } from '../foundation/errors.ts'
import { parseExactJson } from '../foundation/exact-json.ts'
import type { ReadingOptions } from '../mechanism/open-unit.ts'
import type { PlanOptions } from '../migration/copy-plan.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../model/json.ts'
import type { DefinitionOptions } from '../transform/definition-plan.ts'
import type { FieldEdits } from '../transform/field-edits.ts'
import type { CommandValues } from './option-values.ts'

export const bodyBytesDefault = 2 * 1024 * 1024

/** Everything that makes a difference to what arrives: with other values it is another copy. */
export function contentOptions({ reading, transform }: CommandValues): JsonObject {
  const { query, queryFile, fields, maxDocs, idField } = reading
  const chosen = { query, queryFile, fields, maxDocs, idField, ...transform }
  return JSON.parse(JSON.stringify(chosen)) as JsonObject
}

export async function readingOptions({ reading, writing }: CommandValues): Promise<ReadingOptions> {
  const fields = reading.fields.flatMap((list) => list.split(',')).filter((field) => field !== '')
  return {
    query: await queryOf(reading),
    fields: fields.length > 0 ? fields : undefined,
    readers: reading.readers,
    documentBytesMax: writing.documentBytesMax,
    way: reading.readBy,
  }
}

async function queryOf({ query, queryFile }: CommandValues['reading']): Promise<JsonObject | undefined> {
  if (queryFile === undefined) return query === undefined ? undefined : parseObject(query, '--query')
  if (query !== undefined) throw new IndexferryError('USAGE', '--query and --query-file cannot both be given')
  return readJsonFile('--query-file', queryFile)
}

export function fieldEdits({ transform }: CommandValues): FieldEdits {
  return { rename: transform.renameField, drop: transform.dropField, set: transform.setField }
}

export async function planOptions(values: CommandValues, note: (text: string) => void): Promise<PlanOptions> {
  const { transform, reading } = values
  return {
    naming: { rules: transform.rename },
    definition: await definitionOptions(values),
    allowIncompleteSource: reading.allowIncompleteSource,
    note,
  }
}

async function definitionOptions({ transform }: CommandValues): Promise<DefinitionOptions> {
  const { types, typeField, parentField, shards, replicas, mappings } = transform
  const map = Object.fromEntries(transform.map.map(([field, type]) => [field, typeOrMapping(type)]))
  const set = Object.fromEntries(transform.set.map(([setting, value]) => [setting, settingValue(value)]))
  const file = mappings === undefined ? undefined : await readJsonFile('--mappings', mappings)
  return { types, typeField, parentField, shards, replicas, map, set, mappings: file }
}

/** `text`, or `{"type":"text","analyzer":"english"}`. */
function typeOrMapping(text: string): string | JsonObject {
  if (!text.trimStart().startsWith('{')) return text
  return parseObject(text, `--map …=${text}`)
}

/** JSON where it is JSON (null, numbers, objects), else the text itself. */
function settingValue(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return text
  }
}

function parseObject(text: string, where: string): JsonObject {
  let value: unknown
  try {
    value = parseExactJson(text)
  } catch (cause) {
    throw new IndexferryError('USAGE', `${where} is not JSON: ${(cause as Error).message}`, { cause })
  }
  if (isJsonObject(value)) return value
  throw new IndexferryError('USAGE', `${where} is not a JSON object`)
}

/** What stands in a file is not corrected in the command. */
function parseFile(text: string, where: string): JsonObject {
  try {
    return parseObject(text, where)
  } catch (error) {
    if (!isErrorOf(error, 'USAGE')) throw error
    throw new IndexferryError('CONFIG_INVALID', error.message, { cause: error.cause })
  }
}

async function readJsonFile(option: string, file: string): Promise<JsonObject> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    throw new IndexferryError('CONFIG_INVALID', `${option} ${file} cannot be read: ${(cause as Error).message}`, {
      cause,
    })
  }
  const value = parseFile(text, `${option} ${file}`)
  // The body of a search is what people have at hand.
  return option === '--query-file' && Object.keys(value).length === 1 && isJsonObject(value.query) ? value.query : value
}
