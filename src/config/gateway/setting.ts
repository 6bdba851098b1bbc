// The pieces that the schema of `indexferry.yaml` is made of: a section with settings, and a setting with the type, the default and the
// sentence that docs/configuration.md shows. A value is read by the same types as an option of the command line.
import { accessSync, constants } from 'node:fs'
import { resolve } from 'node:path'
import { z } from 'zod'
import { assert } from '../../foundation/assert.ts'
import { asIndexferryError } from '../../foundation/errors.ts'
import { fileName, type ValueType } from '../../foundation/option.ts'
import { readSecretFile } from '../secret-file.ts'
import { type ConfigText, isConfigMap, isConfigText, missingValue } from './config-tree.ts'

export interface SettingDescription {
  readonly help: string
  /** Stands for the value on the page. */
  readonly takes?: string
  /** The default as one would write it, or in words. */
  readonly byDefault?: string
  readonly example?: string
  readonly isSecret?: boolean
}

/** Descriptions of settings and sections, for docs/configuration.md. */
export const settingDescriptions = z.registry<SettingDescription>()

interface SettingSpec<Value> extends SettingDescription {
  /** What is wrong with a value of the right type: `must be between 1 and 5`. */
  readonly check?: (value: Value) => string | undefined
}

type Refuse = (sentence: string) => void

/** One value of the file: `read` gives it, or refuses it. */
export function specialSetting<Value>(
  description: SettingDescription,
  read: (node: unknown, refuse: Refuse) => Value | undefined,
) {
  const present = z.custom<unknown>((node) => node !== undefined, { error: 'is missing', abort: false })
  const schema = present.transform((node, context): Value => {
    const value = read(node, (message) => context.addIssue({ code: 'custom', message }))
    return value === undefined ? z.NEVER : value
  })
  return schema.register(settingDescriptions, description)
}

/** A message to be passed over: the missing variable was reported when the file was read. */
const reported = missingValue

function textOf(node: unknown, expects: string, refuse: Refuse): ConfigText | undefined {
  if (!isConfigText(node)) refuse(`must be ${expects}, not a ${Array.isArray(node) ? 'list' : 'map'}`)
  else if (node.value.includes(missingValue)) refuse(reported)
  else return node
  return undefined
}

/** What stands in the file, cut where it is long; passwords in URLs are taken out when the error is made. */
const shown = (text: ConfigText): string =>
  JSON.stringify(text.written.length > 80 ? `${text.written.slice(0, 80)}…` : text.written)

function parseText<Value>(node: unknown, type: ValueType<Value>, spec: SettingSpec<Value>, refuse: Refuse) {
  const text = textOf(node, type.expects, refuse)
  if (text === undefined) return undefined
  if (text.value === '') {
    refuse(`is empty; it must be ${type.expects}`)
    return undefined
  }
  const value = type.parse(text.value)
  const wrong = value === undefined ? `that is not ${type.expects}` : spec.check?.(value)
  if (wrong === undefined) return value
  const named = spec.isSecret ? '' : ` ${shown(text)}`
  refuse(value === undefined ? `has a value${named} ${wrong}` : `${named.trim()} ${wrong}`.trim())
  return undefined
}

export const setting = <Value>(type: ValueType<Value>, spec: SettingSpec<Value>) =>
  specialSetting<Value>({ takes: type.placeholder, ...spec }, (node, refuse) => parseText(node, type, spec, refuse))

/** With a default, written as in the file. */
export function settingWithDefault<Value>(type: ValueType<Value>, byDefault: string, spec: SettingSpec<Value>) {
  const value = type.parse(byDefault)
  assert(value !== undefined && spec.check?.(value) === undefined, `the default ${byDefault} is ${type.expects}`)
  const optional: z.ZodType<Value | undefined> = setting(type, { byDefault, ...spec }).optional()
  return optional
    .transform((given): Value => given ?? value)
    .register(settingDescriptions, { byDefault, takes: type.placeholder, ...spec })
}

/** A file that must be there and readable; its path is relative to the configuration. */
export const fileSetting = (spec: SettingDescription) =>
  specialSetting<string>({ takes: 'FILE', ...spec }, (node, refuse) => {
    const name = parseText(node, fileName, spec, refuse)
    if (name === undefined) return undefined
    const path = resolve((node as ConfigText).folder, name)
    try {
      accessSync(path, constants.R_OK)
      return path
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      refuse(`names the file ${path}, which ${code === 'ENOENT' ? 'is not there' : `cannot be read (${code})`}`)
      return undefined
    }
  })

