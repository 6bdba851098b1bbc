// The switch: one alias on the target, in one atomic call; and back again.
import type { Cluster } from '../../cluster/cluster.ts'
import { indexPath } from '../../cluster/paths.ts'
import { isJsonObject, type JsonObject } from '../../model/json.ts'
import type { JourneyContext } from './journey-context.ts'

/** Twice is the same as once: where the alias was is noted by the first. */
export async function switchAlias({ plan, target, journal, note }: JourneyContext): Promise<void> {
  const { alias } = plan.cutOver
  if (alias === undefined) {
    note('the plan names no alias: traffic is switched by its hooks, or by you')
    return
  }
  const before = await holdersOf(target, alias)
  if (journal.record.alias?.alias !== alias) journal.update({ alias: { alias, indexes: before } })
  const wanted = journal.record.cycle.restored.map(({ name }) => name)
  await pointAlias(target, alias, before, wanted)
  note(`alias ${alias} → ${wanted.join(', ')}`)
}

/** Null when the alias was never switched. */
export async function switchBack({
  target,
  journal,
}: Pick<JourneyContext, 'target' | 'journal'>): Promise<string | null> {
  const noted = journal.record.alias
  if (!noted) return null
  await pointAlias(target, noted.alias, await holdersOf(target, noted.alias), noted.indexes)
  journal.update({ alias: null })
  return noted.alias
}

async function pointAlias(
  cluster: Cluster,
  alias: string,
  before: readonly string[],
  wanted: readonly string[],
): Promise<void> {
  const actions = [
    ...before.filter((index) => !wanted.includes(index)).map((index) => ({ remove: { index, alias } })),
    ...wanted.filter((index) => !before.includes(index)).map((index) => ({ add: { index, alias } })),
  ]
  if (actions.length === 0) return
  await cluster.json({ method: 'POST', path: '/_aliases', body: { actions }, retry: 'safe' })
}

async function holdersOf(cluster: Cluster, alias: string): Promise<string[]> {
  const { status, body } = await cluster.json<JsonObject>({
    method: 'GET',
    path: `/_alias${indexPath(alias)}`,
    accept: [404],
  })
  return status === 404 || !isJsonObject(body) ? [] : Object.keys(body).sort()
}
