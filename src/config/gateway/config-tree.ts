// A configuration file as a tree of texts, each with its place in the file. What a text means is decided by the setting that it is
// given for: `012345678901` is an owner and no number, `no` a password and no boolean.
import { IndexferryError } from '../../foundation/errors.ts'

/** Both counted from one. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** What is wrong at one place of the file. */
export interface ConfigProblem {
  readonly position: Position | undefined
  /** As one would name it: `reindex.tasks_max`; empty for the file as a whole. */
  readonly setting: string
  /** Completes the name of the setting: `has a value "x" that is not …`; a whole clause where there is no setting. */
  readonly sentence: string
}

/** One text of the file. */
export interface ConfigText {
  readonly kind: 'text'
  readonly value: string
  /** As it stands in the file, variables by their names; for messages. */
  readonly written: string
  /** Whether all of it stands in the file itself, and nothing comes from the environment. */
  readonly isLiteral: boolean
  /** Relative paths start here. */
  readonly folder: string
}

export interface ConfigMap {
  readonly [key: string]: ConfigNode
}

export type ConfigNode = ConfigText | ConfigMap | readonly ConfigNode[]

export type ConfigPath = readonly PropertyKey[]

export interface ConfigTree {
  readonly root: ConfigMap
  readonly places: ConfigPlaces
  readonly problems: readonly ConfigProblem[]
}

/** Within a value: a variable that is not set would stand here. Reported when the file is read, and no wrong value besides. */
export const missingValue = '\u0000'

export const isConfigText = (node: unknown): node is ConfigText =>
  typeof node === 'object' && node !== null && (node as ConfigText).kind === 'text'

export const isConfigMap = (node: unknown): node is ConfigMap =>
  typeof node === 'object' && node !== null && !Array.isArray(node) && !isConfigText(node)

/** Where each key and value stands. Kept beside the tree, so that maps hold nothing but settings. */
export class ConfigPlaces {
  readonly #values = new WeakMap<object, Position>()
  readonly #keys = new WeakMap<object, Map<string, Position>>()

  setValue(node: ConfigNode, position: Position): void {
    this.#values.set(node, position)
  }

  setKey(map: ConfigMap, key: string, position: Position): void {
    const keys = this.#keys.get(map) ?? new Map<string, Position>()
    keys.set(key, position)
    this.#keys.set(map, keys)
  }

  ofKey(map: ConfigMap, key: string): Position | undefined {
    return this.#keys.get(map)?.get(key)
  }

  /** Of the value at the path; of the nearest thing around it where nothing is written there. A map stands where its key does. */
  find(root: ConfigMap, path: ConfigPath): Position | undefined {
    let node: ConfigNode | undefined = root
    let nearest: Position | undefined
    for (const step of path) {
      if (node === undefined || isConfigText(node)) break
      const inside: ConfigNode | undefined = (node as Readonly<Record<PropertyKey, ConfigNode>>)[step]
      if (inside === undefined) break
      const ofKey: Position | undefined = isConfigMap(node) ? this.ofKey(node, String(step)) : undefined
      nearest = (isConfigMap(inside) ? ofKey : undefined) ?? this.#values.get(inside) ?? ofKey ?? nearest
      node = inside
    }
    return nearest
  }
}

/** `['access', 'users', 0, 'name']` as `access.users[0].name`. */
export const settingName = (path: ConfigPath): string =>
  path.map((step, place) => (typeof step === 'number' ? `[${step}]` : `${place ? '.' : ''}${String(step)}`)).join('')

/** `indexferry.yaml:12:7: reindex.tasks_max …` */
export function formatProblem(file: string, { position, setting, sentence }: ConfigProblem): string {
  const place = position ? `${file}:${position.line}:${position.column}` : file
  return `${place}: ${setting ? `${setting} ` : ''}${sentence}`
}

/** More of them are one mistake, repeated. */
const problemsShown = 50

/** All problems of a file as one error. */
export function configError(file: string, problems: readonly ConfigProblem[]): IndexferryError {
  const lines = problems.slice(0, problemsShown).map((problem) => formatProblem(file, problem))
  if (problems.length > lines.length) lines.push(`and ${problems.length - lines.length} more`)
  const sentence =
    lines.length === 1 ? (lines[0] as string) : `${file} has ${problems.length} problems:\n  ${lines.join('\n  ')}`
  return new IndexferryError('CONFIG_INVALID', sentence, {
    remedy: 'Correct the file; docs/configuration.md lists every setting, `indexferry config check` reads it again.',
  })
}

export const byPosition = (a: ConfigProblem, b: ConfigProblem): number =>
  (a.position?.line ?? 0) - (b.position?.line ?? 0) || (a.position?.column ?? 0) - (b.position?.column ?? 0)