/** A folder, which need not be there yet. */
export const folderSetting = (spec: SettingDescription) =>
  specialSetting<string>({ takes: 'FOLDER', ...spec }, (node, refuse) => {
    const name = parseText(node, fileName, spec, refuse)
    return name === undefined ? undefined : resolve((node as ConfigText).folder, name)
  })

/** Secrets go into headers, where a line break would end them. */
const secretText: ValueType<string> = {
  name: 'text',
  placeholder: 'SECRET',
  expects: 'a text without line breaks',
  parse: (value) => (/[\r\n]/.test(value) ? undefined : value),
}

/** A secret: as it stands there (with `${NAME}` from the environment), or `{ file: path }`. */
export const secretSetting = (spec: SettingDescription) =>
  specialSetting<string>({ takes: 'SECRET', isSecret: true, ...spec }, (node, refuse) => {
    if (isConfigMap(node)) {
      const { file, ...others } = node
      if (isConfigText(file) && Object.keys(others).length === 0) return readSecret(file, refuse)
      refuse('must be a text or { file: PATH }')
      return undefined
    }
    return parseText(node, secretText, { ...spec, isSecret: true }, refuse)
  })

/** The same secret in a file of its own: `password_file: PATH`. */
export const secretFileSetting = (spec: SettingDescription) =>
  specialSetting<string>({ takes: 'FILE', ...spec }, (node, refuse) =>
    isConfigText(node) ? readSecret(node, refuse) : void textOf(node, 'the name of a file', refuse),
  )

function readSecret(file: ConfigText, refuse: Refuse): string | undefined {
  if (file.value.includes(missingValue)) {
    refuse(reported)
    return undefined
  }
  if (file.value === '') {
    refuse('names no file')
    return undefined
  }
  try {
    return readSecretFile('the secret', resolve(file.folder, file.value))
  } catch (error) {
    refuse(`cannot be taken: ${asIndexferryError(error).message}`)
    return undefined
  }
}

/** A map of settings. A key that is none of them is refused with the one that was probably meant (problems-of-issues.ts). */
export function section<Shape extends z.ZodRawShape>(description: SettingDescription, shape: Shape) {
  // The message is the list of what is known, from which the nearest is taken where the place of the unknown key is known, too.
  const settings = z.strictObject(shape, { error: () => Object.keys(shape).join(' ') })
  return mapOf(settings).register(settingDescriptions, description)
}

/** A map from names of the user's own to sections or values. */
export const settingsByName = <Entry extends z.ZodType>(
  description: SettingDescription,
  entry: Entry,
  wrongName: (name: string) => string | undefined = () => undefined,
) => {
  const map = mapOf(z.record(z.string(), entry)).superRefine((entries: unknown, context) => {
    if (!isConfigMap(entries)) return
    for (const name of Object.keys(entries)) {
      const message = wrongName(name)
      if (message !== undefined) context.addIssue({ code: 'custom', message, path: [name] })
    }
  }, always)
  return map.register(settingDescriptions, description)
}

export const list = <Entry extends z.ZodType>(description: SettingDescription, entry: Entry) => {
  const entries = z.array(entry).max(1000, { error: 'has more than 1000 entries' })
  return z
    .custom<unknown>((node) => Array.isArray(node) || isNothing(node), {
      error: (issue) => notA(issue.input, 'a list'),
    })
    .transform((node): unknown => (isNothing(node) ? [] : node))
    .pipe(entries as z.ZodType<z.output<Entry>[], unknown>)
    .register(settingDescriptions, description)
}

const notA = (input: unknown, expected: string): string =>
  input === undefined
    ? 'is missing'
    : `must be ${expected}, not a ${isConfigText(input) ? 'text' : Array.isArray(input) ? 'list' : 'map'}`

/** A key with nothing behind it, such as a section of which every line is commented out. */
const isNothing = (node: unknown): boolean => isConfigText(node) && node.written === ''

const mapOf = <Inside extends z.ZodType>(inside: Inside) =>
  z
    .custom<unknown>((node) => isConfigMap(node) || isNothing(node), {
      error: (issue) => notA(issue.input, 'a map of settings'),
    })
    .transform((node): unknown => (isNothing(node) ? {} : node))
    .pipe(inside as z.ZodType<z.output<Inside>, unknown>)

/** Of a check that looks at several settings: it speaks even where one of them is wrong by itself. */
export const always = { when: () => true } as const
