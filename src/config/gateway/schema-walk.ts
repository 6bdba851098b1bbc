// What stands behind a piece of the schema, through everything that it is wrapped in.
import { z } from 'zod'
import { type SettingDescription, settingDescriptions } from './setting.ts'

/** From the outside to the inside: checks and transforms keep what they check as `in`, and a section what it takes as `out`. */
function* layers(schema: z.ZodType): Generator<z.ZodType> {
  yield schema
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault) {
    yield* layers(schema.unwrap() as z.ZodType)
  } else if (schema instanceof z.ZodPipe) {
    yield* layers(schema.in as z.ZodType)
    yield* layers(schema.out as z.ZodType)
  }
}

/** The settings of a section by name; undefined where it is none. */
export function settingsOf(schema: z.ZodType): Readonly<Record<string, z.ZodType>> | undefined {
  for (const layer of layers(schema)) if (layer instanceof z.ZodObject) return layer.shape as Record<string, z.ZodType>
  return undefined
}

/** What each entry of a list, or of a map by name, is. */
export function entryOf(schema: z.ZodType): z.ZodType | undefined {
  for (const layer of layers(schema)) {
    if (layer instanceof z.ZodArray) return layer.element as z.ZodType
    if (layer instanceof z.ZodRecord) return layer.valueType as z.ZodType
  }
  return undefined
}

export const isList = (schema: z.ZodType): boolean => [...layers(schema)].some((layer) => layer instanceof z.ZodArray)

export const isOptional = (schema: z.ZodType): boolean => schema.safeParse(undefined).success

export function descriptionOf(schema: z.ZodType): SettingDescription | undefined {
  for (const layer of layers(schema)) {
    const description = settingDescriptions.get(layer)
    if (description) return description
  }
  return undefined
}
