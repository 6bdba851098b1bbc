// Which followers a name or an expression of the local cluster leads to: their own names, aliases, data streams, patterns, date math. What the
// cluster has to be asked for is remembered for a second.
import { createHash } from 'node:crypto'
import { monotonicMs } from '../../foundation/clock.ts'
import { IndexferryError, isErrorOf } from '../../foundation/errors.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../model/json.ts'
import { fitsPattern } from '../../source/index-expression.ts'

/** Asks the local cluster; undefined: it does not let whoever asks see this. Throws when no answer comes. */
export type LocalLookUp = (path: string) => Promise<JsonValue | undefined>

export interface NameAsker {
  /** In the name of the gateway itself. */
  readonly own: LocalLookUp
  /** In the name of the caller, where the gateway has no rights. */
  readonly caller: LocalLookUp
  readonly callerHeaders: Readonly<Record<string, string>>
}

/** Names of followers: a set, or a map by them. */
export interface FollowerSet {
  readonly size: number
  has(name: string): boolean
  keys(): Iterable<string>
}

/** `write`: where a document sent to this one name goes. `all`: every index that the expression means. */
export type NameUse = 'write' | 'all'

/** Alias or data stream → the followers behind it, and the index that takes its writes. */
type NameTable = ReadonlyMap<string, { readonly members: ReadonlySet<string>; readonly writes: string | undefined }>

interface Look {
  readonly at: number
  readonly followers: number
  /** Undefined: whoever asked may not see it. */
  readonly table: Promise<NameTable | undefined>
}

const freshMs = 1_000
/** How long it is believed that the gateway itself may not see aliases. */
const refusedMs = 60_000
const callersMax = 100
const pathBytesMax = 2_000

export class FollowerNames {
  readonly #followers: () => FollowerSet
  /** By who asked; the gateway itself under the empty name. */
  readonly #looks = new Map<string, Look>()
  #refusedAt = Number.NEGATIVE_INFINITY

  /** `followers` are those of now; asked for each call. */
  constructor(followers: () => FollowerSet) {
    this.#followers = followers
  }

  /** The followers that it leads to, sorted. */
  async find(expression: string, use: NameUse, asker: NameAsker): Promise<readonly string[]> {
    const followers = this.#followers()
    if (followers.size === 0) return []
    const found = new Set<string>()
    if (use === 'write') {
      for (const name of await datesIn(withoutSelector(expression), asker)) {
        if (followers.has(name)) found.add(name)
        else {
          const writes = (await this.#tableFor(asker)).get(name)?.writes
          if (writes !== undefined && followers.has(writes)) found.add(writes)
        }
      }
    } else await this.#collect(expression, followers, found, asker)
    return [...found].sort()
  }

  async #collect(expression: string, followers: FollowerSet, found: Set<string>, asker: NameAsker): Promise<void> {
    const given = expression.split(',').map((part) => withoutSelector(part.trim()))
    const parts = given.filter(Boolean)
    if (parts.length === 0) parts.push('*')
    for (const [at, part] of parts.entries()) {
      const isExclusion = part.startsWith('-') && (at > 0 || part.includes('*'))
      for (const name of await datesIn(isExclusion ? part.slice(1) : part, asker)) {
        const members = await this.#members(name, followers, asker)
        for (const follower of members)
          if (isExclusion) found.delete(follower)
          else found.add(follower)
      }
    }
  }

  async #members(part: string, followers: FollowerSet, asker: NameAsker): Promise<Iterable<string>> {
    if (followers.has(part)) return [part]
    const pattern = part === '_all' ? '*' : part
    const isPattern = pattern.includes('*')
    const names = await this.#tableFor(asker)
    const members = new Set<string>()
    if (isPattern) for (const name of followers.keys()) if (fitsPattern(name, pattern)) members.add(name)
    for (const [name, behind] of isPattern ? names : [[part, names.get(part)] as const]) {
      if (behind && (!isPattern || fitsPattern(name, pattern))) for (const member of behind.members) members.add(member)
    }
    return [...members].filter((name) => followers.has(name))
  }

  /** In the name of the gateway where that may see everything, so that all callers share it. */
  async #tableFor(asker: NameAsker): Promise<NameTable> {
    if (monotonicMs() - this.#refusedAt > refusedMs) {
      const table = await this.#look('', asker.own)
      if (table) return table
      this.#refusedAt = monotonicMs()
    }
    const key = createHash('sha256')
      .update(JSON.stringify(Object.entries(asker.callerHeaders).sort()))
      .digest('base64')
    // Whoever may not even see the aliases of a follower is told by its own name alone.
    return (await this.#look(key, asker.caller)) ?? new Map()
  }

  #look(key: string, ask: LocalLookUp): Promise<NameTable | undefined> {
    const followers = this.#followers()
    const known = this.#looks.get(key)
    if (known && known.followers === followers.size && monotonicMs() - known.at < freshMs) return known.table
    this.#looks.delete(key)
    const [oldest] = this.#looks.keys()
    if (this.#looks.size >= callersMax && oldest !== undefined) this.#looks.delete(oldest)
    const table = readTable([...followers.keys()], ask).catch((error: unknown) => {
      if (isErrorOf(error, 'PRIVILEGE_MISSING')) return undefined
      // The next one asks again.
      if (this.#looks.get(key)?.table === table) this.#looks.delete(key)
      throw error
    })
    this.#looks.set(key, { at: monotonicMs(), followers: followers.size, table })
    return table
  }
}

