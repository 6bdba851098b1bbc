// From the text of a YAML file to a tree of settings. Nothing of the parser's own messages is shown: they quote the file, and with it
// passwords.
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  type Document as YamlDocument,
} from 'yaml'
import type { Environment } from '../parse-options.ts'
import {
  type ConfigMap,
  type ConfigNode,
  type ConfigPath,
  ConfigPlaces,
  type ConfigProblem,
  type ConfigText,
  type ConfigTree,
  isConfigMap,
  missingValue,
  type Position,
  settingName,
} from './config-tree.ts'

const bytesMax = 1024 * 1024
/** With every alias written out. A file of a thousand domains has less. */
const nodesMax = 50_000
const depthMax = 20

/** What the parser's codes mean to somebody who writes a configuration. */
const syntaxSentences: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'a tab is used for indentation; YAML takes only spaces there',
  MULTIPLE_DOCS: 'a second document begins here (---); the file must hold one',
  BAD_INDENT: 'this line is not indented like its neighbours, or a bracket above is not closed',
  MISSING_CHAR: 'a closing quote, bracket or the colon after a key is missing',
  BAD_SCALAR_START: 'a value that begins with this character must be put into quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a value with ": " in it must be put into quotes',
  MULTILINE_IMPLICIT_KEY: 'a key must stand on one line, with a colon behind it',
  NON_STRING_KEY: 'a key must be a text',
  BAD_ALIAS: 'a value that begins with * must be put into quotes',
  BAD_DQ_ESCAPE: 'a backslash in double quotes begins an escape that YAML does not have; use single quotes',
  TAG_RESOLVE_FAILED: 'a value that begins with ! must be put into quotes',
  UNEXPECTED_TOKEN: `something stands behind a value that is already complete; within { } a \${NAME} must be put into quotes`,
  RESOURCE_EXHAUSTION: 'the file is nested too deeply',
}

export function readConfigTree(bytes: Uint8Array, folder: string, env: Environment): ConfigTree {
  const places = new ConfigPlaces()
  const failed = (sentence: string, position?: Position): ConfigTree => ({
    root: {},
    places,
    problems: [{ position, setting: '', sentence }],
  })
  if (bytes.length > bytesMax) return failed('the file is larger than 1 MiB, so it is no configuration')
  const text = decode(bytes)
  if (text === undefined) return failed('the file is not text in UTF-8')
  const lines = new LineCounter()
  const parsed = parseDocument(text, {
    schema: 'failsafe',
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: false,
  })
  const problems = [...parsed.errors, ...parsed.warnings].map(({ code, pos }) => ({
    position: positionAt(lines, pos[0]),
    setting: '',
    sentence: syntaxSentences[code] ?? 'this is not valid YAML',
  }))
  if (problems.length > 0) return { root: {}, places, problems: firstOfEachLine(problems) }
  const { contents } = parsed
  // `---` alone has a value that is empty.
  if (contents === null || (isScalar(contents) && contents.value === '')) return { root: {}, places, problems: [] }
  if (!isMap(contents)) return failed('the file must be a map of settings', { line: 1, column: 1 })
  return new TreeBuilder(parsed, lines, places, folder, env).build(contents)
}

/** One slip makes the parser stumble over the rest of its line. */
const firstOfEachLine = (problems: readonly ConfigProblem[]): ConfigProblem[] => {
  const lines = problems.map(({ position }) => position?.line)
  return problems.filter(({ position }, place) => lines.indexOf(position?.line) === place)
}

