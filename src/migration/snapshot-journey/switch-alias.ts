// The switch: one alias on the target, and with it those that the indexes have on the source, in one atomic call; and back again.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import { aliasesOf, changeAliases } from '../index-aliases.ts'
import type { JourneyContext } from './journey-context.ts'
import type { AliasNote } from './journey-record.ts'

/** Twice is the same as once: where the alias was is noted by the first. */
export async function switchAlias({ plan, source, target, journal, note }: JourneyContext): Promise<void> {
  const { alias } = plan.cutOver
  if (alias === undefined) {
    note('the plan names no alias: traffic is switched by its hooks, or by you')
    return
  }
  const before = await holdersOf(target, alias)
  const { restored } = journal.record.cycle
  const wanted = restored.map(({ name }) => name)
  const removals = Object.keys(before)
    .filter((index) => !wanted.includes(index))
    .map((index) => ({ remove: { index, alias } }))
  const additions: JsonObject[] = []
  const added: AliasNote['added'][number][] = []
  for (const { from, name } of restored) {
    const there = await aliasesOf(target, name)
    const aliases: Record<string, JsonObject> = { [alias]: {}, ...(await aliasesOf(source, from)) }
    for (const [each, properties] of Object.entries(aliases)) {
      additions.push({ add: { index: name, alias: each, ...properties } })
      if (each !== alias && !(each in there)) added.push({ index: name, alias: each })
    }
  }
  // By the first only: a later one would note what that has made.
  if (journal.record.alias?.alias !== alias) journal.update({ alias: { alias, indexes: before, added } })
  await changeAliases(target, [...removals, ...additions])
  note(`alias ${alias} → ${wanted.join(', ')}`)
}

/** Null when the alias was never switched. */
export async function switchBack({
  target,
  journal,
}: Pick<JourneyContext, 'target' | 'journal'>): Promise<string | null> {
  const noted = journal.record.alias
  if (!noted) return null
  const holders = Object.keys(await holdersOf(target, noted.alias))
  const gone = holders.filter((index) => !(index in noted.indexes))
  await changeAliases(target, [
    ...gone.map((index) => ({ remove: { index, alias: noted.alias } })),
    ...Object.entries(noted.indexes).map(([index, properties]) => ({
      add: { index, alias: noted.alias, ...properties },
    })),
  ])
  for (const { index, alias } of noted.added) {
    const isThere = alias in (await aliasesOf(target, index))
    if (isThere) await changeAliases(target, [{ remove: { index, alias } }])
  }
  journal.update({ alias: null })
  return noted.alias
}

/** The indexes behind an alias, with its filter and routing. */
async function holdersOf(cluster: Cluster, alias: string): Promise<Record<string, JsonObject>> {
  const { status, body } = await cluster.json<JsonObject>({
    method: 'GET',
    path: `/_alias${indexPath(alias)}`,
    accept: [404],
  })
  const entries = status === 404 || !isJsonObject(body) ? [] : Object.entries(body)
  return Object.fromEntries(
    entries.map(([index, entry]) => {
      const aliases = isJsonObject(entry) && isJsonObject(entry.aliases) ? entry.aliases : {}
      const properties = aliases[alias]
      return [index, isJsonObject(properties) ? properties : {}]
    }),
  )
}
