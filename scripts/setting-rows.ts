// The settings of a file's schema as tables: one chapter for each section.
import type { z } from 'zod'
import { descriptionOf, entryOf, isList, isOptional, settingsOf } from '../src/config/gateway/schema-walk.ts'

export type Rows = string[][]
export type MakeTable = (head: readonly string[], rows: Rows) => string

export interface ChapterOptions {
  /** Sections of which something else is said than their settings. */
  readonly instead?: Readonly<Record<string, string>>
}

const head = ['setting', 'meaning', 'default']

/** First the settings that are in no section, then section by section. */
export function chapters(schema: z.ZodType, table: MakeTable, { instead = {} }: ChapterOptions = {}): string[] {
  const top = settingsOf(schema) ?? {}
  const single = Object.entries(top).filter(([, inside]) => !sectionIn(inside))
  const parts = ['## The file as a whole\n', table(head, single.map(row))]
  for (const [name, inside] of Object.entries(top)) {
    if (!sectionIn(inside)) continue
    parts.push(`## ${name}\n`)
    const other = instead[name]
    if (other !== undefined) parts.push(`${other}\n`)
    else parts.push(`${descriptionOf(inside)?.help ?? ''}\n`, table(head, rowsOf(nameOfEntries(name, inside), inside)))
  }
  return parts
}

/** The settings in a section, or in each entry of a list or map of sections. */
const sectionIn = (schema: z.ZodType): ReturnType<typeof settingsOf> => {
  const entry = entryOf(schema)
  return settingsOf(schema) ?? (entry && settingsOf(entry))
}

const nameOfEntries = (name: string, schema: z.ZodType): string => {
  if (settingsOf(schema)) return name
  return isList(schema) ? `${name}[]` : `${name}.NAME`
}

function rowsOf(name: string, schema: z.ZodType): Rows {
  return Object.entries(sectionIn(schema) ?? {}).flatMap(([key, inside]) => {
    const full = `${name}.${key}`
    if (!sectionIn(inside)) return [row([full, inside])]
    const help = descriptionOf(inside)?.help ?? ''
    const named = nameOfEntries(full, inside)
    return [[`\`${named}\``, help, named === full ? '' : 'none'], ...rowsOf(named, inside)]
  })
}

function row([name, schema]: readonly [string, z.ZodType]): string[] {
  const { help = '', takes, byDefault, example } = descriptionOf(schema) ?? {}
  const entry = entryOf(schema)
  const takesEntry = entry && descriptionOf(entry)?.takes
  const kind = entry ? (isList(schema) ? `list of ${takesEntry}` : `NAME: ${takesEntry}`) : takes
  const notes = [help, example ? `Example: \`${example}\`.` : '']
  const isPlain = byDefault !== undefined && /^[\w.:{}-]+$/.test(byDefault) && byDefault !== 'none'
  const shown = isPlain ? `\`${byDefault}\`` : (byDefault ?? (isOptional(schema) ? 'none' : 'required'))
  return [`\`${name}\` <br> ${kind ?? ''}`, notes.filter(Boolean).join(' '), shown]
}