/** Undefined for what is no UTF-8, such as the UTF-16 of some editors. A byte order mark is taken off. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

type MutableMap = Record<string, ConfigNode>

class TreeBuilder {
  readonly #document: YamlDocument.Parsed
  readonly #lines: LineCounter
  readonly #places: ConfigPlaces
  readonly #folder: string
  readonly #env: Environment
  readonly #problems: ConfigProblem[] = []
  /** Maps that only dotted keys have named by now. */
  readonly #dotted = new WeakSet<ConfigMap>()
  #nodes = 0

  constructor(
    document: YamlDocument.Parsed,
    lines: LineCounter,
    places: ConfigPlaces,
    folder: string,
    env: Environment,
  ) {
    this.#document = document
    this.#lines = lines
    this.#places = places
    this.#folder = folder
    this.#env = env
  }

  build(contents: unknown): ConfigTree {
    const root = this.#node(contents, [], undefined) as ConfigMap
    return { root, places: this.#places, problems: this.#problems }
  }

  #node(node: unknown, path: ConfigPath, place: Position | undefined): ConfigNode | undefined {
    const position = this.#positionOf(node) ?? place
    this.#nodes++
    if (this.#nodes > nodesMax || path.length > depthMax) {
      // Reported once: an alias of an alias of an alias would do it millions of times.
      if (this.#nodes !== Number.POSITIVE_INFINITY) {
        this.#report(position, [], 'from here the file is nested or repeated by aliases (*name) beyond every measure')
      }
      this.#nodes = Number.POSITIVE_INFINITY
      return undefined
    }
    const built = this.#build(node, path, position)
    // What an alias repeats keeps the place at which it is written out.
    if (built !== undefined && position !== undefined && !isAlias(node)) this.#places.setValue(built, position)
    return built
  }

  #build(node: unknown, path: ConfigPath, position: Position | undefined): ConfigNode | undefined {
    if (isAlias(node)) {
      const target = node.resolve(this.#document)
      if (target) return this.#node(target, path, position)
      this.#report(position, path, 'begins with *, which names an anchor that is not there; put the value into quotes')
      return undefined
    }
    if (isMap(node)) return this.#map(node.items, path)
    if (isSeq(node)) {
      return node.items.flatMap((item, place) => this.#node(item, [...path, place], position) ?? [])
    }
    const written = isScalar(node) ? String(node.value) : ''
    return this.#text(written, path, position)
  }

  #map(items: readonly Pair[], path: ConfigPath): ConfigMap {
    // Without a prototype, so that `constructor` is a key like any other.
    const map: MutableMap = Object.create(null)
    for (const { key, value } of items) {
      const place = this.#positionOf(key)
      if (!isScalar(key)) {
        this.#report(place, path, 'has a key that is not a text')
        continue
      }
      const name = String(key.value)
      // Names of HTTP headers may hold dots; everywhere else a dotted key is a path, as in the servers' own files.
      const steps = path.at(-1) === 'headers' ? [name] : name.split('.')
      const [owner, last] = this.#descend(map, steps, path, place)
      if (owner === undefined || last === undefined) continue
      const inside = this.#node(value, [...path, ...steps], place)
      if (inside !== undefined) this.#put(owner, last, inside, [...path, ...steps], place)
    }
    return map
  }

  /** The map that the last step of a dotted key belongs into. */
  #descend(
    map: MutableMap,
    steps: readonly string[],
    path: ConfigPath,
    place: Position | undefined,
  ): readonly [MutableMap, string] | readonly [undefined, undefined] {
    let owner = map
    for (const [depth, step] of steps.slice(0, -1).entries()) {
      const inside = owner[step] ?? (Object.create(null) as MutableMap)
      if (!isConfigMap(inside)) {
        this.#report(place, [...path, ...steps.slice(0, depth + 1)], 'is given as a value and as a map of settings')
        return [undefined, undefined]
      }
      if (owner[step] === undefined) {
        owner[step] = inside
        this.#dotted.add(inside)
        if (place) this.#places.setKey(owner, step, place)
      }
      owner = inside as MutableMap
    }
    return [owner, steps.at(-1) as string]
  }

  #put(owner: MutableMap, key: string, node: ConfigNode, path: ConfigPath, place: Position | undefined): void {
    const before = owner[key]
    if (before === undefined) {
      owner[key] = node
      if (place) this.#places.setKey(owner, key, place)
    } else if (isConfigMap(before) && isConfigMap(node) && this.#dotted.has(before)) {
      // `reindex.remote.allowlist:` above `reindex:` is one section written in two places.
      for (const [inner, value] of Object.entries(node)) {
        this.#put(before as MutableMap, inner, value, [...path, inner], this.#places.ofKey(node, inner))
      }
    } else {
      const first = this.#places.ofKey(owner, key)
      this.#report(place, path, `is given twice${first ? `, first in line ${first.line}` : ''}`)
    }
  }

  #text(written: string, path: ConfigPath, position: Position | undefined): ConfigText {
    let isLiteral = true
    const value = written.replaceAll(/\$\$\{|\$\{([^}]*\}?)/g, (opening: string, rest: string | undefined) => {
      if (rest === undefined) return '${'
      isLiteral = false
      const [, name] = /^([A-Za-z_]\w*)\}$/.exec(rest) ?? []
      const found = name === undefined ? undefined : this.#env[name]
      if (found) return found
      if (name === undefined) {
        const sentence = `has a ${opening.slice(0, 2)} without the name of a variable and }; $${opening.slice(0, 2)} stands for the characters themselves`
        this.#report(position, path, sentence)
      } else {
        const state = found === undefined ? 'not set' : 'empty'
        this.#report(position, path, `takes the environment variable ${name}, which is ${state}`)
      }
      return missingValue
    })
    return { kind: 'text', value, written, isLiteral, folder: this.#folder }
  }

  #positionOf(node: unknown): Position | undefined {
    const range = (node as { range?: readonly number[] } | null | undefined)?.range
    return range ? positionAt(this.#lines, range[0] as number) : undefined
  }

  #report(position: Position | undefined, path: ConfigPath, sentence: string): void {
    this.#problems.push({ position, setting: settingName(path), sentence })
  }
}
