// `--body FILE`: the JSON body of a request, as documents print it.
import { readFileSync } from 'node:fs'
import { IndexferryError } from '../../foundation/errors.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'

export function readBody(file: string | undefined): JsonObject {
  if (file === undefined) return {}
  const problem = (why: string, cause?: unknown) =>
    new IndexferryError('CONFIG_INVALID', `--body ${file} ${why}`, cause === undefined ? {} : { cause })
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw problem(`cannot be read: ${error instanceof Error ? error.message : String(error)}`, error)
  }
  try {
    const parsed: unknown = JSON.parse(text)
    if (isJsonObject(parsed)) return parsed
  } catch (error) {
    throw problem('is not JSON', error)
  }
  throw problem('is not a JSON object')
}

/** Values of `--setting NAME=VALUE`. */
export const settingsOf = (pairs: readonly (readonly [string, string])[]): JsonObject => Object.fromEntries(pairs)

export const onOff = (word: 'on' | 'off' | undefined): boolean | undefined =>
  word === undefined ? undefined : word === 'on'

/** Leaves out what is not set, so that it does not cover what a body says. */
export function given<Values extends object>(values: Values): Partial<Values> {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== false)
  return Object.fromEntries(set.filter(([, value]) => !Array.isArray(value) || value.length > 0)) as Partial<Values>
}