/** `NAME::data` and `NAME::failures` are parts of a data stream in newer Elasticsearch. */
const withoutSelector = (name: string): string => name.replace(/::[a-z*]+$/, '')

/** `<logs-{now/d}>` is the cluster's to read: its clock counts. */
async function datesIn(part: string, { own, caller }: NameAsker): Promise<readonly string[]> {
  if (!part.startsWith('<') || !part.endsWith('>')) return [part]
  const path = `/${encodeURIComponent(part)}/_alias?ignore_unavailable=true`
  const seen = (await own(path)) ?? (await caller(path))
  return isJsonObject(seen) ? indexesIn(seen).map(([name]) => name) : []
}

type Behind = { members: Set<string>; writes: string | undefined }

async function readTable(followers: readonly string[], ask: LocalLookUp): Promise<NameTable> {
  const names = new Map<string, Behind>()
  const behind = (name: string): Behind => {
    const there = names.get(name) ?? { members: new Set<string>(), writes: undefined }
    names.set(name, there)
    return there
  }
  const open = new Set<string>()
  for (const group of inGroups(followers)) {
    for (const [index, { aliases }] of await aliasesAt(`/${group}/_alias?ignore_unavailable=true`, ask)) {
      for (const [alias, facts] of Object.entries(aliases)) {
        behind(alias).members.add(index)
        if (facts.is_write_index === true) behind(alias).writes = index
        else if (facts.is_write_index !== false) open.add(alias)
      }
    }
  }
  // Where nothing is said, the only index of an alias takes its writes.
  for (const group of inGroups([...open])) {
    const indexes = await aliasesAt(`/_alias/${group}`, ask)
    for (const alias of open) {
      const members = indexes.filter(([, { aliases }]) => alias in aliases)
      if (members.length === 1) behind(alias).writes ??= members[0]?.[0]
    }
  }
  if (followers.some((name) => name.startsWith('.ds-'))) await addStreams(ask, new Set(followers), behind)
  return names
}

async function addStreams(
  ask: LocalLookUp,
  followers: ReadonlySet<string>,
  behind: (name: string) => Behind,
): Promise<void> {
  const answer = await ask('/_data_stream')
  const streams = isJsonObject(answer) && Array.isArray(answer.data_streams) ? answer.data_streams : []
  for (const stream of streams) {
    if (!isJsonObject(stream) || !Array.isArray(stream.indices)) continue
    const indexes = stream.indices.map((index) => (isJsonObject(index) ? String(index.index_name) : ''))
    const members = indexes.filter((name) => followers.has(name))
    if (members.length === 0) continue
    const entry = behind(String(stream.name))
    for (const member of members) entry.members.add(member)
    entry.writes = indexes.at(-1)
  }
}

type AliasFacts = Readonly<Record<string, { readonly is_write_index?: boolean }>>

async function aliasesAt(path: string, ask: LocalLookUp): Promise<[string, { readonly aliases: AliasFacts }][]> {
  const answer = await ask(path)
  if (answer === undefined) throw refused(path)
  return isJsonObject(answer) ? indexesIn(answer) : []
}

const indexesIn = (answer: JsonObject): [string, { readonly aliases: AliasFacts }][] =>
  Object.entries(answer).filter(([, value]) => isJsonObject(value) && isJsonObject(value.aliases)) as unknown as [
    string,
    { readonly aliases: AliasFacts },
  ][]

/** Comma lists that fit into the first line of a request. */
function inGroups(names: readonly string[]): string[] {
  const groups: string[] = []
  for (const name of names.map(encodeURIComponent)) {
    const last = groups.at(-1)
    if (last === undefined || last.length + name.length >= pathBytesMax) groups.push(name)
    else groups[groups.length - 1] = `${last},${name}`
  }
  return groups
}

const refused = (path: string): IndexferryError =>
  new IndexferryError('PRIVILEGE_MISSING', `the local cluster does not show ${path.split('?', 1)[0]}`, {
    side: 'target',
  })
